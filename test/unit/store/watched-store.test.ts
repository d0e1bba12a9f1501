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
    'tells of a fault (%s) only when the file must not be written any more, and passes it on',
    async (fault, times) => {
      const told: StoreError[] = [];
      const store = watchStore(failing(fault), (error) => void told.push(error));
      await expect(store.sizeBytes()).rejects.toMatchObject({ fault });
      expect(told.map((error) => error.fault)).toEqual(Array.from({ length: times }, () => fault));
    },
  );

  it('is the same store otherwise', async () => {
    const inner = {
      kind: 'sqlite',
      size: 7,
      sizeBytes() {
        return Promise.resolve(this.size);
      },
    };
    const store = watchStore(inner as unknown as Store, () => {});
    expect(store.kind).toBe('sqlite');
    expect(await store.sizeBytes()).toBe(7);
  });
});
