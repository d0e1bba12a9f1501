import {
  beginAttempt,
  type ChatReason,
  type ChatRecord,
  type ChatState,
  type Trigger,
} from '../../decide/chat.ts';
import type { Policy } from '../../decide/policy.ts';
import { decideManualShare, decideShare, needsLookup } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Claim, ClaimRequest, Probe } from '../turn.ts';
import {
  type AttemptWrite,
  type ChatWrite,
  type OpenAttempt,
  planSave,
  type StoredChat,
  type Writes,
} from './chat-row.ts';
import { withoutLease } from './settle.ts';

/** A chat that may be claimed. */
export interface ClaimableChat extends StoredChat {
  /** The attempt that is open under its lease; null: it has neither. */
  readonly open: OpenAttempt | null;
}

/** A due chat that a probe, or those behind chats that failed, may be chosen from. */
export interface Candidate {
  readonly id: number;
  readonly failures: number;
  readonly dueAt: EpochMs;
}

export interface Queue {
  /** Null: the queue of the chats whose line isn't known. */
  readonly line: string | null;
  readonly limit: number;
}

/** What the plan asks a store to read. */
export type ClaimRead =
  /** Of each queue so many due chats, those that have been due the longest first, then in the order of their rows. */
  | { readonly kind: 'fronts'; readonly queues: readonly Queue[] }
  /** Of each queue so many due chats from both of its ends; it may be a million chats long. */
  | { readonly kind: 'ends'; readonly queues: readonly Queue[] }
  /** The chats of these rows, as one list. */
  | { readonly kind: 'chats'; readonly ids: readonly number[] };

/** The answer, a list for each queue; the other one stays empty. */
export interface ClaimRows<C extends ClaimableChat> {
  readonly chats: readonly (readonly C[])[];
  readonly candidates: readonly (readonly Candidate[])[];
}

/** Write first, then read: what is claimed stands in its queue no more. */
export interface ClaimStep<C extends ClaimableChat> {
  readonly writes: Writes<C>;
  readonly read: ClaimRead;
}

export interface ClaimPlan<C extends ClaimableChat> {
  readonly writes: Writes<C>;
  readonly claims: readonly Claim[];
  /** Chats are due that `lookUps` kept waiting. */
  readonly lacksLookUps: boolean;
}

export interface ClaimContext {
  readonly policy: Policy;
  /** Makes ids of attempts and leases. */
  readonly newId: () => string;
  readonly now: EpochMs;
}

/** Due chats that a probe, or those behind chats that failed, are chosen from, at most. */
const PROBE_LOOKS = 256;

/**
 * Takes due chats under a lease: of each queue what is its share, then of the first ones what is left. It asks for rows
 * as it needs them (`yield`), so that a database that answers at once and one that takes its time can both serve it.
 */
export function* planClaims<C extends ClaimableChat>(
  { lines, total, leaseUntil, probe = {}, lookUps, tried }: ClaimRequest,
  context: ClaimContext,
): Generator<ClaimStep<C>, ClaimPlan<C>, ClaimRows<C>> {
  const { policy, now } = context;
  const claims: Claim[] = [];
  /** How many more chats may need a look-up, and may have failed before. */
  let lookUpsLeft = lookUps ?? Number.POSITIVE_INFINITY;
  let triedLeft = tried ?? Number.POSITIVE_INFINITY;
  let lacksLookUps = false;
  let chats: ChatWrite<C>[] = [];
  let attempts: AttemptWrite<C>[] = [];

  function takeWrites(): Writes<C> {
    const writes = { chats, attempts };
    chats = [];
    attempts = [];
    return writes;
  }

  const stepTo = (read: ClaimRead): ClaimStep<C> => ({ writes: takeWrites(), read });

  /** Takes one chat. `none`: it isn't due after all, and is only decided anew; `later`: it must not be looked up yet. */
  function take(stored: C): 'taken' | 'none' | 'later' {
    if (needsLookup(stored.chat, policy)) {
      if (lookUpsLeft <= 0) {
        lacksLookUps = true;
        return 'later';
      }
      lookUpsLeft--;
    }
    const free = withoutLease(stored, stored.open, now);
    attempts.push(...free.attempts);
    const { state, reason } = decideShare(free.chat, policy, now);
    if (state !== 'due') {
      chats.push(...planSave(stored, free.chat, policy, now).chats);
      return 'none';
    }
    const trigger = reason === 'window_lapsed' ? reason : 'became_eligible';
    const begun = begin(stored, free.chat, trigger, leaseUntil, context);
    chats.push(...begun.chats);
    attempts.push(...begun.attempts);
    claims.push(begun.claim);
    return 'taken';
  }

  /** Takes the chats of the front of a queue. */
  function* takeFront(
    queue: Queue,
    front: readonly C[],
  ): ClaimSteps<C, { taken: number; isDrained: boolean }> {
    const before = claims.length;
    let isStuck = false;
    let passedOver = 0;
    const takeUnlessTried = (stored: C) => {
      const hasFailed = stored.chat.failures > 0;
      if (hasFailed && triedLeft <= 0) {
        passedOver++;
        return;
      }
      const result = take(stored);
      if (result === 'later') isStuck = true;
      if (result === 'taken' && hasFailed) triedLeft--;
    };
    for (const stored of front) takeUnlessTried(stored);
    const isDrained = isStuck || passedOver > 0 || front.length < queue.limit;
    if (passedOver > 0)
      for (const stored of yield* untriedBehind(queue.line, passedOver)) takeUnlessTried(stored);
    return { taken: claims.length - before, isDrained };
  }

  /** For the places of chats that failed, stand before them, and may not be taken now. */
  function* untriedBehind(line: string | null, count: number): ClaimSteps<C, readonly C[]> {
    // new chats stand at the end of the queue, behind those that failed
    const queues = [{ line, limit: PROBE_LOOKS / 2 }];
    const { candidates } = yield stepTo({ kind: 'ends', queues });
    const untried = (candidates[0] ?? []).filter(({ failures }) => failures === 0).sort(byAge);
    const ids = untried.slice(0, count).map(({ id }) => id);
    const found = yield stepTo({ kind: 'chats', ids });
    return found.chats[0] ?? [];
  }

  /** Takes at most so many of every queue, in their order; several are read at once, as far as their limits fill the total. */
  function* takeFromEach(
    queues: { readonly line: string | null; left: number }[],
    most: number,
  ): ClaimSteps<C, void> {
    for (let next = 0; next < queues.length && claims.length < total; ) {
      const asked: { readonly queue: (typeof queues)[number]; readonly limit: number }[] = [];
      let room = total - claims.length;
      for (; room > 0; next++) {
        const queue = queues[next];
        if (queue === undefined) break;
        const limit = Math.min(most, queue.left, room);
        if (limit > 0) asked.push({ queue, limit });
        room -= Math.max(limit, 0);
      }
      if (asked.length === 0) return;
      const read = asked.map(({ queue: { line }, limit }) => ({ line, limit }));
      const fronts = yield stepTo({ kind: 'fronts', queues: read });
      for (const [index, { queue, limit }] of asked.entries()) {
        const { taken, isDrained } = yield* takeFront({ line: queue.line, limit }, fronts.chats[index] ?? []);
        queue.left = isDrained ? 0 : queue.left - taken;
      }
    }
  }

  /** Takes for each probe the chat that fits best, as far as the total allows. */
  function* takeProbes(probed: readonly (string | null)[]): ClaimSteps<C, void> {
    if (probed.length === 0 || total <= 0) return;
    const limit = Math.max(1, Math.floor(PROBE_LOOKS / (2 * probed.length)));
    const { candidates } = yield stepTo({ kind: 'ends', queues: probed.map((line) => ({ line, limit })) });
    const ids = bestOf(candidates, probe).map(({ id }) => id);
    const found = yield stepTo({ kind: 'chats', ids });
    for (const stored of found.chats[0] ?? []) if (claims.length < total) take(stored);
  }

  const open = lines.filter(({ limit }) => limit > 0);
  yield* takeProbes(open.filter(({ isProbe }) => isProbe === true).map(({ line }) => line));
  const queues = open
    .filter(({ isProbe }) => isProbe !== true)
    .map(({ line, limit }) => ({ line, left: limit }));
  yield* takeFromEach(queues, Math.max(1, Math.floor(total / queues.length)));
  yield* takeFromEach(queues, total);
  return { writes: takeWrites(), claims, lacksLookUps };
}

type ClaimSteps<C extends ClaimableChat, R> = Generator<ClaimStep<C>, R, ClaimRows<C>>;

const byAge = (a: Candidate, b: Candidate) => a.dueAt - b.dueAt || a.id - b.id;

/** Of each queue the chat to probe with, best first. */
function bestOf(queues: readonly (readonly Candidate[])[], probe: Probe): readonly Candidate[] {
  const { untriedSince = null, isNewestFirst = false } = probe;
  const isAllowed = ({ failures, dueAt }: Candidate) =>
    untriedSince === null || (failures === 0 && dueAt > untriedSince);
  const isNewest = (one: Candidate) => isNewestFirst && one.failures === 0;
  const byProbe = (a: Candidate, b: Candidate) =>
    a.failures - b.failures || (isNewest(a) ? -1 : 1) * byAge(a, b);
  return queues.flatMap((queue) => queue.filter(isAllowed).sort(byProbe).slice(0, 1)).sort(byProbe);
}

/** Claims one chat for an operator, or says why not. @see Store.claimManually */
export function planManualClaim<C extends ClaimableChat>(
  stored: C,
  leaseUntil: EpochMs,
  context: ClaimContext,
): Writes<C> & { readonly result: { claim: Claim } | { refused: { state: ChatState; reason: ChatReason } } } {
  const { policy, now } = context;
  const leased = stored.chat;
  if (leased.leaseUntil !== null && leased.leaseUntil > now) {
    return { chats: [], attempts: [], result: { refused: { state: 'sharing', reason: leased.reason } } };
  }
  const { chat, attempts } = withoutLease(stored, stored.open, now);
  const refused = decideManualShare(chat, policy, now);
  if (refused !== null) {
    const chats = leased.leaseId === null ? [] : planSave(stored, chat, policy, now).chats;
    return { chats, attempts, result: { refused } };
  }
  const begun = begin(stored, chat, 'manual', leaseUntil, context);
  return { chats: begun.chats, attempts: [...attempts, ...begun.attempts], result: { claim: begun.claim } };
}

function begin<C extends ClaimableChat>(
  stored: C,
  chat: ChatRecord,
  trigger: Trigger,
  leaseUntil: EpochMs,
  { policy, newId, now }: ClaimContext,
): Writes<C> & { readonly claim: Claim } {
  const leaseId = newId();
  const attempt = { attemptId: newId(), trigger, startedAt: now };
  const dueAt = Math.min(stored.chat.nextAttemptAt ?? now, now);
  const begun = beginAttempt(chat, { leaseId, leaseUntil, trigger }, policy, now);
  // a dry run calls nobody; who asks for facts first calls when they are on record, see `planLookedUp`
  const mayHaveCalled = !policy.dryRun && !needsLookup(begun, policy);
  return {
    chats: [{ stored, chat: begun }],
    attempts: [{ kind: 'starts', stored, start: { ...attempt, mayHaveCalled } }],
    claim: { ...attempt, leaseId, dueAt, chat: begun },
  };
}
