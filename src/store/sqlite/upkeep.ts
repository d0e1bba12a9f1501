import type { EpochMs } from '../../decide/time.ts';
import type { ChatTable } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { Meta } from './meta.ts';
import type { ShiftPass } from './shift-clock.ts';

/** What time and settings do to chats; each in the transaction under way. */
export interface Upkeep {
  isWakeDue(now: EpochMs): boolean;
  wake(now: EpochMs, limit: number): number;
  nextWakeAt(): EpochMs | null;
  nextAttempts(): readonly { readonly line: string | null; readonly nextAttemptAt: EpochMs }[];
  nextDueAfter(now: EpochMs): EpochMs | null;
  redecide(fingerprint: string, limit: number, now: EpochMs): boolean;
}

export function createUpkeep(
  { sql }: StoreContext,
  chats: ChatTable,
  meta: Meta,
  shiftPass: ShiftPass,
): Upkeep {
  const toWake = chats.select<[EpochMs, number]>(`WHERE wake_at <= ? ORDER BY wake_at ${BOUND_LIMIT}`);
  const after = chats.select<[number, number]>(`WHERE id > ? ORDER BY id ${BOUND_LIMIT}`);
  const nextWake = sql
    .prepare<[], EpochMs | null>('SELECT min(wake_at) FROM chats WHERE wake_at IS NOT NULL')
    .pluck();
  // a line's queue is read from its front only: it may be a million chats long
  const front = (line: string) =>
    `(SELECT next_attempt_at FROM chats JOIN chat_counts ON chat_counts.id = chats.count_id
       WHERE chats.line_id IS ${line} AND next_attempt_at IS NOT NULL AND state <> 'sharing'
       ORDER BY next_attempt_at LIMIT 1)`;
  const fronts = sql.prepare<[], { line: string | null; nextAttemptAt: EpochMs | null }>(
    `SELECT line, ${front('lines.id')} AS nextAttemptAt FROM lines UNION ALL SELECT NULL, ${front('NULL')}`,
  );
  const frontAfter = (line: string) =>
    `(SELECT min(next_attempt_at) FROM chats WHERE line_id IS ${line} AND next_attempt_at > @now)`;
  const nextDue = sql
    .prepare<[{ now: EpochMs }], EpochMs | null>(
      `SELECT min(dueAt) FROM (SELECT ${frontAfter('lines.id')} AS dueAt FROM lines UNION ALL SELECT ${frontAfter('NULL')})`,
    )
    .pluck();
  return {
    isWakeDue: (now) => (nextWake.get() ?? Number.POSITIVE_INFINITY) <= now,
    wake(now, limit) {
      const rows = toWake.all(now, limit);
      for (const row of rows) {
        const stored = chats.ofRow(row);
        chats.save(stored, stored.chat, now);
      }
      return rows.length;
    },
    nextWakeAt: () => nextWake.get() ?? null,
    nextAttempts: () =>
      fronts
        .all()
        .flatMap(({ line, nextAttemptAt }) => (nextAttemptAt === null ? [] : [{ line, nextAttemptAt }])),
    nextDueAfter: (now) => nextDue.get({ now }) ?? null,
    redecide(fingerprint, limit, now) {
      if (meta.text('decided_fingerprint') === fingerprint) return true;
      const isResumed = meta.text('redecide_fingerprint') === fingerprint;
      const from = isResumed ? (meta.number('redecide_after_id') ?? 0) : 0;
      const batch = after.all(from, limit).map(chats.ofRow);
      const last = batch.at(-1)?.row?.[0] ?? from;
      shiftPass.reached(last);
      for (const stored of batch) chats.save(stored, stored.chat, now);
      if (batch.length < limit) {
        shiftPass.end();
        meta.put('decided_fingerprint', fingerprint);
        meta.remove('redecide_fingerprint', 'redecide_after_id');
        return true;
      }
      meta.remove('decided_fingerprint'); // of no settings it is true now that every chat was decided by them
      meta.put('redecide_fingerprint', fingerprint);
      meta.put('redecide_after_id', last);
      return false;
    },
  };
}
