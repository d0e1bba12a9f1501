import { describe, expect, it } from 'vitest';
import { HOUR } from '../../../src/decide/time.ts';
import { outboundOf, T } from '../builders.ts';
import { definite, type StoreBench } from './use-store.ts';

const ONE = { id: 'one', version: '1.0.0', fingerprint: 'settings', startedAt: T };

/** What holds of replicas while there is only one. */
export function describeReplicas(bench: StoreBench): void {
  describe('replicas', () => {
    it('makes the only one the leader, and lets it lead again after it left', async () => {
      const store = await bench.open();
      const report = { problems: [], catchUp: null };
      const seen = [{ ...ONE, seenAt: expect.any(Number), report, isLeader: true }];
      expect(await store.beat(ONE, T)).toMatchObject(seen);
      await store.leave(ONE.id);
      expect(await store.beat(ONE, T)).toMatchObject(seen);
    });

    it('that decides by other settings leaves no chat as decided by those before, however short it lives', async () => {
      const settings = (fingerprint: string) => ({ ...ONE, fingerprint });
      for (const mark of ['own', 'own cards 5']) {
        const own = await bench.open();
        await own.beat(settings('own'), T);
        await own.record([outboundOf(T, { chatId: 'a' }), outboundOf(T, { chatId: 'b' })], T);
        while (!(await own.redecide(mark, 2, T)));
        await own.beat(settings('own'), T);
        expect((await own.agenda(T)).decidedAs).toBe(mark);
        const tried = await bench.open({ requireInbound: true });
        await tried.beat(settings('tried'), T);
        await tried.record([outboundOf(T, { chatId: `c ${mark}` })], T);
        await tried.leave(ONE.id);
        expect((await tried.agenda(T)).decidedAs).toBeNull();
      }
      const back = await bench.open();
      await back.beat(settings('own'), T);
      expect(await back.redecide('own', 9, T)).toBe(true);
      expect((await back.counts(T)).map(({ state }) => state)).toEqual(['due']);
    });

    it('tells what the clock of its database reads, if that has one', async () => {
      const store = await bench.open();
      const before = Date.now();
      const time = await store.serverNow();
      if (store.kind === 'sqlite') return expect(time).toBeNull();
      const { at, corrections } = definite(time);
      // it is on this machine
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(Date.now() + 1);
      expect(corrections).toBe(0);
    });

    it('follows the corrections of the clock that it makes itself', async () => {
      const store = await bench.open();
      expect(await store.shiftClock(HOUR, T + HOUR)).toBe(true);
      const made = (await store.serverNow())?.corrections ?? 0;
      expect(store.followedCorrections()).toBe(made);
      store.followCorrections(made);
      expect(await store.heartbeat(T + HOUR)).toBe(T + HOUR);
    });

    it('claims by the version that it told', async () => {
      const store = await bench.open();
      const version = await store.sharedVersion();
      const turn = { settlements: [], holds: [], endedHolds: [], cards: [], cleared: [], undone: [] };
      expect(await store.turn({ ...turn, version, claim: null }, T)).toMatchObject({ version });
    });
  });
}
