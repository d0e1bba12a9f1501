import { describe, expect, it } from 'vitest';
import { HOUR } from '../../../src/decide/time.ts';
import type { KnownProblem } from '../../../src/store/store.ts';
import { LINE, OTHER_LINE, T } from '../builders.ts';
import type { StoreBench } from './use-store.ts';

const problemOf = (parts: Partial<KnownProblem> = {}): KnownProblem => ({
  code: 'card_missing',
  scope: LINE,
  since: T,
  alertedAt: null,
  closedAt: null,
  ...parts,
});

export function describeProblems(bench: StoreBench): void {
  describe('problems', () => {
    it('are kept over a restart, each line its own', async () => {
      const before = await bench.open();
      expect(await before.problems()).toEqual([]);
      const known = [problemOf(), problemOf({ scope: OTHER_LINE, alertedAt: T + 1, closedAt: T + 2 })];
      await before.changeProblems(known, []);
      const after = await bench.open();
      expect(await after.problems()).toEqual(known);
    });

    it('are changed and removed in one commit', async () => {
      const store = await bench.open();
      await store.changeProblems([problemOf(), problemOf({ code: 'disk_low', scope: '' })], []);
      const told = problemOf({ since: T - HOUR, alertedAt: T });
      await store.changeProblems([told], [{ code: 'disk_low', scope: '' }]);
      expect(await store.problems()).toEqual([told]);
    });
  });

  describe('how deliveries came in', () => {
    it('is kept over a restart', async () => {
      const before = await bench.open();
      expect((await before.summary(T)).deliveryNews).toEqual({ lastAcceptedAt: null, silentMs: 0 });
      await before.noteDeliveries({ lastAcceptedAt: null, silentMs: 7 });
      await before.noteDeliveries({ lastAcceptedAt: T, silentMs: HOUR });
      const after = await bench.open();
      expect((await after.summary(T)).deliveryNews).toEqual({ lastAcceptedAt: T, silentMs: HOUR });
    });
  });

  describe('the disk', () => {
    it('is known with what is free of it, unless the store isn’t on a disk of this machine', async () => {
      const store = await bench.open();
      const space = await store.diskSpace();
      if (store.kind !== 'sqlite') return expect(space).toBeNull();
      const { freeBytes = 0, totalBytes = 1 } = space ?? {};
      expect(freeBytes).toBeGreaterThan(0);
      expect(freeBytes).toBeLessThanOrEqual(totalBytes);
    });
  });
}
