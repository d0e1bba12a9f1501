import type { EpochMs } from '../decide/time.ts';
import type { StoreError, StoreFailure, StoreFault } from '../errors.ts';
import type { Recordable, Recorded } from './store.ts';

/** What a commit contains: events from webhooks, events read by catching up, or claims and their outcomes. */
export type CommitKind = 'events' | 'catch_up' | 'shares';

/** Counts what a store does. */
export interface StoreMeter {
  /** @param isStored false: the store failed, and nothing was committed */
  committed(kind: CommitKind, tookMs: number, isStored: boolean): void;
  /** This many events were merged into the facts of their chats and lines. */
  recorded(events: number): void;
  /** This many attempts were interrupted by a crash. */
  interrupted(attempts: number): void;
}

/** What a store reports of its calls, as they end. */
export interface StoreObserver extends StoreMeter {
  /** Real milliseconds that never step. */
  monotonic(): number;
  failed(error: StoreError): void;
}

/** Ignores every report: for opening a store without a service around it. */
export const NO_OBSERVER: StoreObserver = {
  monotonic: () => 0,
  committed() {},
  recorded() {},
  interrupted() {},
  failed() {},
};

/** Faults of the storage itself, whatever the request. */
const STORAGE_FAULTS: ReadonlySet<StoreFault> = new Set([
  'full',
  'readonly',
  'busy',
  'io',
  'corrupt',
  'unavailable',
  'denied',
  'newer',
]);
/** After these, this process must not write to the file any more. */
const BREAKING_FAULTS: ReadonlySet<StoreFault> = new Set(['io', 'corrupt']);

export interface StoreWatch extends StoreObserver {
  /** The latest failure of the storage itself; null: none. */
  latestFailure(): StoreFailure | null;
  /**
   * Calls the listener for each fault that the process must end for; if there was one already, immediately
   * with the latest.
   */
  onBroken(listener: (error: StoreError) => void): void;
}

/** Passes on what a store reports, and remembers when its storage failed. */
export function createStoreWatch(monotonic: () => number, meter: StoreMeter): StoreWatch {
  let latest: StoreFailure | null = null;
  let broken: StoreError | null = null;
  let tellBroken: (error: StoreError) => void = () => {};
  return {
    monotonic,
    committed: meter.committed,
    recorded: meter.recorded,
    interrupted: meter.interrupted,
    failed(error) {
      if (!STORAGE_FAULTS.has(error.fault)) return;
      latest = { fault: error.fault, at: monotonic() };
      if (!BREAKING_FAULTS.has(error.fault)) return;
      broken = error;
      tellBroken(error);
    },
    latestFailure: () => latest,
    onBroken(listener) {
      tellBroken = listener;
      if (broken !== null) listener(broken);
    },
  };
}

/** What a store needs done around each call. */
export interface AroundHooks {
  readonly observer: StoreObserver;
  readonly toStoreError: (error: unknown) => StoreError;
  /** Throws if the data was written where the next start won't find it, or the storage failed after the commit. */
  readonly afterWrite: () => void;
  /** The storage is full: frees what it can for the next write. */
  readonly makeRoom: (now: EpochMs) => void;
}

export interface CallOptions {
  /** It may write: afterwards the storage must still be in its place. */
  readonly isWrite?: boolean;
  /** The kind under which its commit is measured. */
  readonly kind?: CommitKind;
  /** The current time, if making room on a full storage is worthwhile: this call grows the database. */
  readonly roomAt?: EpochMs;
}

export type Around = <T>(body: () => T | Promise<T>, options?: CallOptions) => Promise<T>;

/**
 * Wraps every call of a store: timing, faults, room on a full storage, and a check that the files are in
 * place.
 */
export function createAround({ observer, toStoreError, afterWrite, makeRoom }: AroundHooks): Around {
  async function run<T>(body: () => T | Promise<T>, { isWrite, roomAt }: CallOptions): Promise<T> {
    try {
      const result = await body();
      // after the commit: what is reported as done must be in the file that the next start opens
      if (isWrite === true) afterWrite();
      return result;
    } catch (error) {
      const failure = toStoreError(error);
      if (failure.fault === 'full' && roomAt !== undefined) makeRoom(roomAt);
      throw failure;
    }
  }

  return async (body, options = {}) => {
    const startedAt = observer.monotonic();
    let isStored = false;
    try {
      const result = await run(body, options);
      isStored = true;
      return result;
    } catch (error) {
      const failure = toStoreError(error);
      observer.failed(failure);
      throw failure;
    } finally {
      if (options.kind !== undefined) {
        observer.committed(options.kind, observer.monotonic() - startedAt, isStored);
      }
    }
  };
}

/** How many entries of a group are stored events. */
export function countEvents(entries: readonly Recordable[], results: readonly Recorded[]): number {
  return results.filter(({ kind }, index) => {
    const entry = entries[index];
    return kind === 'stored' && entry !== undefined && !('sealed' in entry);
  }).length;
}
