import { describe, expect, it } from 'vitest';
import { DAY } from '../../../src/decide/time.ts';
import { outboundOf, T } from '../builders.ts';
import { definite, type StoreBench } from './use-store.ts';

const delivery = (receivedAt: number) => ({
  receivedAt,
  webhookId: 'msg_1',
  eventType: 'message.sent',
  cause: 'data.chat is missing',
  sealed: Buffer.from([0, 1, 255]),
});

export function describeQuarantine(bench: StoreBench): void {
  describe('the quarantine', () => {
    it('keeps deliveries for 7 days', async () => {
      const store = await bench.open();
      expect((await store.summary(T)).quarantined).toEqual({ count: 0, oldestAt: null });
      await store.record([delivery(T)], 0);
      await store.record([{ ...delivery(T + DAY), webhookId: null, eventType: null }], 0);
      expect((await store.summary(T + DAY)).quarantined).toEqual({ count: 2, oldestAt: T });
      expect((await store.summary(T + 7 * DAY)).quarantined).toEqual({ count: 1, oldestAt: T + DAY });
      await store.record([delivery(T + 9 * DAY)], 0); // by a clock that may be wrong
      expect((await store.summary(T)).quarantined).toEqual({ count: 3, oldestAt: T });
    });

    it('deletes what is older when told to, fifty at once', async () => {
      const store = await bench.open();
      for (let i = 0; i < 60; i++) await store.record([delivery(T + i)], 0);
      const isThere = async () => (await store.summary(T)).quarantined.count; // as of then: told of whatever is stored
      await store.heartbeat(T + 8 * DAY); // the clock may be wrong
      expect(await store.expireQuarantined(T + 7 * DAY - 1)).toBe(0);
      expect(await isThere()).toBe(60);
      expect(await store.expireQuarantined(T + 7 * DAY + 58)).toBe(50);
      expect(await store.expireQuarantined(T + 7 * DAY + 58)).toBe(9);
      expect(await isThere()).toBe(1);
      expect(await store.expireQuarantined(T + 7 * DAY + 59)).toBe(1);
      expect(await isThere()).toBe(0);
    });

    it('lists the newest first without what they hold, and gives that out one by one', async () => {
      const store = await bench.open();
      await store.record([{ ...delivery(T), webhookId: 'first' }], 0);
      await store.record([{ ...delivery(T + 1), webhookId: 'second', sealed: Buffer.from('more') }], 0);
      const rows = await store.quarantined(T + 1);
      expect(rows.map(({ webhookId }) => webhookId)).toEqual(['second', 'first']);
      expect(Object.keys(rows[0] ?? {}).sort()).toEqual(
        ['cause', 'eventType', 'id', 'receivedAt', 'webhookId'].sort(),
      );
      expect(await store.sealedDelivery(definite(rows[0]))).toEqual(Buffer.from('more'));
      expect((await store.quarantined(T + 7 * DAY)).map(({ webhookId }) => webhookId)).toEqual(['second']);
    });

    it('lets go of one that was read after all, and notes why another still cannot be', async () => {
      const store = await bench.open();
      await store.record([delivery(T)], 0);
      await store.record([delivery(T + 1)], 0);
      const [second, first] = (await store.quarantined(T + 1)).map(definite);
      await store.endQuarantine(definite(first));
      await store.recauseQuarantined(definite(second), { cause: 'another', eventType: 'message.sent' });
      expect(await store.quarantined(T + 1)).toEqual([
        { ...second, cause: 'another', eventType: 'message.sent' },
      ]);
      expect(await store.sealedDelivery(definite(first))).toBeNull();
    });

    it('takes none for another that got its number', async () => {
      const store = await bench.open();
      await store.record([delivery(T)], 0);
      const [gone] = (await store.quarantined(T)).map(definite);
      await store.endQuarantine(definite(gone));
      await store.record([delivery(T + 1)], 0);
      await store.endQuarantine(definite(gone));
      expect(await store.sealedDelivery(definite(gone))).toBeNull();
      expect(await store.quarantined(T + 1)).toHaveLength(1);
    });

    it('takes in a group with events among them, in order', async () => {
      const store = await bench.open();
      const group = [delivery(T), outboundOf(T), { ...delivery(T + 1), webhookId: 'last' }];
      expect(await store.record(group, T + 5)).toEqual(group.map(() => ({ kind: 'stored' })));
      const rows = await store.quarantined(T + 1);
      expect(rows.map(({ webhookId }) => webhookId)).toEqual(['last', 'msg_1']);
      expect(await store.chat('chat-1')).toMatchObject({ firstOutboundAt: T });
    });

    it('is spoilt by none of a group that cannot be stored, nor are the events', async () => {
      const store = await bench.open();
      const group = [delivery(T), { ...delivery(T), receivedAt: Number.NaN }, outboundOf(T)];
      const results = await store.record(group, T + 5);
      expect(results.map(({ kind }) => kind)).toEqual(['stored', 'unstorable', 'stored']);
      expect(await store.quarantined(T)).toHaveLength(1);
      expect(await store.chat('chat-1')).toMatchObject({ firstOutboundAt: T });
    });

    it('keeps the newest 1,000 of a group, too', async () => {
      const store = await bench.open();
      await store.record([delivery(T), delivery(T + 1)], T);
      await store.record(
        Array.from({ length: 1_001 }, (_, i) => delivery(T + 2 + i)),
        T,
      );
      expect((await store.summary(T)).quarantined).toEqual({ count: 1_000, oldestAt: T + 3 });
    });

    it('keeps the newest 1,000', async () => {
      const store = await bench.open();
      for (let i = 0; i < 1_003; i++) await store.record([delivery(T + i)], 0);
      expect((await store.summary(T)).quarantined).toEqual({ count: 1_000, oldestAt: T + 3 });
    });
  });
}
