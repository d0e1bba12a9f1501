import { StoreError, type StoreFailure, type StoreFault } from '../errors.ts';
import type { Store } from './store.ts';

export interface WatchedStore {
  /** The same store. */
  readonly store: Store;
  /** The latest time that the storage itself failed; null: it never did. */
  latestFailure(): StoreFailure | null;
}

/** Of the storage, whatever it was asked for. */
const STORAGE_FAULTS: ReadonlySet<StoreFault> = new Set(['full', 'readonly', 'busy', 'io', 'corrupt']);
/** After these, this process must not write to the file any more. */
const BREAKING_FAULTS: ReadonlySet<StoreFault> = new Set(['io', 'corrupt']);

/**
 * Remembers when the store failed; `onBroken` is told of what the process must end for.
 * @param monotonic real milliseconds that never step
 */
export function watchStore(
  store: Store,
  monotonic: () => number,
  onBroken: (error: StoreError) => void,
): WatchedStore {
  let latest: StoreFailure | null = null;

  function heard(error: unknown): void {
    if (!(error instanceof StoreError) || !STORAGE_FAULTS.has(error.fault)) return;
    latest = { fault: error.fault, at: monotonic() };
    if (BREAKING_FAULTS.has(error.fault)) onBroken(error);
  }

  const watched = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        try {
          return await member.apply(target, args);
        } catch (error) {
          heard(error);
          throw error;
        }
      };
    },
  });
  return { store: watched, latestFailure: () => latest };
}
