import {
  beginAttempt,
  type ChatReason,
  type ChatRecord,
  type ChatState,
  liveLease,
  type Trigger,
} from '../../decide/chat.ts';
import type { Policy } from '../../decide/policy.ts';
import { decideManualShare, decideShare, needsLookup } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { Claim, ClaimRequest, Probe } from '../turn.ts';
import { type ChatWrite, type EndedAttempt, planSave, type StoredChat, type Writes } from './chat-row.ts';
import { withoutLease } from './settle.ts';

/** A due chat that may be chosen for a probe, or instead of chats that failed. */
export interface Candidate {
  readonly id: number;
  readonly failures: number;
  readonly dueAt: EpochMs;
}

export interface Queue {
  /** Null: the queue of chats whose line is unknown. */
  readonly line: string | null;
  readonly limit: number;
}

/** What the plan asks a store to read. */
export type ClaimRead =
  /** From each queue, up to its limit of due chats without a live lease: longest due first, then in row order. */
  | { readonly kind: 'fronts'; readonly queues: readonly Queue[] }
  /** The same from each end of each queue; a queue may hold a million. */
  | { readonly kind: 'ends'; readonly queues: readonly Queue[] }
  /** The chats of these rows, as one list. */
  | { readonly kind: 'chats'; readonly ids: readonly number[] };

/** The answer, one list per queue; the list of the other kind stays empty. */
export interface ClaimRows<C extends StoredChat> {
  readonly chats: readonly (readonly C[])[];
  readonly candidates: readonly (readonly Candidate[])[];
}

/** Write first, then read: a leased chat is skipped in its queue. */
export interface ClaimStep<C extends StoredChat> {
  readonly writes: Writes<C>;
  readonly read: ClaimRead;
  /** All that were made so far. */
  readonly claims: readonly Claim[];
}

export interface ClaimPlan<C extends StoredChat> {
  readonly writes: Writes<C>;
  readonly claims: readonly Claim[];
  /** `lookUps` kept some due chats waiting. */
  readonly lacksLookUps: boolean;
}

export interface ClaimContext {
  readonly policy: Policy;
  /** Creates the ids of attempts. */
  readonly newId: () => string;
  readonly now: EpochMs;
}

/** Maximum number of due chats considered for a probe, or in place of chats that failed. */
const PROBE_LOOKS = 256;

/**
 * Claims due chats under a lease: a fair share from each queue, then the remainder from the first queues. It
 * requests rows as it needs them (`yield`), so that synchronous and asynchronous databases can both serve it.
 */
export function* planClaims<C extends StoredChat>(
  { lines, total, leaseUntil, probe = {}, lookUps, tried }: ClaimRequest,
  context: ClaimContext,
): Generator<ClaimStep<C>, ClaimPlan<C>, ClaimRows<C>> {
  const { policy, now } = context;
  const claims: Claim[] = [];
  /** How many more chats may be taken: of those that need a look-up, and of those that failed before. */
  let lookUpsLeft = lookUps ?? Number.POSITIVE_INFINITY;
  let triedLeft = tried ?? Number.POSITIVE_INFINITY;
  let lacksLookUps = false;
  let chats: ChatWrite<C>[] = [];
  let attempts: EndedAttempt<C>[] = [];

  function takeWrites(): Writes<C> {
    const writes = { chats, attempts };
    chats = [];
    attempts = [];
    return writes;
  }

  const stepTo = (read: ClaimRead): ClaimStep<C> => ({ writes: takeWrites(), read, claims });

  /**
   * Takes one chat. `none`: it isn't due after all, and is only re-evaluated; `later`: no look-up is left for
   * it.
   */
  function take(stored: C): 'taken' | 'none' | 'later' {
    if (needsLookup(stored.chat, policy)) {
      if (lookUpsLeft <= 0) {
        lacksLookUps = true;
        return 'later';
      }
      lookUpsLeft--;
    }
    const free = withoutLease(stored, now);
    attempts.push(...free.attempts);
    const { state, reason } = decideShare(free.chat, policy, now);
    if (state !== 'due') {
      chats.push(...planSave(stored, free.chat, policy, now).chats);
      return 'none';
    }
    const trigger = reason === 'window_lapsed' ? reason : 'became_eligible';
    const begun = begin(stored, free.chat, trigger, leaseUntil, context);
    chats.push(begun.write);
    claims.push(begun.claim);
    return 'taken';
  }

  /** Takes chats from the front of a queue. */
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

  /** Untried chats to take in place of failed ones that are ahead of them but may not be taken now. */
  function* untriedBehind(line: string | null, count: number): ClaimSteps<C, readonly C[]> {
    // new chats are at the end of the queue, behind those that failed
    const queues = [{ line, limit: PROBE_LOOKS / 2 }];
    const { candidates } = yield stepTo({ kind: 'ends', queues });
    const untried = (candidates[0] ?? []).filter(({ failures }) => failures === 0).sort(byAge);
    const ids = untried.slice(0, count).map(({ id }) => id);
    const found = yield stepTo({ kind: 'chats', ids });
    return found.chats[0] ?? [];
  }

  /**
   * Takes up to `most` chats from each queue, in order. Reads several queues at once, until their limits add up to the
   * total; a queue that has fewer chats leaves its room to the next.
   */
  function* takeFromEach(
    queues: { readonly line: string | null; left: number }[],
    most: number,
  ): ClaimSteps<C, void> {
    for (let next = 0; next < queues.length && claims.length < total; ) {
      const asked: { readonly queue: (typeof queues)[number]; readonly limit: number }[] = [];
      const room = total - claims.length;
      for (let wanted = 0; wanted < room; next++) {
        const queue = queues[next];
        if (queue === undefined) break;
        const limit = Math.min(most, queue.left, room);
        if (limit > 0) asked.push({ queue, limit });
        wanted += Math.max(limit, 0);
      }
      if (asked.length === 0) return;
      const read = asked.map(({ queue: { line }, limit }) => ({ line, limit }));
      const fronts = yield stepTo({ kind: 'fronts', queues: read });
      for (const [index, { queue, limit: wanted }] of asked.entries()) {
        const limit = Math.min(wanted, total - claims.length);
        const front = (fronts.chats[index] ?? []).slice(0, limit);
        const { taken, isDrained } = yield* takeFront({ line: queue.line, limit }, front);
        queue.left = isDrained ? 0 : queue.left - taken;
      }
    }
  }

  /** Takes the best chat for each probe, as far as the total allows. */
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

type ClaimSteps<C extends StoredChat, R> = Generator<ClaimStep<C>, R, ClaimRows<C>>;

const byAge = (a: Candidate, b: Candidate) => a.dueAt - b.dueAt || a.id - b.id;

/** The chat to probe with from each queue, best first. */
function bestOf(queues: readonly (readonly Candidate[])[], probe: Probe): readonly Candidate[] {
  const { untriedSince = null, isNewestFirst = false } = probe;
  const isAllowed = ({ failures, dueAt }: Candidate) =>
    untriedSince === null || (failures === 0 && dueAt > untriedSince);
  const isNewest = (one: Candidate) => isNewestFirst && one.failures === 0;
  const byProbe = (a: Candidate, b: Candidate) =>
    a.failures - b.failures || (isNewest(a) ? -1 : 1) * byAge(a, b);
  return queues.flatMap((queue) => queue.filter(isAllowed).sort(byProbe).slice(0, 1)).sort(byProbe);
}

/** Claims one chat for an operator, or returns why not. @see Store.claimManually */
export function planManualClaim<C extends StoredChat>(
  stored: C,
  leaseUntil: EpochMs,
  context: ClaimContext,
): Writes<C> & { readonly result: { claim: Claim } | { refused: { state: ChatState; reason: ChatReason } } } {
  const { policy, now } = context;
  const leased = stored.chat;
  const live = liveLease(leased, now);
  if (live !== null)
    return { chats: [], attempts: [], result: { refused: { state: 'sharing', reason: live.trigger } } };
  const { chat, attempts } = withoutLease(stored, now);
  const refused = decideManualShare(chat, policy, now);
  if (refused !== null) {
    const chats = leased.lease === null ? [] : planSave(stored, chat, policy, now).chats;
    return { chats, attempts, result: { refused } };
  }
  const { write, claim } = begin(stored, chat, 'manual', leaseUntil, context);
  return { chats: [write], attempts, result: { claim } };
}

function begin<C extends StoredChat>(
  stored: C,
  chat: ChatRecord,
  trigger: Trigger,
  leaseUntil: EpochMs,
  { policy, newId, now }: ClaimContext,
): { readonly write: ChatWrite<C>; readonly claim: Claim } {
  if (stored.id === null) throw new StoreError('broken', 'only a stored chat can be claimed');
  const attempt = { attemptId: newId(), trigger, startedAt: now };
  const dueAt = Math.min(stored.chat.nextAttemptAt ?? now, now);
  // a dry run makes no call; an attempt that looks up facts calls once they are stored, see `planLookedUp`
  const mayHaveCalled = !policy.dryRun && !needsLookup(chat, policy);
  const begun = beginAttempt(chat, { ...attempt, until: leaseUntil, mayHaveCalled }, policy);
  return { write: { stored, chat: begun }, claim: { ...attempt, dueAt, chatRow: stored.id, chat: begun } };
}
