import type { EpochMs } from '../../decide/time.ts';
import { decidedAnew } from '../plan/chat-row.ts';
import { nextBatchAfter, planRedecide, type Redeciding } from '../plan/redecide.ts';
import type { ChatTable } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { Meta } from './meta.ts';
import type { ShiftPass } from './shift-pass.ts';

/** The effects of time and settings on chats; each in the current transaction. */
export interface Upkeep {
  isWakeDue(now: EpochMs): boolean;
  wake(now: EpochMs, limit: number): number;
  nextWakeAt(): EpochMs | null;
  nextAttempts(): readonly { readonly line: string | null; readonly nextAttemptAt: EpochMs }[];
  nextDueAfter(now: EpochMs): EpochMs | null;
  redecide(fingerprint: string, limit: number, now: EpochMs): boolean;
}

export function createUpkeep(
  { sql, policy }: StoreContext,
  chats: ChatTable,
  meta: Meta,
  shiftPass: ShiftPass,
): Upkeep {
  const toWake = chats.select<[EpochMs, number]>(`WHERE wake_at <= ? ORDER BY wake_at ${BOUND_LIMIT}`);
  const after = chats.select<[number, number]>(`WHERE id > ? ORDER BY id ${BOUND_LIMIT}`);
  const nextWake = sql
    .prepare<[], EpochMs | null>('SELECT min(wake_at) FROM chats WHERE wake_at IS NOT NULL')
    .pluck();
  // reads only the front of a line's queue: it may be a million chats long
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

  function progressNow(): Redeciding {
    const fingerprint = meta.text('redecide_fingerprint');
    const afterId = meta.number('redecide_after_id') ?? 0;
    return {
      done: meta.text('decided_fingerprint'),
      underWay: fingerprint === null ? null : { fingerprint, afterId },
    };
  }

  return {
    isWakeDue: (now) => (nextWake.get() ?? Number.POSITIVE_INFINITY) <= now,
    wake(now, limit) {
      const batch = toWake.all(now, limit).map(chats.ofRow);
      for (const write of decidedAnew(batch, policy, now)) chats.write(write);
      return batch.length;
    },
    nextWakeAt: () => nextWake.get() ?? null,
    nextAttempts: () =>
      fronts
        .all()
        .flatMap(({ line, nextAttemptAt }) => (nextAttemptAt === null ? [] : [{ line, nextAttemptAt }])),
    nextDueAfter: (now) => nextDue.get({ now }) ?? null,
    redecide(fingerprint, limit, now) {
      const afterId = nextBatchAfter(progressNow(), fingerprint);
      if (afterId === null) return true;
      const batch = after.all(afterId, limit).map(chats.ofRow);
      const {
        chats: writes,
        reached,
        progress,
      } = planRedecide(batch, { fingerprint, afterId, limit }, policy, now);
      shiftPass.reached(reached);
      for (const write of writes) chats.write(write);
      meta.set('decided_fingerprint', progress.done);
      meta.set('redecide_fingerprint', progress.underWay?.fingerprint ?? null);
      meta.set('redecide_after_id', progress.underWay?.afterId ?? null);
      if (progress.underWay !== null) return false;
      shiftPass.end();
      return true;
    },
  };
}
