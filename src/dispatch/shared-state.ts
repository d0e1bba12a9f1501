import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { AttemptOutcome } from '../store/turn.ts';
import type { CardChecks, Cards } from './card-checks.ts';
import type { HoldBook } from './hold-book.ts';
import type { HoldKeeper } from './hold-keeper.ts';

/** What this replica does that must be done by one of them alone. */
export interface ReplicaRole {
  isLeader(): boolean;
  /** All live replicas have the same settings, so that none of them decides the chats the other way again. */
  mayRedecide(): boolean;
}

/** The only replica, as always with SQLite. */
export const ALONE: ReplicaRole = { isLeader: () => true, mayRedecide: () => true };

/** Outcomes that tell whether there is a streak: more than enough for the chats of five attempts in a row. */
const RECOUNTED = 200;

export type StoreVersion = ReturnType<typeof createStoreVersion>;

/** Which state of a shared store our holds, lines and streaks are from. */
export function createStoreVersion(isShared: boolean) {
  let version = 0;
  let isStale = isShared;
  let isMiscounted = false;
  let loads = 0;
  return {
    isShared,
    current: () => version,
    loads: () => loads,
    isBehind: () => isStale || isMiscounted,
    isStale: () => isStale,
    isMiscounted: () => isMiscounted,
    /** Another replica changed something, or we did: what is stored then is both together. */
    outdated(): void {
      isStale = isShared;
    },
    /** Outcomes were written that may make a streak with those of other replicas. */
    miscounted(): void {
      isMiscounted = isShared;
    },
    loaded(read: number): void {
      loads++;
      version = read;
      isStale = false;
    },
    counted(): void {
      isMiscounted = false;
    },
    /**
     * A turn ended.
     * @param now null: it wasn't planned by the current state
     * @param loadsBefore what was loaded while it was on its way may lack what it wrote
     */
    turned(now: number | null, hasWritten: boolean, loadsBefore: number): void {
      if (now === null || hasWritten || loads !== loadsBefore) isStale = isShared;
      else version = now;
    },
  };
}

interface SharedStateDeps {
  readonly store: Pick<Store, 'sharedVersion' | 'holds' | 'lines' | 'recentEnds'>;
  readonly version: StoreVersion;
  readonly book: HoldBook;
  readonly keeper: Pick<HoldKeeper, 'recount'>;
  readonly cards: Pick<Cards, 'adopt'>;
  readonly cardChecks: Pick<CardChecks, 'found'>;
  readonly clock: Clock;
  /** Outcomes that we know of and that aren't stored yet. */
  readonly unwritten: () => readonly AttemptOutcome[];
  readonly isDryRun: boolean;
}

export type SharedState = ReturnType<typeof createSharedState>;

/** Follows what other replicas write into a store that they share. With SQLite, nothing ever changes but by us. */
export function createSharedState(deps: SharedStateDeps) {
  const { store, version, book, keeper, cards, cardChecks, clock, unwritten } = deps;
  let loading: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    const hadBreaker = book.find(null, 'api_unavailable') !== null;
    const known = await store.sharedVersion(); // before what it stands for: what changes meanwhile is read again
    const holds = await store.holds();
    const lines = await store.lines();
    book.load(holds, lines, clock.now());
    if (version.isShared) for (const line of lines) cards.adopt(line);
    for (const { line, card, cardCheckedAt } of cardChecks.found())
      if (cardCheckedAt !== null) book.setCard(line, card, cardCheckedAt);
    version.loaded(known);
    // the replica that opened or closed the breaker knows outcomes that we don't
    if (hadBreaker !== (book.find(null, 'api_unavailable') !== null)) version.miscounted();
  }

  /** One after the other, so that the latest state wins. */
  function load(): Promise<void> {
    const next = loading.then(read);
    loading = next.catch(() => {});
    return next;
  }

  async function recount(): Promise<void> {
    // a dry run makes no share that could end a streak
    if (!deps.isDryRun) {
      const past = await store.recentEnds(RECOUNTED);
      keeper.recount([...past, ...unwritten()], clock.now());
    }
    version.counted();
  }

  return {
    isShared: version.isShared,
    /** @throws {StoreError} */
    load,
    /** Reads what other replicas have changed, if they have. @param stored the version just read @throws {StoreError} */
    async follow(stored: number): Promise<void> {
      if (!version.isShared) return;
      if (stored !== version.current()) version.outdated();
      if (version.isStale()) await load();
      if (version.isMiscounted()) await recount();
    },
    /** The next turn has something to follow first. */
    isBehind: version.isBehind,
  };
}
