import { describe, expect, it } from 'vitest';
import { StoreError, type StoreFault } from '../../../src/errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { watchStore } from '../../../src/store/watched-store.ts';

const failing = (fault: StoreFault) =>
  ({ kind: 'sqlite', sizeBytes: () => Promise.reject(new StoreError(fault, 'no')) }) as unknown as Store;

describe('a watched store', () => {
  it.each<[StoreFault, number]>([
    ['corrupt', 1],
    ['io', 1],
    ['full', 0],
    ['busy', 0],
    ['readonly', 0],
  ])(
    'tells of a fault (%s) only when the file must not be written any more, remembers it, and passes it on',
    async (fault, times) => {
      const told: StoreError[] = [];
      const { store, latestFailure } = watchStore(
        failing(fault),
        () => 7,
        (error) => void told.push(error),
      );
      expect(latestFailure()).toBeNull();
      await expect(store.sizeBytes()).rejects.toMatchObject({ fault });
      expect(told.map((error) => error.fault)).toEqual(Array.from({ length: times }, () => fault));
      expect(latestFailure()).toEqual({ fault, at: 7 });
    },
  );

  it('remembers nothing of what the storage isn’t to blame for', async () => {
    const { store, latestFailure } = watchStore(
      failing('broken'),
      () => 7,
      () => {},
    );
    await expect(store.sizeBytes()).rejects.toThrow(StoreError);
    expect(latestFailure()).toBeNull();
  });

  it('is the same store otherwise', async () => {
    const inner = {
      kind: 'sqlite',
      size: 7,
      sizeBytes() {
        return Promise.resolve(this.size);
      },
    };
    const { store } = watchStore(
      inner as unknown as Store,
      () => 7,
      () => {},
    );
    expect(store.kind).toBe('sqlite');
    expect(await store.sizeBytes()).toBe(7);
  });
});
