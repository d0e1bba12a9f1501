import {
  type ChatRecord,
  settleDryRun,
  settleInterrupted,
  settleVerdict,
  withdrawAttempt,
  withLookedUp,
} from '../../decide/chat.ts';
import type { LookedUpFacts } from '../../decide/facts.ts';
import { afterCardCheck, type Line } from '../../decide/holds.ts';
import { outcomeOf } from '../../decide/outcome.ts';
import type { Policy } from '../../decide/policy.ts';
import { decideManualShare, decideShare } from '../../decide/share.ts';
import { type EpochMs, MINUTE } from '../../decide/time.ts';
import type { Attempt, Claim, Settled, Settlement, Turn } from '../turn.ts';
import { type AttemptEnd, type EndedAttempt, planSave, type StoredChat, type Writes } from './chat-row.ts';

/**
 * True if the lease of a claim is still ours. An expired lease stays ours until the chat is claimed again.
 */
export function isOurs({ chat }: StoredChat, { attemptId }: Claim): boolean {
  return chat.lease?.attemptId === attemptId;
}

/** Ends the attempt of a chat whose lease is ours. */
export function planSettlement<C extends StoredChat>(
  stored: C,
  settlement: Settlement,
  policy: Policy,
  now: EpochMs,
): Writes<C> & { readonly settled: Settled } {
  const { lease } = stored.chat;
  const { chat, chats } = planSave(stored, settledChat(stored.chat, settlement, policy), policy, now);
  const end = endOf(settlement);
  const attempts = end === null || lease === null ? [] : [{ stored, lease, end }];
  const attempt = end === null ? null : attemptOf(settlement, end);
  return { chats, attempts, settled: { isOurs: true, chat, attempt } };
}

/**
 * The result of a settlement whose lease isn't ours: nothing is written. If the attempt ended in exactly this
 * way, we settled it ourselves and the reply to that commit was lost: it is reported once more.
 * @param recorded the attempt; null: it isn't on record, so it was withdrawn
 */
export function settledBefore(
  { chat }: StoredChat,
  recorded: Attempt | null,
  settlement: Settlement,
): Settled {
  const end = endOf(settlement);
  if (end === null) return { isOurs: recorded === null, chat, attempt: null };
  const isSame =
    recorded !== null &&
    (Object.keys(end) as (keyof AttemptEnd)[]).every((key) => recorded[key] === end[key]);
  return isSame ? { isOurs: true, chat, attempt: recorded } : { isOurs: false, chat, attempt: null };
}

/** Adds what was looked up to a claimed chat whose lease is ours. @see Store.addLookedUp */
export function planLookedUp<C extends StoredChat>(
  stored: C,
  claim: Claim,
  facts: LookedUpFacts,
  policy: Policy,
  now: EpochMs,
): Writes<C> & { readonly chat: ChatRecord; readonly isDue: boolean } {
  const known = withLookedUp(stored.chat, facts, now);
  const isDue =
    claim.trigger === 'manual'
      ? decideManualShare(known, policy, now) === null
      : decideShare(known, policy, now).state === 'due';
  const lease =
    known.lease !== null && isDue && !policy.dryRun ? { ...known.lease, mayHaveCalled: true } : known.lease;
  const { chat, chats } = planSave(stored, { ...known, lease }, policy, now);
  return { chats, attempts: [], chat, isDue };
}

/** A chat without its lease. An attempt still open under it ends as interrupted. */
export function withoutLease<C extends StoredChat>(
  stored: C,
  now: EpochMs,
): { readonly chat: ChatRecord; readonly attempts: readonly EndedAttempt<C>[] } {
  const { lease } = stored.chat;
  if (lease === null) return { chat: stored.chat, attempts: [] };
  const end: AttemptEnd = { ...NO_ANSWER, endedAt: now, outcome: 'interrupted' };
  return { chat: settleInterrupted(stored.chat, lease, now), attempts: [{ stored, lease, end }] };
}

/**
 * The next claim of a due chat ends an attempt whose lease has run out; until then it stays with the attempt. If no claim
 * comes in this time, the chat's queue is closed, for days perhaps, and the attempt mustn't seem to go on until then.
 */
export const LAPSED_MS = MINUTE;

/**
 * Re-evaluates chats whose decision changes with time. A lease that has run out ends with it, unless a claim ends it.
 * @param batch chats without a live lease
 */
export function planWake<C extends StoredChat>(batch: readonly C[], policy: Policy, now: EpochMs): Writes<C> {
  const freed = batch.map((stored) => {
    const isFresh = now - (stored.chat.lease?.until ?? now) < LAPSED_MS;
    const isLeft = isFresh && decideShare(stored.chat, policy, now).state === 'due';
    return { stored, ...(isLeft ? { chat: stored.chat, attempts: [] } : withoutLease(stored, now)) };
  });
  return {
    chats: freed.flatMap(({ stored, chat }) => planSave(stored, chat, policy, now).chats),
    attempts: freed.flatMap(({ attempts }) => attempts),
  };
}

/** In which order attempts are recovered: each goes before all that waits, so the chat that is due longest comes last. */
export function byRecovery({ id: a, chat: one }: StoredChat, { id: b, chat: other }: StoredChat): number {
  return (other.nextAttemptAt ?? 0) - (one.nextAttemptAt ?? 0) || (b ?? 0) - (a ?? 0);
}

/**
 * Ends the attempt that a crash left open. It is repeated at once: no chat still waiting on its line goes first.
 * @param firstOfLine when the first chat of its line is due; null: none is
 */
export function planRecovery<C extends StoredChat>(
  stored: C,
  firstOfLine: EpochMs | null,
  policy: Policy,
  now: EpochMs,
): Writes<C> & { readonly isParked: boolean } {
  const { chat: left, attempts } = withoutLease(stored, now);
  const nextAttemptAt = Math.min(now, (firstOfLine ?? now) - 1);
  const { chat, chats } = planSave(stored, { ...left, nextAttemptAt }, policy, now);
  return { chats, attempts, isParked: chat.parkedAt !== null && stored.chat.parkedAt === null };
}

/**
 * What a turn learnt about lines, as one change for each.
 * @param known at least the lines whose cards were checked, as stored
 * @param isChangeNoted a change of a card is noted
 */
export function planLines(
  { cards, cleared }: Pick<Turn, 'cards' | 'cleared'>,
  known: readonly Line[] = [],
  isChangeNoted = false,
) {
  const changes = new Map<string, Partial<Omit<Line, 'line'>>>();
  const add = (line: string, change: Partial<Omit<Line, 'line'>>) =>
    changes.set(line, { ...changes.get(line), ...change });
  for (const found of cards) {
    const stored = known.find(({ line }) => line === found.line);
    const current = stored === undefined ? null : { ...stored, ...changes.get(found.line) };
    add(found.line, afterCardCheck(current, found, isChangeNoted));
  }
  for (const { line, ...change } of cleared) add(line, change);
  return changes;
}

function settledChat(chat: ChatRecord, { claim, endedAt, result }: Settlement, policy: Policy): ChatRecord {
  switch (result.kind) {
    case 'verdict': {
      const times = { startedAt: claim.startedAt, endedAt };
      return settleVerdict(chat, result.verdict, times, policy, result.random);
    }
    case 'dry_run':
      return settleDryRun(chat, endedAt);
    case 'withdrawn':
      return withdrawAttempt(chat);
  }
}

const NO_ANSWER = { httpStatus: null, linqCode: null, traceId: null };

/** The end to record for the attempt; null: none. */
function endOf({ result, endedAt }: Settlement): AttemptEnd | null {
  switch (result.kind) {
    case 'verdict': {
      const { verdict, httpStatus, linqCode, traceId } = result;
      return { endedAt, outcome: outcomeOf(verdict), httpStatus, linqCode, traceId };
    }
    case 'dry_run':
      return { ...NO_ANSWER, endedAt, outcome: 'dry_run' };
    case 'withdrawn':
      return null;
  }
}

function attemptOf({ claim }: Settlement, end: AttemptEnd): Attempt {
  const { attemptId, trigger, startedAt } = claim;
  return { attemptId, chatId: claim.chat.chatId, trigger, startedAt, ...end };
}
