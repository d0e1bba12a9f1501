import type { Hold } from '../../src/decide/holds.ts';
import type { Store } from '../../src/store/store.ts';

/** Many replicas on one file, told of each other's changes by a version, as PostgreSQL tells them. */
export function createSharedStore(store: Store): Store {
  let version = 0;
  const changing =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> => {
      version++;
      return write(...args);
    };
  return {
    ...store,
    kind: 'postgres',
    sharedVersion: async () => version,
    agenda: async (now) => ({ ...(await store.agenda(now)), version }),
    recoverInterrupted: async () => ({ interrupted: 0, parked: 0 }),
    putHold: changing(async (hold: Hold) => {
      const same = ({ scope, reason }: Hold) => scope === hold.scope && reason === hold.reason;
      const since = (await store.holds()).find(same)?.since ?? hold.since;
      await store.putHold({ ...hold, since });
    }),
    endHold: changing(store.endHold),
    shiftClock: changing(store.shiftClock),
    record(entries, now) {
      if (entries.some((entry) => 'kind' in entry && entry.kind === 'line')) version++;
      return store.record(entries, now);
    },
    async turn(turn, now) {
      const isCurrent = turn.version === version;
      const { holds, endedHolds, cards, cleared } = turn;
      if (holds.length + endedHolds.length + cards.length + cleared.length > 0) version++;
      const after = version;
      const result = await store.turn({ ...turn, claim: isCurrent ? turn.claim : null }, now);
      return { ...result, version: isCurrent ? after : null };
    },
    close: async () => {}, // whoever opened the file closes it
  };
}
