import type { ChatReason, ChatRecord, ChatState, StoredDecision } from './chat.ts';
import type { Policy } from './policy.ts';
import { AUTOMATIC, firstRow, MANUAL } from './rules.ts';
import type { EpochMs } from './time.ts';

/**
 * Whether a chat may be shared now, why not, and when time alone changes that. The first rule that applies decides.
 * What closes the account or a line isn't looked at here: it is laid over, see `gate.ts`.
 */
export function decideShare(chat: ChatRecord, policy: Policy, now: EpochMs): StoredDecision {
  const { state, reason, until } = firstRow(AUTOMATIC, chat, policy, now);
  const nextAttemptAt = state === 'due' ? dueSince(chat, now) : nextDueAt(chat, policy, until);
  return { state, reason, nextAttemptAt, wakeAt: until };
}

/** `decideShare`, except that a chat whose attempt is under way stays so while the lease lasts. */
export function decideChat(chat: ChatRecord, policy: Policy, now: EpochMs): StoredDecision {
  if (chat.leaseUntil === null || chat.leaseUntil <= now) return decideShare(chat, policy, now);
  const { state, reason, leaseUntil } = chat;
  return { state, reason, nextAttemptAt: leaseUntil, wakeAt: leaseUntil };
}

/** The row that forbids an operator's own share now, or null; policy, window and backoff don't. */
export function decideManualShare(
  chat: ChatRecord,
  policy: Policy,
  now: EpochMs,
): { state: ChatState; reason: ChatReason } | null {
  const { state, reason } = firstRow(MANUAL, chat, policy, now);
  return state === 'due' ? null : { state, reason };
}

/** True while a fact that the rules need was told by no event and the API wasn't asked for it yet. */
export function needsLookup(chat: ChatRecord, policy: Policy): boolean {
  return chat.lookedUpAt === null && lacksFacts(chat, policy);
}

function lacksFacts(chat: ChatRecord, policy: Policy): boolean {
  return chat.line === null || chat.service === null || (!policy.shareGroups && chat.isGroup === null);
}

/** Since when a due chat has been due: a chat that waited for an instant keeps it, so that the oldest goes first. */
function dueSince(chat: ChatRecord, now: EpochMs): EpochMs {
  const { state, nextAttemptAt } = chat;
  const wasQueued = state === 'due' || state === 'waiting' || state === 'retrying' || state === 'sharing';
  return wasQueued && nextAttemptAt !== null && nextAttemptAt <= now ? nextAttemptAt : now;
}

/** A row may end in another one that waits (backoff inside a window): follows them until one ends in a share. */
const MAX_ROWS_AHEAD = 10;

function nextDueAt(chat: ChatRecord, policy: Policy, until: EpochMs | null): EpochMs | null {
  let at = until;
  for (let ahead = 0; at !== null && ahead < MAX_ROWS_AHEAD; ahead++) {
    const row = firstRow(AUTOMATIC, chat, policy, at);
    if (row.state === 'due') return at;
    at = row.until;
  }
  return null;
}
