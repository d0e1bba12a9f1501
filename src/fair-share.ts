/** Divides what there is among senders, so that whatever one of them takes, there is some for each of the others. */
export interface FairShare {
  /**
   * Takes more for one thing of this sender (a body, a connection). False: nothing was taken, it would be too much now.
   * @param has what that thing took before
   */
  take(sender: string, amount: number, has: number): boolean;
  giveBack(sender: string, amount: number): void;
}

/** A sender may have so many times what is still free: alone three quarters, two three sevenths each. */
const TIMES_THE_FREE = 3;

/**
 * The free part shrinks with each sender but never ends, so a newcomer always finds some. Within a sender's part, nothing
 * may become larger than what is left of it: what is large is refused first, and leaves room for what is small.
 */
export function createFairShare(total: number): FairShare {
  const taken = new Map<string, number>();
  let free = total;

  return {
    take(sender, amount, has) {
      const mine = (taken.get(sender) ?? 0) + amount;
      const left = TIMES_THE_FREE * (free - amount) - mine;
      if (has + amount > left) return false;
      taken.set(sender, mine);
      free -= amount;
      return true;
    },
    giveBack(sender, amount) {
      const mine = (taken.get(sender) ?? 0) - amount;
      if (mine > 0) taken.set(sender, mine);
      else taken.delete(sender);
      free += amount;
    },
  };
}
