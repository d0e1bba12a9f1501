import type { ShareCall } from '../../src/simulator/shares.ts';
import type { Stored, StoredAttempt, StoredChat } from './database.ts';
import type { Load } from './load.ts';

/** A chat is parked when so many attempts in a row were cut off. */
const CUTS_TO_PARK = 3;

/** Calls for chats of which nobody had told yet that we sent an iMessage there. */
export function findUncalledFor(calls: readonly ShareCall[], { chats, sentAt }: Load): string[] {
  const isToldBefore = ({ chatId, arrivedMonotonicMs }: ShareCall) =>
    chats
      .get(chatId)
      ?.some(
        ({ told, eventId }) =>
          told.outbound?.service === 'iMessage' && (sentAt.get(eventId) ?? Infinity) < arrivedMonotonicMs,
      ) ?? false;
  return calls
    .filter((call) => !isToldBefore(call))
    .map(({ chatId }) => `chat ${chatId}: called before it was eligible`);
}

/**
 * Chats whose stored state isn't what their facts and attempts make of it, whatever a crash cut off: held or not, no
 * attempt any more after three that were cut off.
 * @param released chats that may have been parked and aren't any more
 */
export function findWrongStates(
  { chats, attempts }: Stored,
  released: ReadonlySet<string> = new Set(),
): string[] {
  const wrong: string[] = [];
  const cuts = countCuts(attempts);
  for (const chat of chats.values()) {
    const { chatId, state, reason } = chat;
    const isParked = (cuts.get(chatId) ?? 0) >= CUTS_TO_PARK && !released.has(chatId);
    const held = holdOf(chat, isParked);
    if (held === null ? state === 'held' : reason !== held)
      wrong.push(`chat ${chatId}: ${state} (${reason}), expected ${held ?? 'not held'}`);
    if ((cuts.get(chatId) ?? 0) > CUTS_TO_PARK)
      wrong.push(`chat ${chatId}: ${cuts.get(chatId)} attempts cut off in a row`);
  }
  return wrong;
}

/** Of the rules for holds, those that the load touches; the first that applies. */
function holdOf({ service }: StoredChat, isParked: boolean): string | null {
  if (isParked) return 'parked';
  if (service === null) return 'no_outbound';
  return service === 'iMessage' ? null : 'not_imessage';
}

/** How many of each chat's latest attempts were cut off in a row. */
function countCuts(attempts: readonly StoredAttempt[]): ReadonlyMap<string, number> {
  const cuts = new Map<string, number>();
  for (const { chatId, outcome } of attempts)
    if (outcome !== null) cuts.set(chatId, outcome === 'interrupted' ? (cuts.get(chatId) ?? 0) + 1 : 0);
  return cuts;
}
