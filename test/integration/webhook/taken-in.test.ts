import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SENDER_CONFLICT } from '../../../src/webhook/event-readers.ts';
import { openSealed } from '../../../src/webhook/quarantine.ts';
import { message2025, message2026, OTHER_SECRET, SECRET, sign, signLegacy } from '../../helpers/deliver.ts';
import { NOW, startRoute } from './server.ts';

function createSignal<T>() {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, fire: (value: T) => settle(value) };
}

describe('an authentic delivery is answered 204', () => {
  it.each([
    ['2026-02-03', message2026],
    ['2025-01-01', message2025],
  ])('once its facts are committed, not before (version %s)', async (_version, message) => {
    const asked = createSignal<void>();
    const committed = createSignal<'stored'>();
    const route = await startRoute({
      record: () => {
        asked.fire();
        return committed.promise;
      },
    });
    let isAnswered = false;
    const answer = route.deliver(message({ chatId: 'c1' })).finally(() => {
      isAnswered = true;
    });
    await asked.promise;
    for (let n = 0; n < 20; n++) await turn();
    expect(isAnswered).toBe(false);
    expect(route.counters.accepted).toBe(0);
    committed.fire('stored');
    expect(await answer).toMatchObject({ status: 204, body: '' });
    expect(route.counters).toMatchObject({ accepted: 1, ignored: 0, quarantined: 0, lastAcceptedAt: NOW });
    expect(route.deliveries.newest()).toEqual([
      { at: NOW, eventType: 'message.sent', chatId: 'c1', verdict: 'accepted' },
    ]);
  });

  it('whichever secret signed it, and with the deprecated headers where they are accepted', async () => {
    const route = await startRoute();
    const body = JSON.stringify(message2026());
    expect(await route.deliver(message2026(), { secret: OTHER_SECRET })).toMatchObject({ status: 204 });
    expect(await route.post(body, signLegacy(body, { at: NOW }))).toMatchObject({ status: 204 });
    expect(route.recorded).toHaveLength(2);
  });

  it('whatever parameters its content type has', async () => {
    const route = await startRoute();
    const body = JSON.stringify(message2026());
    for (const type of [
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/json ;charset="utf-8"',
    ]) {
      const headers = { ...sign(body, { at: NOW }), 'content-type': type, 'content-encoding': 'identity' };
      expect(await route.post(body, headers)).toMatchObject({ status: 204 });
    }
  });

  it.each([
    ['an unknown type', { event_type: 'chat.from_the_future', data: null }],
    ['an inbound edit', message2026({ eventType: 'message.edited', isOutbound: false })],
    ['a failed message', { event_type: 'message.failed', data: {} }],
  ])('without asking the store, when there is nothing for us in it: %s', async (_name, event) => {
    const route = await startRoute();
    expect(await route.deliver(event)).toMatchObject({ status: 204, body: '' });
    expect(route.recorded).toEqual([]);
    expect(route.counters).toMatchObject({ accepted: 0, ignored: 1, lastAcceptedAt: NOW });
    expect(route.deliveries.newest()).toMatchObject([{ verdict: 'ignored', chatId: null }]);
  });

  it('with a warning when Linq contradicts itself about the sender', async () => {
    const route = await startRoute();
    const event = message2026();
    Object.assign(event.data as object, { sender_handle: { handle: '+12025550142', is_me: false } });
    expect(await route.deliver(event)).toMatchObject({ status: 204 });
    expect(route.logged()).toMatchObject([{ level: 40, msg: 'delivery.received', reason: SENDER_CONFLICT }]);
  });

  it('and logged at debug level, by ids and verdict', async () => {
    const route = await startRoute();
    await route.deliver(message2026({ chatId: 'c1' }), { webhookId: 'evt_1' });
    expect(route.logged()).toMatchObject([
      {
        level: 20,
        msg: 'delivery.received',
        webhookId: 'evt_1',
        eventType: 'message.sent',
        chatId: 'c1',
        verdict: 'accepted',
      },
    ]);
  });
});

describe('an authentic delivery that cannot be read or stored is answered 202 and quarantined', () => {
  const { event_type: _type, ...untyped } = message2026();
  it.each([
    ['no JSON', 'hello', null, /JSON/],
    ['an empty body', '', null, /JSON/],
    ['no event_type', untyped, null, /event_type/],
    [
      'too deep',
      `{"event_type":"message.sent","a":${'['.repeat(70)}${']'.repeat(70)}}`,
      null,
      /nested deeper/,
    ],
    ['a prototype key', '{"event_type":"message.sent","__proto__":{}}', null, /__proto__/],
    [
      'a needed field missing',
      { event_type: 'message.sent', data: { chat: {} } },
      'message.sent',
      /data\.chat\.id/,
    ],
  ])('%s', async (_name, event, eventType, cause) => {
    const route = await startRoute();
    expect(await route.deliver(event, { webhookId: 'evt_1' })).toMatchObject({ status: 202 });
    const body = typeof event === 'string' ? event : JSON.stringify(event);
    expect(route.quarantined).toMatchObject([
      { receivedAt: NOW, webhookId: 'evt_1', eventType, cause: expect.stringMatching(cause) },
    ]);
    expect(openSealed(route.quarantined[0]?.sealed ?? Buffer.alloc(0), SECRET)?.toString()).toBe(body);
    expect(route.recorded).toEqual([]);
    expect(route.counters).toMatchObject({ accepted: 0, quarantined: 1, lastAcceptedAt: NOW });
    expect(route.logged()).toMatchObject([
      { level: 40, msg: 'delivery.quarantined', webhookId: 'evt_1', eventType },
    ]);
  });

  it('what the store refuses for good, sealed under the secret that verified it', async () => {
    const route = await startRoute({ record: async () => ({ unstorable: 'CHECK constraint failed' }) });
    expect(await route.deliver(message2026({ chatId: 'c1' }), { secret: OTHER_SECRET })).toMatchObject({
      status: 202,
    });
    const [row] = route.quarantined;
    expect(row).toMatchObject({ eventType: 'message.sent', cause: 'CHECK constraint failed' });
    expect(openSealed(row?.sealed ?? Buffer.alloc(0), SECRET)).toBeNull();
    expect(openSealed(row?.sealed ?? Buffer.alloc(0), OTHER_SECRET)?.toString()).toContain('"c1"');
    expect(route.deliveries.newest()).toMatchObject([{ chatId: 'c1', verdict: 'quarantined' }]);
  });
});
