import type { LookedUpFacts } from '../../decide/facts.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Writes } from '../plan/chat-row.ts';
import {
  type Candidate,
  type ClaimRead,
  type ClaimRows,
  planClaims,
  planManualClaim,
} from '../plan/claim.ts';
import { isSharedAgain, planSharedAgain } from '../plan/housekeeping.ts';
import { redecidingIn } from '../plan/meta.ts';
import {
  byRecovery,
  isOurs,
  planLookedUp,
  planRecovery,
  planSettlement,
  settledBefore,
} from '../plan/settle.ts';
import type { Store } from '../store.ts';
import type { Claim, ClaimRequest, Settled, Settlement, TurnResult } from '../turn.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { ChatTable, SqliteChat } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import { isLeased, type LeaseTable } from './lease-table.ts';
import type { CardSharesTable, LineIds } from './line-table.ts';
import type { Meta } from './meta.ts';

/** The parts that claiming and settling use. */
export interface ClaimParts {
  readonly chats: ChatTable;
  readonly attempts: AttemptTable;
  readonly leases: Pick<LeaseTable, 'all'>;
  readonly lineIds: LineIds;
  readonly cardShares: CardSharesTable;
}

/** Claims chats and settles their attempts; each in the current transaction. */
export interface Claims {
  due(request: ClaimRequest, now: EpochMs): Pick<TurnResult, 'claims' | 'lacksLookUps'>;
  manual(chatId: string, leaseUntil: EpochMs, now: EpochMs): Awaited<ReturnType<Store['claimManually']>>;
  settle(settlement: Settlement, now: EpochMs): Settled;
  addLookedUp(claim: Claim, facts: LookedUpFacts, now: EpochMs): Awaited<ReturnType<Store['addLookedUp']>>;
  recoverInterrupted(now: EpochMs): Awaited<ReturnType<Store['recoverInterrupted']>>;
}

const NO_ROWS: ClaimRows<SqliteChat> = { chats: [], candidates: [] };

export function createClaims(
  { sql, policy, newId }: StoreContext,
  parts: ClaimParts,
  meta: Pick<Meta, 'text' | 'number'>,
): Claims {
  const { chats, attempts, leases, lineIds, cardShares } = parts;
  const free = `next_attempt_at <= @now AND NOT ${isLeased('@now')}`;
  const front = chats.select<[QueueRead]>(
    `WHERE line_id IS @lineId AND ${free} ORDER BY next_attempt_at, id LIMIT @limit + 0`,
  );
  const end = (order: 'ASC' | 'DESC') =>
    `SELECT * FROM (SELECT id, failures, next_attempt_at AS dueAt FROM chats
      WHERE line_id IS @lineId AND ${free} ORDER BY next_attempt_at ${order}, id ${order} LIMIT @limit + 0)`;
  const ends = sql.prepare<[QueueRead], Candidate>(`${end('ASC')} UNION ${end('DESC')}`);

  const firstOfLine = sql
    .prepare<[number | null], EpochMs | null>(
      'SELECT min(next_attempt_at) FROM chats WHERE line_id IS ? AND next_attempt_at IS NOT NULL',
    )
    .pluck();

  const byIds = (ids: readonly number[]): SqliteChat[] =>
    ids.map((id) => chats.get(id)).filter((stored) => stored !== null);

  function read(wanted: ClaimRead, now: EpochMs): ClaimRows<SqliteChat> {
    if (wanted.kind === 'chats') return { chats: [byIds(wanted.ids)], candidates: [] };
    const { kind, queues } = wanted;
    const known = queues.map(({ line, limit }) => ({ lineId: lineIds.find(line), limit }));
    const each = <T>(of: (queue: QueueRead) => readonly T[]) =>
      known.map(({ lineId, limit }) => (lineId === undefined ? [] : of({ lineId, limit, now })));
    if (kind === 'ends') return { chats: [], candidates: each((queue) => ends.all(queue)) };
    return { chats: each((queue) => front.all(queue).map(chats.ofRow)), candidates: [] };
  }

  function write(writes: Writes<SqliteChat>): void {
    for (const each of writes.attempts) attempts.add(each);
    for (const each of writes.chats) chats.write(each);
  }

  return {
    due(request, now) {
      const plan = planClaims<SqliteChat>(request, { policy, newId, now });
      let step = plan.next(NO_ROWS);
      while (step.done !== true) {
        write(step.value.writes);
        step = plan.next(read(step.value.read, now));
      }
      const { writes, claims, lacksLookUps } = step.value;
      write(writes);
      return { claims, lacksLookUps };
    },
    manual(chatId, leaseUntil, now) {
      const stored = chats.find(chatId);
      if (stored.id === null) return null;
      const { result, ...writes } = planManualClaim(stored, leaseUntil, { policy, newId, now });
      write(writes);
      return result;
    },
    settle(settlement, now) {
      const { claim } = settlement;
      const stored = chats.get(claim.chatRow);
      if (stored === null) return { isOurs: false, chat: claim.chat, attempt: null };
      if (!isOurs(stored, claim))
        return settledBefore(stored, attempts.find(claim.chatRow, claim.attemptId), settlement);
      const { settled, ...writes } = planSettlement(stored, settlement, policy, now);
      write(writes);
      if (isSharedAgain(stored.chat, settled.chat))
        cardShares.add(planSharedAgain(stored, settled.chat, redecidingIn(meta)));
      return settled;
    },
    addLookedUp(claim, facts, now) {
      const stored = chats.get(claim.chatRow);
      if (stored === null || !isOurs(stored, claim)) return null;
      const { chat, isDue, ...writes } = planLookedUp(stored, claim, facts, policy, now);
      write(writes);
      return { chat, isDue };
    },
    recoverInterrupted(now) {
      const interrupted = byIds([...leases.all().keys()]).sort(byRecovery);
      let parked = 0;
      for (const stored of interrupted) {
        const first = firstOfLine.get(lineIds.idOf(stored.chat.line)) ?? null;
        const { isParked, ...writes } = planRecovery(stored, first, policy, now);
        write(writes);
        if (isParked) parked++;
      }
      return { interrupted: interrupted.length, parked };
    },
  };
}

interface QueueRead {
  readonly lineId: number | null;
  readonly now: EpochMs;
  readonly limit: number;
}
