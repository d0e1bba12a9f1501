import { describe, expect, it } from 'vitest';
import { DAY, type EpochMs, HOUR } from '../../../src/decide/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { outboundOf, T } from '../builders.ts';
import { claim, claimOne, correctClock, type StoreBench, settle, verdictOf } from './use-store.ts';

const KEPT_MS = 90 * DAY;
const MANY = 500;

/** Shares with a chat; the attempt ends at `endedAt`. */
async function share(store: Store, chatId: string, endedAt: EpochMs): Promise<void> {
  await store.record([outboundOf(endedAt - 10, { chatId })], endedAt - 10);
  await settle(store, { claim: await claimOne(store, endedAt - 10), endedAt, result: verdictOf() });
}

const count = async (store: Store, ...chatIds: string[]) =>
  (await Promise.all(chatIds.map((chatId) => store.attempts(chatId, 10)))).flat().length;

export function describeRetention(bench: StoreBench): void {
  describe('attempts that are kept no longer', () => {
    it('go the millisecond after they have been kept for as long as was asked', async () => {
      const store = await bench.open();
      await share(store, 'a', T);
      expect(await store.pruneAttempts(KEPT_MS, MANY, T + KEPT_MS)).toBe(0);
      expect(await count(store, 'a')).toBe(1);
      expect(await store.pruneAttempts(KEPT_MS, MANY, T + KEPT_MS + 1)).toBe(1);
      expect(await count(store, 'a')).toBe(0);
    });

    it('never include one that is open', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const open = await claimOne(store, T);
      expect(await store.pruneAttempts(KEPT_MS, MANY, T + 10 * KEPT_MS)).toBe(0);
      const { isOurs } = await settle(store, { claim: open, endedAt: T + 10 * KEPT_MS, result: verdictOf() });
      expect(isOurs).toBe(true);
    });

    it('go oldest first, so many at a time', async () => {
      const store = await bench.open();
      for (const [index, chatId] of ['a', 'b', 'c'].entries()) await share(store, chatId, T + 1_000 * index);
      expect(await store.pruneAttempts(KEPT_MS, 2, T + 2 * KEPT_MS)).toBe(2);
      expect([await count(store, 'a', 'b'), await count(store, 'c')]).toEqual([0, 1]);
      expect(await store.pruneAttempts(KEPT_MS, 2, T + 2 * KEPT_MS)).toBe(1);
      expect(await store.pruneAttempts(KEPT_MS, 2, T + 2 * KEPT_MS)).toBe(0);
    });

    it('take neither figures nor the window with them', async () => {
      const store = await bench.open();
      await share(store, 'a', T);
      const before = [(await store.summary(T + HOUR)).totals, await store.chat('a'), await store.counts(T)];
      expect(await store.pruneAttempts(HOUR, MANY, T + 2 * HOUR)).toBe(1);
      expect([(await store.summary(T + HOUR)).totals, await store.chat('a'), await store.counts(T)]).toEqual(
        before,
      );
      expect(await claim(store, T + DAY - 1)).toEqual([]);
    });

    it('do so by their true age after a slow clock was set forward, over restarts too', async () => {
      const store = await bench.open();
      await share(store, 'a', T);
      const corrected = T + HOUR + 200 * DAY; // an hour later, by the clock that is right now
      await correctClock(store, 200 * DAY, corrected);
      const again = await bench.open();
      const end = T + 200 * DAY + KEPT_MS;
      expect(await again.pruneAttempts(KEPT_MS, MANY, corrected)).toBe(0);
      expect(await again.pruneAttempts(KEPT_MS, MANY, end)).toBe(0);
      expect(await again.pruneAttempts(KEPT_MS, MANY, end + 1)).toBe(1);
    });

    it('are those made since the correction as ever, once all before it are gone', async () => {
      const store = await bench.open();
      await correctClock(store, 200 * DAY, T);
      await share(store, 'a', T + 1_000);
      expect(await store.pruneAttempts(KEPT_MS, MANY, T + 1_000 + KEPT_MS)).toBe(0);
      expect(await store.pruneAttempts(KEPT_MS, MANY, T + 1_001 + KEPT_MS)).toBe(1);
    });
  });

  describe('the last backup', () => {
    it('is remembered over restarts', async () => {
      const store = await bench.open();
      expect(await store.lastBackupAt()).toBeNull();
      await store.noteBackup(T);
      expect(await (await bench.open()).lastBackupAt()).toBe(T);
    });

    it('is not of the future once the clock was set back', async () => {
      const store = await bench.open();
      await store.noteBackup(T);
      await correctClock(store, -DAY, T - DAY);
      expect(await store.lastBackupAt()).toBe(T - DAY);
    });
  });
}
