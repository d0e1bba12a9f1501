import { beginAttempt, settleInterrupted, withdrawAttempt } from '../decide/attempt.ts';
import type { ChatRecord, Trigger } from '../decide/chat.ts';
import type { EpochMs } from '../decide/duration.ts';
import { decideManualShare, decideShare, needsLookup } from '../decide/share.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { ChatRow } from './chat-rows.ts';
import type { ChatTable, StoredChat } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { LineIds } from './line-ids.ts';
import type { Totals } from './share-totals.ts';
import type { Store } from './store.ts';
import type { Claim, ClaimRequest } from './turn.ts';

/** The parts that claiming and settling work on. */
export interface AttemptParts {
  readonly chats: ChatTable;
  readonly attempts: AttemptTable;
  readonly totals: Totals;
  readonly lineIds: LineIds;
}

export interface Claims {
  /** Takes due chats under a lease, in the transaction under way. */
  due(request: ClaimRequest, now: EpochMs): readonly Claim[];
  manual(chatId: string, leaseUntil: EpochMs, now: EpochMs): Awaited<ReturnType<Store['claimManually']>>;
  interruptAll(now: EpochMs): Awaited<ReturnType<Store['recoverInterrupted']>>;
}

type Leased = StoredChat & { readonly row: ChatRow };

export function createClaims({ sql, policy, randomId }: StoreContext, parts: AttemptParts): Claims {
  const { chats, attempts, totals, lineIds } = parts;
  // only the ids: that many columns cost ten times as much through RETURNING as when they are read afterwards
  const take = sql
    .prepare<[EpochMs, number | null, EpochMs, number], number>(
      `UPDATE chats SET lease_until = ? WHERE id IN (
          SELECT id FROM chats WHERE line_id IS ? AND next_attempt_at <= ? ORDER BY next_attempt_at, id ${BOUND_LIMIT}
        ) RETURNING id`,
    )
    .pluck();
  const byId = chats.select<[number]>('WHERE id = ?');
  const oldest = sql
    .prepare<[number | null], EpochMs | null>(
      'SELECT min(next_attempt_at) FROM chats WHERE line_id IS ? AND next_attempt_at IS NOT NULL',
    )
    .pluck();
  const rowsOf = (ids: readonly number[]) => ids.map((id) => byId.get(id)).filter((row) => row !== undefined);

  /** The chat without its lease; the attempt of a lease that ran out is recorded as interrupted. */
  function freed(stored: Leased, now: EpochMs): ChatRecord {
    const chatRow = stored.row[0];
    const open = stored.chat.leaseId === null ? null : attempts.openOf(chatRow);
    if (open === null) return withdrawAttempt(stored.chat);
    attempts.end(chatRow, { ...NO_ANSWER, endedAt: now, outcome: 'interrupted' });
    totals.add('interrupted', now);
    return settleInterrupted(stored.chat, open, now);
  }

  function begin(
    stored: Leased,
    chat: ChatRecord,
    trigger: Trigger,
    leaseUntil: EpochMs,
    now: EpochMs,
  ): Claim {
    const leaseId = randomId();
    const attempt = { attemptId: randomId(), trigger, startedAt: now };
    const dueAt = stored.chat.nextAttemptAt ?? now;
    const begun = beginAttempt(chat, { leaseId, leaseUntil, trigger }, policy, now);
    chats.write(stored, begun);
    // a dry run calls nobody; who asks for facts first calls when they are on record, see `addLookedUp`
    const mayHaveCalled = !policy.dryRun && !needsLookup(begun, policy);
    attempts.begin(stored.row[0], { ...attempt, mayHaveCalled });
    return { ...attempt, leaseId, dueAt: Math.min(dueAt, now), chat: begun };
  }

  /** Takes the oldest chats of one queue; those that aren't due after all are only decided anew. */
  function takeFrom(lineId: number | null, limit: number, leaseUntil: EpochMs, now: EpochMs) {
    const rows = rowsOf(take.all(leaseUntil, lineId, now, limit)).sort(byQueue);
    const claims = rows.flatMap((row) => {
      const stored = { row, chat: chats.ofRow(row).chat };
      const chat = freed(stored, now);
      const { state, reason } = decideShare(chat, policy, now);
      if (state === 'due') {
        const trigger = reason === 'window_lapsed' ? reason : 'became_eligible';
        return [begin(stored, chat, trigger, leaseUntil, now)];
      }
      chats.save(stored, chat, now);
      return [];
    });
    return { claims, isDrained: rows.length < limit };
  }

  function due({ lines, total, leaseUntil }: ClaimRequest, now: EpochMs): readonly Claim[] {
    const claims: Claim[] = [];
    const queues = lines.map(({ line, limit }) => ({ lineId: lineIds.find(line), left: limit }));
    const takeAtMost = (queue: (typeof queues)[number], most: number) => {
      const count = Math.min(most, queue.left, total - claims.length);
      if (count <= 0 || queue.lineId === undefined) return;
      const taken = takeFrom(queue.lineId, count, leaseUntil, now);
      claims.push(...taken.claims);
      queue.left = taken.isDrained ? 0 : queue.left - taken.claims.length;
    };
    const fair = Math.max(1, Math.floor(total / queues.length));
    for (const queue of queues) takeAtMost(queue, fair);
    for (const queue of queues) takeAtMost(queue, total);
    return claims;
  }

  return {
    due,
    manual(chatId, leaseUntil, now) {
      const { row, chat: leased } = chats.find(chatId);
      if (row === null) return null;
      const stored = { row, chat: leased };
      if (leased.leaseUntil !== null && leased.leaseUntil > now) {
        return { refused: { state: 'sharing', reason: leased.reason } };
      }
      const chat = freed(stored, now);
      const refused = decideManualShare(chat, policy, now);
      if (refused === null) return { claim: begin(stored, chat, 'manual', leaseUntil, now) };
      if (leased.leaseId !== null) chats.save(stored, chat, now);
      return { refused };
    },
    interruptAll(now) {
      let parked = 0;
      const open = attempts.open();
      for (const { chatRow, startedAt } of open) {
        const row = byId.get(chatRow);
        if (row === undefined) continue;
        const stored = { row, chat: chats.ofRow(row).chat };
        // its turn had come: nothing that still waits goes before it
        const nextAttemptAt = Math.min(startedAt, (oldest.get(row[2]) ?? startedAt) - 1);
        const chat = chats.save(stored, { ...freed(stored, now), nextAttemptAt }, now);
        if (chat.parkedAt !== null && stored.chat.parkedAt === null) parked++;
      }
      return { interrupted: open.length, parked };
    },
  };
}

/** By when they are to be attempted, then by age: RETURNING keeps no order. */
function byQueue(a: ChatRow, b: ChatRow): number {
  return (a[4] ?? 0) - (b[4] ?? 0) || a[0] - b[0];
}

const NO_ANSWER = { httpStatus: null, linqCode: null, traceId: null };
