import type { LookedUpFacts } from '../../decide/facts.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Writes } from '../plan/chat-row.ts';
import {
  type Candidate,
  type ClaimableChat,
  type ClaimRead,
  type ClaimRows,
  planClaims,
  planManualClaim,
} from '../plan/claim.ts';
import { isOurs, planLookedUp, planRecovery, planSettlement, settledBefore } from '../plan/settle.ts';
import type { Store } from '../store.ts';
import type { Claim, ClaimRequest, Settled, Settlement, TurnResult } from '../turn.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { ChatRow, ChatTable, SqliteChat } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { LineIds } from './line-table.ts';

/** The parts that claiming and settling use. */
export interface ClaimParts {
  readonly chats: ChatTable;
  readonly attempts: AttemptTable;
  readonly lineIds: LineIds;
}

/** Claims chats and settles their attempts; each in the current transaction. */
export interface Claims {
  due(request: ClaimRequest, now: EpochMs): Pick<TurnResult, 'claims' | 'lacksLookUps'>;
  manual(chatId: string, leaseUntil: EpochMs, now: EpochMs): Awaited<ReturnType<Store['claimManually']>>;
  settle(settlement: Settlement, now: EpochMs): Settled;
  addLookedUp(claim: Claim, facts: LookedUpFacts, now: EpochMs): Awaited<ReturnType<Store['addLookedUp']>>;
  recoverInterrupted(now: EpochMs): Awaited<ReturnType<Store['recoverInterrupted']>>;
}

type Claimable = SqliteChat & ClaimableChat;

const NO_ROWS: ClaimRows<Claimable> = { chats: [], candidates: [] };

export function createClaims({ sql, policy, newId }: StoreContext, parts: ClaimParts): Claims {
  const { chats, attempts, lineIds } = parts;
  const front = chats.select<[number | null, EpochMs, number]>(
    `WHERE line_id IS ? AND next_attempt_at <= ? ORDER BY next_attempt_at, id ${BOUND_LIMIT}`,
  );
  const end = (order: 'ASC' | 'DESC') =>
    `SELECT * FROM (SELECT id, failures, next_attempt_at AS dueAt FROM chats
      WHERE line_id IS @lineId AND next_attempt_at <= @now
      ORDER BY next_attempt_at ${order}, id ${order} LIMIT @limit + 0)`;
  const ends = sql.prepare<[{ lineId: number | null; now: EpochMs; limit: number }], Candidate>(
    `${end('ASC')} UNION ${end('DESC')}`,
  );
  const byId = chats.select<[number]>('WHERE id = ?');
  const firstOfLine = sql
    .prepare<[number | null], EpochMs | null>(
      'SELECT min(next_attempt_at) FROM chats WHERE line_id IS ? AND next_attempt_at IS NOT NULL',
    )
    .pluck();

  function claimable(stored: SqliteChat): Claimable {
    const isLeased = stored.id !== null && stored.chat.leaseId !== null;
    return { ...stored, open: isLeased ? attempts.openOf(stored.id) : null };
  }

  function byIds(ids: readonly number[]): readonly Claimable[] {
    return ids.flatMap((id) => {
      const row = byId.get(id);
      return row === undefined ? [] : [claimable(chats.ofRow(row))];
    });
  }

  function read(wanted: ClaimRead, now: EpochMs): ClaimRows<Claimable> {
    if (wanted.kind === 'chats') return { chats: [byIds(wanted.ids)], candidates: [] };
    const { kind, queues } = wanted;
    const known = queues.map(({ line, limit }) => ({ lineId: lineIds.find(line), limit }));
    const each = <T>(of: (lineId: number | null, limit: number) => readonly T[]) =>
      known.map(({ lineId, limit }) => (lineId === undefined ? [] : of(lineId, limit)));
    if (kind === 'ends')
      return { chats: [], candidates: each((lineId, limit) => ends.all({ lineId, now, limit })) };
    const frontOf = (lineId: number | null, limit: number): readonly ChatRow[] =>
      front.all(lineId, now, limit);
    const found = each((lineId, limit) => frontOf(lineId, limit).map((row) => claimable(chats.ofRow(row))));
    return { chats: found, candidates: [] };
  }

  function write(writes: Writes<SqliteChat>): void {
    for (const each of writes.chats) chats.write(each);
    for (const each of writes.attempts) attempts.write(each);
  }

  return {
    due(request, now) {
      const plan = planClaims<Claimable>(request, { policy, newId, now });
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
      const { result, ...writes } = planManualClaim(claimable(stored), leaseUntil, { policy, newId, now });
      write(writes);
      return result;
    },
    settle(settlement, now) {
      const { claim } = settlement;
      const stored = chats.find(claim.chat.chatId);
      if (!isOurs(stored, claim)) {
        const recorded = stored.id === null ? null : attempts.find(stored.id, claim.attemptId);
        return settledBefore(stored, recorded, settlement);
      }
      const { settled, ...writes } = planSettlement(stored, settlement, policy, now);
      write(writes);
      return settled;
    },
    addLookedUp(claim, facts, now) {
      const stored = chats.find(claim.chat.chatId);
      if (!isOurs(stored, claim)) return null;
      const { chat, isDue, ...writes } = planLookedUp(stored, claim, facts, policy, now);
      write(writes);
      return { chat, isDue };
    },
    recoverInterrupted(now) {
      let parked = 0;
      const open = attempts.open();
      for (const { chatRow, ...attempt } of open) {
        const row = byId.get(chatRow);
        if (row === undefined) continue;
        const first = firstOfLine.get(row[2]) ?? null;
        const { isParked, ...writes } = planRecovery(chats.ofRow(row), attempt, first, policy, now);
        write(writes);
        if (isParked) parked++;
      }
      return { interrupted: open.length, parked };
    },
  };
}
