/** So many different chats in a row end alike before we believe that it is not about the chats. */
const STREAK = 5;
/** Chats whose retirement was undone are remembered up to this number. */
const REMEMBERED = 1_000;

/**
 * Counts failures in a row over different chats. Five transient ones mean that the API is unavailable; five refusals
 * for good without a success between mean a wrong address or key rather than five dead chats.
 */
export function createStreaks() {
  const failing = new Set<string>();
  const refused = new Set<string>();
  /** Undone once and refused again after a success: these chats are gone indeed. */
  const undone = new Set<string>();
  let isProven = false;
  return {
    /** True when this failure completes a streak. */
    failed(subject: string): boolean {
      failing.add(subject);
      if (failing.size < STREAK) return false;
      failing.clear();
      return true;
    },
    /** The chats whose refusals are to be undone, when this refusal completes a streak; else none. */
    retired(chatId: string): readonly string[] {
      if (isProven && undone.has(chatId)) return [];
      refused.add(chatId);
      if (refused.size < STREAK) return [];
      const chats = [...refused];
      refused.clear();
      if (undone.size > REMEMBERED) undone.clear();
      for (const chat of chats) undone.add(chat);
      isProven = false;
      return chats;
    },
    /** Linq answered something else than a transient failure. */
    answered(): void {
      failing.clear();
    },
    shared(): void {
      failing.clear();
      refused.clear();
      isProven = true;
    },
  };
}
