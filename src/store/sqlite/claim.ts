import {
  beginAttempt,
  type ChatRecord,
  settleInterrupted,
  type Trigger,
  withdrawAttempt,
} from '../../decide/chat.ts';
import { decideManualShare, decideShare, needsLookup } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Store } from '../store.ts';
import type { Claim, ClaimRequest, Probe, TurnResult } from '../turn.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { ChatRow, ChatTable, StoredChat } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { LineIds } from './line-table.ts';
import type { Totals } from './share-totals.ts';

/** The parts that claiming and settling work on. */
export interface AttemptParts {
  readonly chats: ChatTable;
  readonly attempts: AttemptTable;
  readonly totals: Totals;
  readonly lineIds: LineIds;
}

export interface Claims {
  /** Takes due chats under a lease, in the transaction under way. */
  due(request: ClaimRequest, now: EpochMs): Pick<TurnResult, 'claims' | 'lacksLookUps'>;
  manual(chatId: string, leaseUntil: EpochMs, now: EpochMs): Awaited<ReturnType<Store['claimManually']>>;
  interruptAll(now: EpochMs): Awaited<ReturnType<Store['recoverInterrupted']>>;
}

/** How many more chats of one claim may need a look-up, whether that kept one waiting, and how many more may have failed before. */
interface Budget {
  lookUps: number;
  isShort: boolean;
  tried: number;
}

interface Candidate {
  readonly id: number;
  readonly failures: number;
  readonly dueAt: EpochMs;
}

/** Due chats that a probe, or those behind chats that failed, are chosen from, at most. */
const PROBE_LOOKS = 256;

type Leased = StoredChat & { readonly row: ChatRow };

export function createClaims({ sql, policy, randomId }: StoreContext, parts: AttemptParts): Claims {
  const { chats, attempts, totals, lineIds } = parts;
  const front = chats.select<[number | null, EpochMs, number]>(
    `WHERE line_id IS ? AND next_attempt_at <= ? ORDER BY next_attempt_at, id ${BOUND_LIMIT}`,
  );
  // not the whole queue, which may be a million chats long; new chats stand at its end, behind those that failed
  const end = (order: 'ASC' | 'DESC') =>
    `SELECT * FROM (SELECT id, failures, next_attempt_at AS dueAt FROM chats
      WHERE line_id IS @lineId AND next_attempt_at <= @now
      ORDER BY next_attempt_at ${order}, id ${order} LIMIT @count + 0)`;
  const ends = sql.prepare<[{ lineId: number | null; now: EpochMs; count: number }], Candidate>(
    `${end('ASC')} UNION ${end('DESC')}`,
  );
  const byId = chats.select<[number]>('WHERE id = ?');
  const oldest = sql
    .prepare<[number | null], EpochMs | null>(
      'SELECT min(next_attempt_at) FROM chats WHERE line_id IS ? AND next_attempt_at IS NOT NULL',
    )
    .pluck();

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

  /** Takes one chat of a queue; null: it isn't due after all, and was only decided anew, or must not be looked up yet. */
  function takeOne(row: ChatRow, budget: Budget, leaseUntil: EpochMs, now: EpochMs): Claim | 'later' | null {
    const stored = { row, chat: chats.ofRow(row).chat };
    if (needsLookup(stored.chat, policy)) {
      if (budget.lookUps <= 0) {
        budget.isShort = true;
        return 'later';
      }
      budget.lookUps--;
    }
    const chat = freed(stored, now);
    const { state, reason } = decideShare(chat, policy, now);
    if (state === 'due') {
      const trigger = reason === 'window_lapsed' ? reason : 'became_eligible';
      return begin(stored, chat, trigger, leaseUntil, now);
    }
    chats.save(stored, chat, now);
    return null;
  }

  /** Takes the oldest chats of one queue; those that aren't due after all are only decided anew. */
  function takeFrom(lineId: number | null, limit: number, budget: Budget, leaseUntil: EpochMs, now: EpochMs) {
    const claims: Claim[] = [];
    let isStuck = false;
    let passedOver = 0;
    const take = (row: ChatRow) => {
      const hasFailed = chats.ofRow(row).chat.failures > 0;
      if (hasFailed && budget.tried <= 0) {
        passedOver++;
        return;
      }
      const claim = takeOne(row, budget, leaseUntil, now);
      if (claim === 'later') isStuck = true;
      else if (claim !== null) {
        claims.push(claim);
        if (hasFailed) budget.tried--;
      }
    };
    const rows = front.all(lineId, now, limit);
    for (const row of rows) take(row);
    if (passedOver === 0) return { claims, isDrained: isStuck || rows.length < limit };
    for (const row of untriedBehind(lineId, passedOver, now)) take(row);
    return { claims, isDrained: true };
  }

  /** For the places of chats that failed, stand before them, and may not be taken now. */
  function untriedBehind(lineId: number | null, count: number, now: EpochMs): readonly ChatRow[] {
    const found = ends.all({ lineId, now, count: PROBE_LOOKS / 2 }).filter(({ failures }) => failures === 0);
    const oldestFirst = found.sort((a, b) => a.dueAt - b.dueAt || a.id - b.id);
    return oldestFirst.slice(0, count).flatMap(({ id }) => {
      const row = byId.get(id);
      return row === undefined ? [] : [row];
    });
  }

  /** Of each of these queues the chat to probe with, best first. */
  function candidates(lineIds: readonly (number | null)[], probe: Probe, now: EpochMs): readonly Candidate[] {
    const count = Math.max(1, Math.floor(PROBE_LOOKS / (2 * lineIds.length)));
    const { untriedSince = null, isNewestFirst = false } = probe;
    const isAllowed = ({ failures, dueAt }: Candidate) =>
      untriedSince === null || (failures === 0 && dueAt > untriedSince);
    const isNewest = (one: Candidate) => isNewestFirst && one.failures === 0;
    const byProbe = (a: Candidate, b: Candidate) =>
      a.failures - b.failures || (isNewest(a) ? -1 : 1) * (a.dueAt - b.dueAt || a.id - b.id);
    return lineIds
      .flatMap((lineId) => ends.all({ lineId, now, count }).filter(isAllowed).sort(byProbe).slice(0, 1))
      .sort(byProbe);
  }

  function due({ lines, total, leaseUntil, probe = {}, lookUps, tried }: ClaimRequest, now: EpochMs) {
    const claims: Claim[] = [];
    const budget: Budget = {
      lookUps: lookUps ?? Number.POSITIVE_INFINITY,
      isShort: false,
      tried: tried ?? Number.POSITIVE_INFINITY,
    };
    const known = lines.flatMap(({ line, limit, isProbe = false }) => {
      const lineId = lineIds.find(line);
      return lineId === undefined || limit <= 0 ? [] : [{ lineId, left: limit, isProbe }];
    });
    const queues = known.filter(({ isProbe }) => !isProbe);
    const takeAtMost = (queue: (typeof queues)[number], most: number) => {
      const count = Math.min(most, queue.left, total - claims.length);
      if (count <= 0) return;
      const taken = takeFrom(queue.lineId, count, budget, leaseUntil, now);
      claims.push(...taken.claims);
      queue.left = taken.isDrained ? 0 : queue.left - taken.claims.length;
    };
    const probed = known.filter(({ isProbe }) => isProbe).map(({ lineId }) => lineId);
    for (const { id } of candidates(probed, probe, now)) {
      if (claims.length >= total) break;
      const row = byId.get(id);
      const claim = row === undefined ? null : takeOne(row, budget, leaseUntil, now);
      if (claim !== null && claim !== 'later') claims.push(claim);
    }
    const fair = Math.max(1, Math.floor(total / queues.length));
    for (const queue of queues) takeAtMost(queue, fair);
    for (const queue of queues) takeAtMost(queue, total);
    return { claims, lacksLookUps: budget.isShort };
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

const NO_ANSWER = { httpStatus: null, linqCode: null, traceId: null };
