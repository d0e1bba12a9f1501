import { liveLease } from '../../decide/chat.ts';
import type { LookedUpFacts } from '../../decide/facts.ts';
import type { Starts } from '../../decide/pacing.ts';
import type { EpochMs } from '../../decide/time.ts';
import {
  type Candidate,
  type ClaimRows,
  type ClaimStep,
  planClaims,
  planManualClaim,
} from '../plan/claim.ts';
import { afterManualStart, createGates, type Gates } from '../plan/gates.ts';
import { isSharedAgain, planSharedAgain } from '../plan/housekeeping.ts';
import { redecidingIn } from '../plan/meta.ts';
import { isOurs, planLookedUp, planSettlement, settledBefore } from '../plan/settle.ts';
import type { Store } from '../store.ts';
import type { Claim, ClaimRequest, Settled, Settlement, TurnResult } from '../turn.ts';
import type { PgChat } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';
import type { Dictionary } from './dictionary.ts';
import type { GateTable } from './gate-table.ts';
import { isLeased } from './lease-table.ts';
import type { MetaTable } from './meta.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Claims chats and settles their attempts; each in the transaction of a unit of work. */
export interface Claims {
  due(session: Session, unit: UnitOfWork, request: ClaimRequest, now: EpochMs): Promise<Claimed>;
  manual(
    session: Session,
    unit: UnitOfWork,
    chatId: string,
    leaseUntil: EpochMs,
    now: EpochMs,
  ): ReturnType<Store['claimManually']>;
  /** The chat must be locked. */
  settle(session: Session, unit: UnitOfWork, settlement: Settlement, now: EpochMs): Promise<Settled>;
  addLookedUp(
    unit: UnitOfWork,
    claim: Claim,
    facts: LookedUpFacts,
    now: EpochMs,
  ): ReturnType<Store['addLookedUp']>;
}

export type Claimed = Pick<TurnResult, 'claims' | 'lacksLookUps' | 'starts' | 'isContended'>;

const NO_ROWS: ClaimRows<PgChat> = { chats: [], candidates: [] };

/** What one claim has asked for so far. */
interface Asked {
  readonly gates: Gates;
  /** Some due chats are locked by others. */
  isContended: boolean;
}

interface Front {
  readonly queue: number;
  /** Null: the queue has more due chats, which others have locked. */
  readonly id: number | null;
}

export function createClaims(
  { schema, policy, newId }: StoreContext,
  dictionary: Dictionary,
  gateTable: GateTable,
  meta: Pick<MetaTable, 'read'>,
): Claims {
  const chats = `${schema}.chats`;
  const isFree = (now: string) => `x.next_attempt_at <= ${now} AND NOT ${isLeased(schema, 'x', now)}`;
  const queues = 'unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS q (line_id, lim, o)';
  const ofQueue = `FROM ${chats} x WHERE x.line_id = q.line_id AND ${isFree('$3')}`;
  // a chat that another replica is just taking is skipped, and one that it has just taken is told by its lease later
  const fronts = `WITH f AS MATERIALIZED (SELECT q.o, f.* FROM ${queues} CROSS JOIN LATERAL (
      SELECT x.id, x.next_attempt_at ${ofQueue}
      ORDER BY x.next_attempt_at, x.id LIMIT q.lim FOR NO KEY UPDATE OF x SKIP LOCKED) AS f)
    SELECT (o - 1)::int AS queue, id FROM (SELECT * FROM f UNION ALL SELECT q.o, NULL, NULL FROM ${queues}
      CROSS JOIN LATERAL (SELECT count(*) AS n FROM f WHERE f.o = q.o) AS t
      WHERE CASE WHEN t.n < q.lim THEN t.n < (SELECT count(*) FROM (SELECT 1 ${ofQueue} LIMIT q.lim) AS d) END
    ) AS a ORDER BY o, next_attempt_at, id`;
  const end = (order: 'ASC' | 'DESC') =>
    `(SELECT x.id, x.failures, x.next_attempt_at FROM ${chats} x WHERE x.line_id = q.line_id AND ${isFree('$3')}
      ORDER BY x.next_attempt_at ${order}, x.id ${order} LIMIT q.lim)`;
  const ends = `SELECT (q.o - 1)::int AS queue, e.id, e.failures, e.next_attempt_at AS "dueAt"
    FROM ${queues} CROSS JOIN LATERAL (${end('ASC')} UNION ${end('DESC')}) AS e`;
  const someById = `SELECT id FROM ${chats} x WHERE id = ANY($1) FOR NO KEY UPDATE SKIP LOCKED`;

  async function read(
    session: Session,
    unit: UnitOfWork,
    { read: wanted, claims }: ClaimStep<PgChat>,
    asked: Asked,
    now: EpochMs,
  ): Promise<ClaimRows<PgChat>> {
    const { gates } = asked;
    const isFreeNow = ({ chat }: PgChat) => liveLease(chat, now) === null;
    if (wanted.kind === 'chats') {
      if (wanted.ids.length === 0) return { chats: [[]], candidates: [] };
      const locked = (await unit.lock(someById, [wanted.ids])).filter(isFreeNow);
      if (locked.length < wanted.ids.length) asked.isContended = true;
      const inOrder = wanted.ids.map((id) => locked.find((stored) => stored.id === id));
      return { chats: [inOrder.filter((stored) => stored !== undefined)], candidates: [] };
    }
    const lines = wanted.queues.map(({ line }) => line);
    const ids = await dictionary.findLines(session, lines);
    await openGates(session, gates, lines);
    const limits = wanted.queues.map(({ line, limit }) => {
      const left = gates.left(line, claims);
      return wanted.kind === 'fronts' || left === 0 ? Math.min(limit, left) : limit;
    });
    // no line has a negative number, so that the queue of an unknown one is empty
    const values = [ids.map((id) => id ?? -1), limits, now];
    if (wanted.kind === 'ends') {
      await unit.flush();
      const found = await session.rows<Candidate & { queue: number }>(ends, values);
      const candidates = wanted.queues.map((_, index) => found.filter(({ queue }) => queue === index));
      return { chats: [], candidates };
    }
    await unit.flush();
    const found = await session.rows<Front>(fronts, values);
    if (found.some(({ id }) => id === null)) asked.isContended = true;
    const taken = await unit.taken(found.flatMap(({ id }) => id ?? []));
    const byLine = lines.map((line) =>
      taken.filter((stored) => stored.chat.line === line && isFreeNow(stored)),
    );
    return { chats: byLine, candidates: [] };
  }

  async function openGates(session: Session, gates: Gates, lines: readonly (string | null)[]): Promise<void> {
    const unasked = gates.unasked(lines);
    if (unasked.length === 0) return;
    const ids = await dictionary.findLines(session, unasked);
    const free = await gateTable.lockFree(
      session,
      ids.filter((id) => id !== undefined),
    );
    const startsOf = new Map(free.map(({ lineId, starts }) => [lineId, starts]));
    const opened = unasked.flatMap((line, index) => {
      const id = ids[index];
      const starts = id === undefined ? [] : startsOf.get(id); // an unknown line has no gate, and no chats
      return starts === undefined ? [] : [{ line, starts }];
    });
    gates.learn(unasked, opened);
  }

  /** Writes the starts of these claims; resolves to those of the lines. */
  async function closeGates(
    session: Session,
    gates: Gates,
    claims: readonly Claim[],
    now: EpochMs,
  ): Promise<ReadonlyMap<string, Starts>> {
    const all = gates.after(claims);
    const started = all.filter(({ line }) => claims.some(({ chat }) => chat.line === line));
    await gateTable.put(
      session,
      started.map(({ line, starts }) => ({ lineId: dictionary.lineIdOf(line), starts })),
    );
    return new Map(
      all.flatMap(({ line, starts }) =>
        line === null ? [] : [[line, starts.map((at) => Math.min(at, now))] as const],
      ),
    );
  }

  async function addManualStart(session: Session, { chat }: Claim, now: EpochMs): Promise<void> {
    if (chat.line === null) return;
    const lineId = dictionary.lineIdOf(chat.line);
    const gate = await gateTable.lock(session, lineId);
    if (gate !== null) await gateTable.put(session, [{ lineId, starts: afterManualStart(gate.starts, now) }]);
  }

  return {
    async due(session, unit, request, now) {
      const asked: Asked = { gates: createGates(request.ratePerLine ?? 0, now), isContended: false };
      const plan = planClaims<PgChat>(request, { policy, newId, now });
      let step = plan.next(NO_ROWS);
      while (step.done !== true) {
        unit.write(step.value.writes);
        step = plan.next(await read(session, unit, step.value, asked, now));
      }
      const { writes, claims, lacksLookUps } = step.value;
      unit.write(writes);
      const starts = await closeGates(session, asked.gates, claims, now);
      return { claims, lacksLookUps, starts, isContended: asked.isContended || asked.gates.isAnyClosed() };
    },
    async manual(session, unit, chatId, leaseUntil, now) {
      await unit.lockAll([], [chatId]);
      const stored = unit.find(chatId);
      if (stored === null) return null;
      const { result, ...writes } = planManualClaim(stored, leaseUntil, { policy, newId, now });
      unit.write(writes);
      if ('claim' in result) await addManualStart(session, result.claim, now);
      return result;
    },
    async settle(session, unit, settlement, now) {
      const { claim } = settlement;
      const stored = unit.get(claim.chatRow);
      if (stored === null) return { isOurs: false, chat: claim.chat, attempt: null };
      if (!isOurs(stored, claim))
        return settledBefore(stored, await unit.ended(claim.chatRow, claim.attemptId), settlement);
      const { settled, ...writes } = planSettlement(stored, settlement, policy, now);
      unit.write(writes);
      if (isSharedAgain(stored.chat, settled.chat)) {
        // read under the lock of the chat: a pass either has counted it or will wait for it
        const redeciding = redecidingIn(await meta.read(session));
        unit.countCards(planSharedAgain(stored, settled.chat, redeciding));
      }
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
