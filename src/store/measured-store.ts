import type { Store } from './store.ts';

/** What is committed: events that webhooks brought, those that catching up read, or claims and their outcomes. */
export type CommitKind = 'events' | 'catch_up' | 'shares';

export interface StoreMeter {
  /** @param isStored false: the store couldn't, and nothing was committed */
  committed(kind: CommitKind, tookMs: number, isStored: boolean): void;
  /** So many events are in the facts of their chats and lines. */
  recorded(events: number): void;
  /** So many attempts were cut off by a crash. */
  interrupted(attempts: number): void;
}

/**
 * The same store; the meter is told of the commits that deliveries and shares wait for.
 * @param monotonic real milliseconds that never step
 */
export function measureStore(store: Store, monotonic: () => number, meter: StoreMeter): Store {
  async function measure<T>(kind: CommitKind, commit: () => Promise<T>): Promise<T> {
    const startedAt = monotonic();
    let isStored = false;
    try {
      const result = await commit();
      isStored = true;
      return result;
    } finally {
      meter.committed(kind, monotonic() - startedAt, isStored);
    }
  }

  return {
    ...store,
    async record(entries, now) {
      const results = await measure('events', () => store.record(entries, now));
      let stored = 0;
      for (const [index, { kind }] of results.entries()) {
        const entry = entries[index];
        if (kind === 'stored' && entry !== undefined && !('sealed' in entry)) stored++;
      }
      meter.recorded(stored);
      return results;
    },
    async recordRead(reading, now) {
      const result = await measure('catch_up', () => store.recordRead(reading, now));
      meter.recorded(reading.events.length - result.unstorable);
      return result;
    },
    turn: (turn, now) => measure('shares', () => store.turn(turn, now)),
    async recoverInterrupted(now) {
      const recovered = await store.recoverInterrupted(now);
      meter.interrupted(recovered.interrupted);
      return recovered;
    },
  };
}
