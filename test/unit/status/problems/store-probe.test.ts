import { describe, expect, it } from 'vitest';
import { StoreError, type StoreFailure } from '../../../../src/errors.ts';
import { createStoreProbe } from '../../../../src/status/problems/store-probe.ts';
import { T } from '../../../helpers/builders.ts';
import { createFakeClock } from '../../../helpers/clock.ts';

function startProbe() {
  const clock = createFakeClock(T);
  const storage: { writes: number; failure: Error | null; failed: StoreFailure | null } = {
    writes: 0,
    failure: null,
    failed: null,
  };
  const probe = async () => {
    storage.writes++;
    if (storage.failure !== null) throw storage.failure;
  };
  return { clock, storage, probeStore: createStoreProbe({ probe }, clock, () => storage.failed) };
}

describe('createStoreProbe', () => {
  it('writes at most once in 5 s, however often it is asked', async () => {
    const { clock, storage, probeStore } = startProbe();
    await Promise.all([probeStore(), probeStore()]);
    clock.advance(4_999);
    expect(await probeStore()).toEqual({ isWritable: true });
    expect(storage.writes).toBe(1);
    clock.advance(1);
    await probeStore();
    expect(storage.writes).toBe(2);
  });

  it('says what fails and since when, until a write works again', async () => {
    const { clock, storage, probeStore } = startProbe();
    storage.failure = new StoreError('full', 'no space left');
    expect(await probeStore()).toEqual({ isWritable: false, fault: 'full', failingSince: T });
    clock.advance(5_000);
    storage.failure = new Error('something else');
    expect(await probeStore()).toEqual({ isWritable: false, fault: 'unforeseen', failingSince: T });
    clock.advance(5_000);
    storage.failure = null;
    expect(await probeStore()).toEqual({ isWritable: true });
  });

  it('believes other writes that failed for as long as its own, even though its own work', async () => {
    const { clock, storage, probeStore } = startProbe();
    expect(await probeStore()).toEqual({ isWritable: true });
    clock.advance(1_000);
    storage.failed = { fault: 'full', at: clock.monotonic() };
    expect(await probeStore()).toEqual({ isWritable: false, fault: 'full', failingSince: T + 1_000 });
    clock.advance(4_999);
    expect(await probeStore()).toEqual({ isWritable: false, fault: 'full', failingSince: T + 1_000 });
    clock.advance(1);
    expect(await probeStore()).toEqual({ isWritable: true });
  });
});
