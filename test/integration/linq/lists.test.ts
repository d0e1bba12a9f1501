import { describe, expect, it } from 'vitest';
import { setUp } from './raw-client.ts';
import { http } from './raw-server.ts';

const MIB = 1024 * 1024;
const largeMessages = (bytes: number) =>
  JSON.stringify({ messages: [{ parts: [{ type: 'text', value: 'x'.repeat(bytes) }] }], next_cursor: '9' });

describe('lists', () => {
  it('are asked for a page of 100 at a time, and the cursor is handed back as it came', async () => {
    const { client, lines } = await setUp(
      http(200, '{"chats":[],"messages":[],"phone_numbers":[],"subscriptions":[]}'),
    );
    await client.chats(null, null);
    await client.chats(null, 'a/b&c=20');
    await client.chats('+12025550100', '20');
    await client.lines();
    await client.messages('chat/1', null);
    await client.messages('chat-1', '100');
    await client.subscriptions();
    expect(lines()).toEqual([
      'GET /api/partner/v3/chats?limit=100 HTTP/1.1',
      'GET /api/partner/v3/chats?limit=100&cursor=a%2Fb%26c%3D20 HTTP/1.1',
      'GET /api/partner/v3/chats?limit=100&cursor=20&from=%2B12025550100 HTTP/1.1',
      'GET /api/partner/v3/phone_numbers HTTP/1.1',
      'GET /api/partner/v3/chats/chat%2F1/messages?limit=100 HTTP/1.1',
      'GET /api/partner/v3/chats/chat-1/messages?limit=100&cursor=100 HTTP/1.1',
      'GET /api/partner/v3/webhook-subscriptions HTTP/1.1',
    ]);
  });

  it('that are null are empty, as Go writes them', async () => {
    const nothing =
      '{"chats":null,"messages":null,"phone_numbers":null,"subscriptions":null,"contact_cards":null}';
    const { client } = await setUp(http(200, nothing));
    expect([
      await client.chats(null, null),
      await client.messages('c1', null),
      await client.lines(),
      await client.subscriptions(),
      await client.contactCards(null),
    ]).toEqual([
      { kind: 'chats', chats: [], nextCursor: null },
      { kind: 'messages', messages: [], nextCursor: null },
      { kind: 'lines', lines: [] },
      { kind: 'subscriptions', subscriptions: [] },
      { kind: 'cards', cards: [] },
    ]);
  });

  it('report what in them can’t be read, and keep the rest', async () => {
    const unreadable: string[] = [];
    const body =
      '{"chats":[7,{"id":"c1","health_status":"canary"}],"phone_numbers":[{"phone_number":"a b"}]}';
    const { client } = await setUp(http(200, body), { onUnreadable: (field) => unreadable.push(field) });
    expect(await client.chats(null, null)).toMatchObject({ chats: [{ chatId: 'c1', health: null }] });
    expect(await client.lines()).toEqual({ kind: 'lines', lines: [] });
    expect(unreadable).toEqual(['chats[]', 'chats[].health_status', 'phone_numbers[].phone_number']);
  });

  it('may be 8 MiB long, so that 100 messages of 10,000 characters fit however they are escaped', async () => {
    const { client } = await setUp(http(200, largeMessages(8 * MIB - 200)));
    expect(await client.messages('c1', null)).toEqual({ kind: 'messages', messages: [], nextCursor: '9' });
  });

  it.each([
    ['is longer', http(200, largeMessages(8 * MIB))],
    ['is no list', http(200, '{"ok":true}')],
    ['is no JSON', http(200, '<html></html>')],
    ['is empty', http(204)],
  ])('are not read when an answer %s', async (_what, response) => {
    const { client } = await setUp(response);
    const unreadable = { kind: 'unanswered', mayHaveArrived: false, cause: 'unreadable' };
    for (const list of [
      client.chats(null, null),
      client.messages('c1', null),
      client.lines(),
      client.subscriptions(),
    ]) {
      expect(await list).toEqual({ kind: 'failed', answer: unreadable });
    }
  });

  it('tell why Linq refuses them', async () => {
    const { client } = await setUp(http(404, '{"error":{"code":2001}}', 'retry-after: 7'));
    expect(await client.messages('c1', null)).toMatchObject({
      kind: 'failed',
      answer: { kind: 'answered', httpStatus: 404, linqCode: 2001, retryAfterMs: 7_000 },
    });
  });

  it("don't keep shares waiting: they are read on a connection of their own", async () => {
    const { client } = await setUp(
      (socket, { line }) => {
        if (line.startsWith('POST')) socket.write(http(204)); // lists get no answer at all
      },
      { connections: 1 },
    );
    const lists = [client.chats(null, null), client.messages('c1', null)];
    expect(await client.shareContactCard('c1')).toMatchObject({ kind: 'answered', httpStatus: 204 });
    await client.close();
    for (const list of lists)
      expect(await list).toMatchObject({ kind: 'failed', answer: { cause: 'closed' } });
  });

  it('end as soon as they are told to', async () => {
    const { client } = await setUp(() => {});
    const stop = new AbortController();
    const list = client.chats(null, null, stop.signal);
    stop.abort();
    expect(await list).toMatchObject({ kind: 'failed', answer: { cause: 'aborted' } });
  });
});
