import { afterEach, describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../../src/simulator/linq-events.ts';
import { createPairs, LINE } from './harness.ts';

const { start, stopAll } = createPairs();
afterEach(stopAll);

const CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';

async function startWithChat(query = '') {
  const pair = await start({}, [204], query);
  const { simulator, receiver, control } = pair;
  simulator.createChat({ line: LINE, chatId: CHAT });
  simulator.sendMessage(CHAT);
  simulator.receiveMessage(CHAT, 'Hi');
  await simulator.settled();
  receiver.received.length = 0;
  /** Tells an event; resolves to how it arrived. */
  const tell = async (event: object) => {
    const { status, body } = await control('POST', 'events', event);
    expect([status, body]).toEqual([200, { event_id: expect.any(String) }]);
    await simulator.settled();
    const received = receiver.received.at(-1);
    expect(received?.event.event_id).toBe(body.event_id);
    return received?.event as unknown as { data: Record<string, unknown> } & Record<string, unknown>;
  };
  return { ...pair, tell };
}

it.each(['2026-02-03', '2025-01-01'])('sends each of the 75 types, in version %s', async (version) => {
  const { tell } = await startWithChat(`?version=${version}`);
  expect(new Set(EVENT_TYPES).size).toBe(75);
  for (const type of EVENT_TYPES) {
    const event = await tell({ type, chatId: CHAT });
    expect(event).toMatchObject({ event_type: type, webhook_version: version, data: {} });
  }
});

describe('an event told on demand', () => {
  it.each([
    'api_token.expired',
    'environment.line_moved',
    'team_member.signed_in',
    'zero_day_retention.updated',
  ])(
    'of the account says what, when, who and from where, and goes to subscriptions of any line: %s',
    async (type) => {
      const { tell, call, subscription } = await startWithChat();
      await call('PUT', `webhook-subscriptions/${subscription.subscriptionId}`, { phone_numbers: [LINE] });
      expect((await tell({ type })).data).toEqual({
        summary: type.replaceAll(/[._]/g, ' '),
        occurred_at: expect.stringMatching(/Z$/),
        actor: { type: 'team_member' },
        origin: 'dashboard',
      });
    },
  );

  it.each(['created', 'updated', 'deleted'])('contact_card.%s names its line', async (what) => {
    const { tell } = await startWithChat();
    const { data } = await tell({ type: `contact_card.${what}`, line: LINE });
    expect(data).toMatchObject({ phone_number: LINE, actor: { type: 'team_member' } });
  });

  it('has other fields, odd ones, or lacks some, as it is told', async () => {
    const { tell, simulator } = await startWithChat();
    const event = await tell({
      type: 'message.sent',
      chatId: CHAT,
      payload: {
        created_at: 1_762_186_805,
        data: { chat: { health_status: 'HEALTHY' }, parts: [{ type: 'x' }, 7] },
      },
      without: ['data.sender_handle.service', 'data.chat.is_group', 'trace_id', 'data.no.such.field'],
    });
    expect(event).toMatchObject({ created_at: 1_762_186_805 });
    expect(event).not.toHaveProperty('trace_id');
    expect(event.data).toMatchObject({
      parts: [{ type: 'x' }, 7],
      chat: { id: CHAT, health_status: 'HEALTHY' },
    });
    expect(event.data).not.toHaveProperty('chat.is_group');
    expect(event.data).not.toHaveProperty('sender_handle.service');
    expect(event.data).toHaveProperty('chat.owner_handle.service');
    expect(simulator.chat(CHAT).own.service).toBe('iMessage');
  });

  it.each([
    [{ type: 'message.sent' }, 'chatId: missing; message.sent is about a chat'],
    [{ type: 'contact_card.updated' }, 'line: missing; contact_card.updated is about a line'],
    [{ type: 'phone_number.status_updated' }, 'line: missing; phone_number.status_updated is about a line'],
    [{ type: 'message.snet', chatId: CHAT }, 'type: expected "message.sent", '],
    [{ type: 'chat.created', chatId: CHAT, payload: [] }, 'payload: expected an object'],
    [{ type: 'chat.created', chatId: 'nope' }, 'no chat nope'],
    [{ type: 'message.read', chatId: 'empty' }, 'chat empty has no outbound message: message.read needs one'],
  ])('%j is refused with what is missing', async (event, message) => {
    const { control, simulator } = await startWithChat();
    simulator.createChat({ line: LINE, chatId: 'empty', announce: false });
    const { status, body } = await control('POST', 'events', event);
    expect([status, body.error]).toEqual([400, expect.stringContaining(message)]);
  });
});

describe('a message', () => {
  it.each([
    ['left out', 'absent', undefined],
    ['null', null, null],
    ['an empty list', [], []],
    ['of an unknown kind', [{ type: 'hologram', value: 1 }, 'odd'], [{ type: 'hologram', value: 1 }, 'odd']],
  ])('can have parts that are %s, in answers and webhooks of both versions', async (_what, parts, shown) => {
    for (const query of ['', '?version=2025-01-01']) {
      const { control, call, receiver, simulator } = await startWithChat(query);
      expect((await control('POST', `chats/${CHAT}/send`, { parts })).status).toBe(200);
      await control('POST', `chats/${CHAT}/receive`, { text: 'STOP', parts });
      await simulator.settled();
      const answer = await (await call('GET', `chats/${CHAT}/messages?limit=2`)).json();
      const { messages } = answer as { messages: Record<string, unknown>[] };
      for (const message of messages) expect(partsIn(message)).toEqual(shown);
      const told = receiver.received.map(
        ({ event }) => event.data as Record<string, Record<string, unknown>>,
      );
      expect(told).toHaveLength(2);
      for (const data of told) expect(partsIn(data.message ?? data)).toEqual(shown);
    }
  });

  const partsIn = ({ parts }: Record<string, unknown>): unknown => {
    if (!Array.isArray(parts)) return parts;
    return parts.map((part: unknown) => {
      if (typeof part !== 'object' || part === null) return part;
      const { reactions: _, ...rest } = part as Record<string, unknown>;
      return rest;
    });
  };
});
