import type { ChatRecord, Lease, StoredDecision } from '../../decide/chat.ts';
import type { Outcome } from '../../decide/outcome.ts';
import type { Policy } from '../../decide/policy.ts';
import { decideShare } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';

// The plans decide what a store writes: rows in, writes out, time as an argument, no database access. A store
// reads, calls a plan, and writes the result, so that every database behaves alike.

/** A chat as read by a store. Each store adds what it needs to write the chat back. */
export interface StoredChat {
  /** Its row number; later chats have higher ones. Null: no row yet. */
  readonly id: number | null;
  readonly chat: ChatRecord;
  /** It was read with a clock correction applied that its row doesn't have yet. */
  readonly isShifted?: boolean;
}

/** A chat that has to be written. */
export interface ChatWrite<C extends StoredChat> {
  readonly stored: C;
  readonly chat: ChatRecord;
}

export interface AttemptEnd {
  readonly endedAt: EpochMs;
  readonly outcome: Outcome;
  readonly httpStatus: number | null;
  readonly linqCode: number | null;
  readonly traceId: string | null;
}

/** An attempt that ended, for the history of its chat. */
export interface EndedAttempt<C extends StoredChat> {
  readonly stored: C;
  readonly lease: Lease;
  readonly end: AttemptEnd;
}

/** What a plan writes. A chat is written at most once. */
export interface Writes<C extends StoredChat> {
  readonly chats: readonly ChatWrite<C>[];
  readonly attempts: readonly EndedAttempt<C>[];
}

/**
 * A changed chat with its decision as of now; the very same object when nothing changed. Its stored wake-up
 * may be earlier than the decision requires.
 */
export function decided({ chat }: StoredChat, changed: ChatRecord, policy: Policy, now: EpochMs): ChatRecord {
  const decision = decideShare(changed, policy, now);
  const wakeAt = isEarlyEnough(chat, decision, now) ? chat.wakeAt : decision.wakeAt;
  if (changed === chat && isSame(changed, { ...decision, wakeAt })) return changed;
  const { state, reason, nextAttemptAt } = decision;
  return { ...changed, state, reason, nextAttemptAt, wakeAt };
}

/** True if the row differs from this chat. */
function isToBeWritten(stored: StoredChat, chat: ChatRecord): boolean {
  return chat !== stored.chat || stored.id === null || stored.isShifted === true;
}

/** Re-evaluates chats. @returns those that have to be written */
export function decidedAnew<C extends StoredChat>(
  chats: readonly C[],
  policy: Policy,
  now: EpochMs,
): readonly ChatWrite<C>[] {
  return chats.flatMap((stored) => planSave(stored, stored.chat, policy, now).chats);
}

/** Re-evaluates a changed chat, and writes it if anything differs. */
export function planSave<C extends StoredChat>(stored: C, changed: ChatRecord, policy: Policy, now: EpochMs) {
  const chat = decided(stored, changed, policy, now);
  return { chat, chats: isToBeWritten(stored, chat) ? [{ stored, chat }] : [] };
}

function isSame(chat: ChatRecord, decision: StoredDecision): boolean {
  return (
    chat.state === decision.state &&
    chat.reason === decision.reason &&
    chat.nextAttemptAt === decision.nextAttemptAt &&
    chat.wakeAt === decision.wakeAt
  );
}

/**
 * True if the stored wake-up of a chat that stays in its state may remain, although it is now too early.
 * Waking early only re-evaluates the chat, whereas each outbound message postpones when it becomes idle, and
 * with it its place in an index.
 */
function isEarlyEnough(stored: ChatRecord, { state, reason, wakeAt }: StoredDecision, now: EpochMs): boolean {
  const isPutOff = stored.wakeAt !== null && wakeAt !== null && stored.wakeAt < wakeAt;
  return isPutOff && stored.wakeAt > now && stored.state === state && stored.reason === reason;
}
