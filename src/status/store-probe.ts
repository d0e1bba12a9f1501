import type { Clock } from '../clock.ts';
import { type EpochMs, SECOND } from '../decide/duration.ts';
import { StoreError } from '../errors.ts';
import type { Store } from '../store/store.ts';

/** Real time for which a result is believed, so that nobody can make us write as often as he asks. */
const KEPT_MS = 5 * SECOND;

export type StoreProbe =
  | { readonly isWritable: true }
  | {
      readonly isWritable: false;
      /** One word: what the storage said. */
      readonly fault: string;
      readonly failingSince: EpochMs;
    };

/** Finds out by a real write whether the store can be written; never rejects. */
export function createStoreProbe(store: Pick<Store, 'probe'>, clock: Clock): () => Promise<StoreProbe> {
  let latest: { readonly at: number; readonly result: Promise<StoreProbe> } | null = null;
  let failingSince: EpochMs | null = null;

  async function probe(): Promise<StoreProbe> {
    try {
      await store.probe(clock.now());
      failingSince = null;
      return { isWritable: true };
    } catch (error) {
      failingSince ??= clock.now();
      return {
        isWritable: false,
        fault: error instanceof StoreError ? error.fault : 'unforeseen',
        failingSince,
      };
    }
  }

  return () => {
    const at = clock.monotonic();
    if (latest === null || at - latest.at >= KEPT_MS) latest = { at, result: probe() };
    return latest.result;
  };
}
