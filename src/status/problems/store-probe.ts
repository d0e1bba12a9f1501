import type { Clock } from '../../clock.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { StoreError, type StoreFailure } from '../../errors.ts';
import type { Store } from '../../store/store.ts';

/** Real time for which a result is cached, so that clients can't trigger a write with every request. */
const KEPT_MS = 5 * SECOND;

export type StoreProbe =
  | { readonly isWritable: true }
  | {
      readonly isWritable: false;
      /** One word: what the storage said. */
      readonly fault: string;
      readonly failingSince: EpochMs;
    };

/**
 * Tests with a real write whether the store is writable; never rejects. On an almost full disk this small
 * write may succeed while deliveries don't fit, so a failed delivery counts for as long as a failed probe.
 */
export function createStoreProbe(
  store: Pick<Store, 'probe'>,
  clock: Clock,
  latestFailure: () => StoreFailure | null,
): () => Promise<StoreProbe> {
  let latest: { readonly at: number; readonly fault: Promise<string | null> } | null = null;
  let failingSince: EpochMs | null = null;

  async function probe(): Promise<string | null> {
    try {
      await store.probe(clock.now());
      return null;
    } catch (error) {
      return error instanceof StoreError ? error.fault : 'unforeseen';
    }
  }

  function faultOfOthers(): string | null {
    const failure = latestFailure();
    return failure !== null && clock.monotonic() - failure.at < KEPT_MS ? failure.fault : null;
  }

  return async () => {
    const at = clock.monotonic();
    if (latest === null || at - latest.at >= KEPT_MS) latest = { at, fault: probe() };
    const fault = (await latest.fault) ?? faultOfOthers();
    if (fault === null) {
      failingSince = null;
      return { isWritable: true };
    }
    failingSince ??= clock.now();
    return { isWritable: false, fault, failingSince };
  };
}
