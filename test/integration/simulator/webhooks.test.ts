import LinqAPIV3 from '@linqapp/sdk';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { API_KEY, createPairs, LINE, type Received } from './harness.ts';

const { start, stopAll } = createPairs();
afterEach(stopAll);

const headersOf = ({ headers }: Received) => headers as Record<string, string>;

describe('what happens in the account is delivered', () => {
  it.each(['2026-02-03', '2025-01-01'])('in version %s when the target asks for it', async (version) => {
    const { simulator, receiver } = await start({}, [204], `?version=${version}`);
    const { chatId } = simulator.createChat({ line: LINE, isGroup: true });
    simulator.sendMessage(chatId, { read: true });
    simulator.receiveMessage(chatId, 'Hi');
    simulator.failMessage(chatId);
    simulator.leaveChat(chatId);
    simulator.joinChat(chatId);
    simulator.flagLine(LINE, 'FLAGGED');
    await simulator.settled();
    expect(receiver.types().sort()).toEqual([
      'chat.created',
      'message.delivered',
      'message.failed',
      'message.read',
      'message.received',
      'message.sent',
      'participant.added',
      'participant.removed',
      'phone_number.status_updated',
    ]);
    expect(new Set(receiver.received.map(({ event }) => event.webhook_version))).toEqual(new Set([version]));
  });

  it('of contact cards, as they come, change and go', async () => {
    const { simulator, receiver } = await start();
    simulator.addLine('+12025550101', { card: 'none' });
    for (const state of ['none', 'inactive', 'active', 'none'] as const)
      simulator.setCard('+12025550101', state, { announce: true });
    await simulator.settled();
    expect(receiver.types().sort()).toEqual(
      ['created', 'deleted', 'updated'].map((what) => `contact_card.${what}`),
    );
    for (const { event } of receiver.received)
      expect(event.data).toMatchObject({ phone_number: '+12025550101' });
  });

  it('with the state of the moment, whatever happens to the message later', async () => {
    const { simulator, receiver } = await start();
    const { chatId } = simulator.createChat({ line: LINE, announce: false });
    simulator.sendMessage(chatId, { read: true });
    await simulator.settled();
    const sent = receiver.received.find(({ event }) => event.event_type === 'message.sent');
    expect(sent?.event.data).toMatchObject({ delivered_at: null, read_at: null });
  });

  it('only to active subscriptions that want the type and the line', async () => {
    const { simulator, receiver, call, subscription } = await start();
    const path = `webhook-subscriptions/${subscription.subscriptionId}`;
    simulator.addLine('+12025550101');
    const chats = [LINE, '+12025550101'].map(
      (line) => simulator.createChat({ line, announce: false }).chatId,
    );
    const sendToAll = async () => {
      for (const chatId of chats) simulator.sendMessage(chatId, { delivered: true });
      await simulator.settled();
      return receiver.received.splice(0).length;
    };
    expect(await sendToAll()).toBe(4);
    await call('PUT', path, { subscribed_events: ['message.sent'] });
    expect(await sendToAll()).toBe(2);
    await call('PUT', path, { phone_numbers: [LINE] });
    expect(await sendToAll()).toBe(1);
    await call('PUT', path, { is_active: false });
    expect(await sendToAll()).toBe(0);
  });

  it('as it is, when a test hands in a body', async () => {
    const { simulator, receiver, subscription } = await start();
    const body = '{"event_type": "chat.example_future_event",  "event_id": "e-1"}\n';
    simulator.deliver(body);
    await simulator.settled();
    const [delivery] = receiver.received;
    expect(delivery?.body).toBe(body);
    expect(delivery?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'e-1',
      'x-webhook-event': 'chat.example_future_event',
      'x-webhook-subscription-id': subscription.subscriptionId,
    });
  });

  it('also for a share, when told that a share makes a message', async () => {
    const { simulator, receiver, share } = await start({ behaviour: { messagePerShare: true } });
    const { chatId } = simulator.createChat({ line: LINE, announce: false });
    simulator.sendMessage(chatId);
    await share(chatId);
    await simulator.settled();
    expect(receiver.types()).toEqual(['message.sent', 'message.sent']);
  });
});

describe('signatures', () => {
  async function deliverOne() {
    const { simulator, receiver, subscription } = await start();
    simulator.createChat({ line: LINE, displayName: 'Grüße 👋' });
    await simulator.settled();
    const [delivery] = receiver.received;
    if (delivery === undefined) throw new Error('nothing was delivered');
    return { delivery, secret: subscription.signingSecret };
  }

  it('are accepted by the standardwebhooks library, and refused once the body is tampered with', async () => {
    const { delivery, secret } = await deliverOne();
    const webhook = new Webhook(secret);
    expect(webhook.verify(delivery.body, headersOf(delivery))).toEqual(delivery.event);
    expect(() => webhook.verify(`${delivery.body} `, headersOf(delivery))).toThrow('No matching signature');
  });

  it('are accepted by unwrap of the official SDK, and refused once the body is tampered with', async () => {
    const { delivery, secret } = await deliverOne();
    const sdk = new LinqAPIV3({ apiKey: API_KEY, webhookSecret: secret });
    const headers = headersOf(delivery);
    expect(sdk.webhooks.unwrap(delivery.body, { headers })).toEqual(delivery.event);
    expect(() => sdk.webhooks.unwrap(delivery.body.replace('iMessage', 'SMS'), { headers })).toThrow();
  });

  it('carry the event id and the real time, not domain time', async () => {
    const { simulator, clock, receiver } = await start();
    clock.move(3_600_000);
    simulator.createChat({ line: LINE });
    await simulator.settled();
    const [delivery] = receiver.received;
    expect(delivery?.headers['webhook-id']).toBe(delivery?.event.event_id);
    expect(Math.abs(Number(delivery?.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(5);
    const createdAt = Date.parse(delivery?.event.created_at ?? '');
    expect(Math.abs(createdAt - Date.now() - 3_600_000)).toBeLessThan(5_000);
  });
});

describe('a subscription with routing headers', () => {
  const created = async (body: object) => {
    const { simulator, receiver, call } = await start({}, [204]);
    const answer = await call('POST', 'webhook-subscriptions', {
      target_url: `${receiver.url}?of=routing`,
      subscribed_events: ['message.sent', 'contact_card.updated'],
      ...body,
    });
    return { simulator, receiver, call, shown: (await answer.json()) as Record<string, string> };
  };
  /** What the headers were, of the deliveries that had any of them. */
  const routesOf = ({ received }: { received: readonly Received[] }) =>
    received
      .map(({ headers }) => [headers['linq-chat-id'], headers['x-shard']])
      .filter((values) => values.some((value) => value !== undefined));

  it('sends the id of the chat, and the token that an answer named, with every webhook of the chat', async () => {
    const { simulator, receiver, shown } = await created({ routing_key_header: 'X-Shard' });
    expect(shown).toMatchObject({ routing_key_header: 'X-Shard', routing_id_header: 'Linq-Chat-Id' });
    for (const chatId of ['a', 'b']) simulator.createChat({ line: LINE, chatId, announce: false });
    const send = async (chatId: string) => {
      receiver.received.length = 0;
      simulator.sendMessage(chatId);
      await simulator.settled();
      return routesOf(receiver);
    };
    receiver.answered['x-shard'] = 'shard-7';
    expect(await send('a')).toEqual([['a', undefined]]);
    expect(await send('a')).toEqual([['a', 'shard-7']]);
    expect(await send('b')).toEqual([['b', undefined]]);
    receiver.received.length = 0;
    simulator.setCard(LINE, 'inactive', { announce: true });
    await simulator.settled();
    expect(receiver.types()).toEqual(['contact_card.updated', 'contact_card.updated']);
    expect(routesOf(receiver)).toEqual([]); // it is of no chat
  });

  it('keeps them through a change of something else, and clears them when told to', async () => {
    const { call, shown } = await created({ routing_key_header: 'X-Shard', routing_id_header: 'X-Chat' });
    const path = `webhook-subscriptions/${shown.id}`;
    const changed = async (body: object) => (await call('PUT', path, body)).json();
    expect(await changed({ is_active: false })).toMatchObject({
      routing_key_header: 'X-Shard',
      routing_id_header: 'X-Chat',
    });
    const cleared = await changed({ routing_key_header: null, routing_id_header: null });
    expect(Object.keys(cleared as object).filter((name) => name.startsWith('routing'))).toEqual([]);
    expect((await call('PUT', path, { routing_key_header: 'not a header' })).status).toBe(400);
    expect((await call('PUT', path, { routing_key_header: 7 })).status).toBe(400);
  });

  it('shows none where nobody asked for any', async () => {
    const { shown } = await created({});
    expect(Object.keys(shown).filter((name) => name.startsWith('routing'))).toEqual([]);
  });
});
