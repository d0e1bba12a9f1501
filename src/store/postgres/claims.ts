import { liveLease } from '../../decide/chat.ts';
import type { LookedUpFacts } from '../../decide/facts.ts';
import type { EpochMs } from '../../decide/time.ts';
import {
  type Candidate,
  type ClaimRead,
  type ClaimRows,
  planClaims,
  planManualClaim,
} from '../plan/claim.ts';
import { isOurs, planLookedUp, planSettlement, settledBefore } from '../plan/settle.ts';
import type { Store } from '../store.ts';
import type { Claim, ClaimRequest, Settled, Settlement, TurnResult } from '../turn.ts';
import type { PgChat } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';
import type { Dictionary } from './dictionary.ts';
import { isLeased } from './lease-table.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Claims chats and settles their attempts; each in the transaction of a unit of work. */
export interface Claims {
  due(
    session: Session,
    unit: UnitOfWork,
    request: ClaimRequest,
    now: EpochMs,
  ): Promise<Pick<TurnResult, 'claims' | 'lacksLookUps'>>;
  manual(
    unit: UnitOfWork,
    chatId: string,
    leaseUntil: EpochMs,
    now: EpochMs,
  ): ReturnType<Store['claimManually']>;
  /** The chat must be locked. */
  settle(unit: UnitOfWork, settlement: Settlement, now: EpochMs): Promise<Settled>;
  addLookedUp(
    unit: UnitOfWork,
    claim: Claim,
    facts: LookedUpFacts,
    now: EpochMs,
  ): ReturnType<Store['addLookedUp']>;
}

const NO_ROWS: ClaimRows<PgChat> = { chats: [], candidates: [] };

export function createClaims({ schema, policy, newId }: StoreContext, dictionary: Dictionary): Claims {
  const chats = `${schema}.chats`;
  const isFree = (now: string) => `x.next_attempt_at <= ${now} AND NOT ${isLeased(schema, 'x', now)}`;
  const queues = 'unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS q (line_id, lim, o)';
  // a chat that another replica is just taking is skipped, and one that it has just taken is told by its lease later
  const fronts = `SELECT f.id, (q.o - 1)::int AS queue FROM ${queues} CROSS JOIN LATERAL (
      SELECT x.id, x.next_attempt_at FROM ${chats} x WHERE x.line_id = q.line_id AND ${isFree('$3')}
      ORDER BY x.next_attempt_at, x.id LIMIT q.lim FOR NO KEY UPDATE OF x SKIP LOCKED
    ) AS f ORDER BY q.o, f.next_attempt_at, f.id`;
  const end = (order: 'ASC' | 'DESC') =>
    `(SELECT x.id, x.failures, x.next_attempt_at FROM ${chats} x WHERE x.line_id = q.line_id AND ${isFree('$3')}
      ORDER BY x.next_attempt_at ${order}, x.id ${order} LIMIT q.lim)`;
  const ends = `SELECT (q.o - 1)::int AS queue, e.id, e.failures, e.next_attempt_at AS "dueAt"
    FROM ${queues} CROSS JOIN LATERAL (${end('ASC')} UNION ${end('DESC')}) AS e`;
  const someById = `SELECT id FROM ${chats} x WHERE id = ANY($1) FOR NO KEY UPDATE SKIP LOCKED`;

  async function read(
    session: Session,
    unit: UnitOfWork,
    wanted: ClaimRead,
    now: EpochMs,
  ): Promise<ClaimRows<PgChat>> {
    const isFreeNow = ({ chat }: PgChat) => liveLease(chat, now) === null;
    if (wanted.kind === 'chats') {
      if (wanted.ids.length === 0) return { chats: [[]], candidates: [] };
      const locked = (await unit.lock(someById, [wanted.ids])).filter(isFreeNow);
      const inOrder = wanted.ids.map((id) => locked.find((stored) => stored.id === id));
      return { chats: [inOrder.filter((stored) => stored !== undefined)], candidates: [] };
    }
    const ids = await dictionary.findLines(
      session,
      wanted.queues.map(({ line }) => line),
    );
    // no line has a negative number, so that the queue of an unknown one is empty
    const values = [ids.map((id) => id ?? -1), wanted.queues.map(({ limit }) => limit), now];
    if (wanted.kind === 'ends') {
      await unit.flush();
      const found = await session.rows<Candidate & { queue: number }>(ends, values);
      const candidates = wanted.queues.map((_, index) => found.filter(({ queue }) => queue === index));
      return { chats: [], candidates };
    }
    const locked = (await unit.lock(fronts, values)).filter(isFreeNow);
    const byLine = wanted.queues.map(({ line }) => locked.filter(({ chat }) => chat.line === line));
    return { chats: byLine, candidates: [] };
  }

  return {
    async due(session, unit, request, now) {
      const plan = planClaims<PgChat>(request, { policy, newId, now });
      let step = plan.next(NO_ROWS);
      while (step.done !== true) {
        unit.write(step.value.writes);
        step = plan.next(await read(session, unit, step.value.read, now));
      }
      const { writes, claims, lacksLookUps } = step.value;
      unit.write(writes);
      return { claims, lacksLookUps };
    },
    async manual(unit, chatId, leaseUntil, now) {
      await unit.lockAll([], [chatId]);
      const stored = unit.find(chatId);
      if (stored === null) return null;
      const { result, ...writes } = planManualClaim(stored, leaseUntil, { policy, newId, now });
      unit.write(writes);
      return result;
    },
    async settle(unit, settlement, now) {
      const { claim } = settlement;
      const stored = unit.get(claim.chatRow);
      if (stored === null) return { isOurs: false, chat: claim.chat, attempt: null };
      if (!isOurs(stored, claim))
        return settledBefore(stored, await unit.ended(claim.chatRow, claim.attemptId), settlement);
      const { settled, ...writes } = planSettlement(stored, settlement, policy, now);
      unit.write(writes);
      return settled;
    },
    async addLookedUp(unit, claim, facts, now) {
      await unit.lockAll([claim.chatRow]);
      const stored = unit.get(claim.chatRow);
      if (stored === null || !isOurs(stored, claim)) return null;
      const { chat, isDue, ...writes } = planLookedUp(stored, claim, facts, policy, now);
      unit.write(writes);
      return { chat, isDue };
    },
  };
}
