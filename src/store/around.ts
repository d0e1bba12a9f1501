import type { EpochMs } from '../decide/time.ts';
import type { StoreError, StoreFailure, StoreFault } from '../errors.ts';
import type { Recordable, Recorded } from './store.ts';

/** What is committed: events that webhooks brought, those that catching up read, or claims and their outcomes. */
export type CommitKind = 'events' | 'catch_up' | 'shares';

/** Counts what a store does. */
export interface StoreMeter {
  /** @param isStored false: the store couldn't, and nothing was committed */
  committed(kind: CommitKind, tookMs: number, isStored: boolean): void;
  /** This many events are in the facts of their chats and lines. */
  recorded(events: number): void;
  /** This many attempts were cut off by a crash. */
  interrupted(attempts: number): void;
}

/** What a store reports of its calls, as they end. */
export interface StoreObserver extends StoreMeter {
  /** Real milliseconds that never step. */
  monotonic(): number;
  failed(error: StoreError): void;
}

/** Hears of nothing: for whoever opens a store without a service around it. */
export const NO_OBSERVER: StoreObserver = {
  monotonic: () => 0,
  committed() {},
  recorded() {},
  interrupted() {},
  failed() {},
};

/** Of the storage, whatever it was asked for. */
const STORAGE_FAULTS: ReadonlySet<StoreFault> = new Set(['full', 'readonly', 'busy', 'io', 'corrupt']);
/** After these, this process must not write to the file any more. */
const BREAKING_FAULTS: ReadonlySet<StoreFault> = new Set(['io', 'corrupt']);

export interface StoreWatch extends StoreObserver {
  /** The latest time that the storage itself failed; null: it never did. */
  latestFailure(): StoreFailure | null;
  /** Told of each fault that the process must end for, of the latest one so far at once. */
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

/** What a storage needs done around the work of a call. */
export interface AroundHooks {
  readonly observer: StoreObserver;
  readonly toStoreError: (error: unknown) => StoreError;
  /** Throws when what was written isn't where the next start finds it. */
  readonly checkPlace: () => void;
  /** The storage is full: frees what it can, for the next write. */
  readonly makeRoom: (now: EpochMs) => void;
}

export interface CallOptions {
  /** It may write: afterwards the storage must be in its place. */
  readonly isWrite?: boolean;
  /** Its commit is measured as this. */
  readonly kind?: CommitKind;
  /** The time, where a full storage is worth making room: what it brings grows the database. */
  readonly roomAt?: EpochMs;
}

export type Around = <T>(body: () => T | Promise<T>, options?: CallOptions) => Promise<T>;

/** All that every call of a store has around it: its time, its faults, room on a full storage, and a look at its place. */
export function createAround({ observer, toStoreError, checkPlace, makeRoom }: AroundHooks): Around {
  async function run<T>(body: () => T | Promise<T>, { isWrite, roomAt }: CallOptions): Promise<T> {
    try {
      const result = await body();
      if (isWrite === true) checkPlace(); // after the commit: what is told as done is in the file of the next start
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

/** How many of a group are events that were stored. */
export function countEvents(entries: readonly Recordable[], results: readonly Recorded[]): number {
  return results.filter(({ kind }, index) => {
    const entry = entries[index];
    return kind === 'stored' && entry !== undefined && !('sealed' in entry);
  }).length;
}
