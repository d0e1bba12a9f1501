import { describe, expect, it } from 'vitest';
import { classifyAnswer } from '../../../src/decide/outcome.ts';
import { fixture, setUp } from './raw-client.ts';
import { http, type Respond } from './raw-server.ts';

/** Answers to a read that bring nothing, with what becomes of the chat that waits for them. */
const FAILURES: readonly (readonly [string, Respond | string, string])[] = [
  ['a 401', http(401, fixture('error-2004-401-unauthorized.json')), 'api_key_rejected'],
  ['a 429', http(429, fixture('error-1007-429-rate-limited.json')), 'rate_limited'],
  ['a 500', http(500, fixture('error-3006-500-internal.json')), 'transient'],
  ["a gateway's 401", http(401, '{"message":"Unauthorized"}'), 'transient'],
  ["a gateway's 403", http(403, '{"error":{"code":403,"message":"blocked"}}'), 'transient'],
  ["a 404 that isn't Linq's", http(404, '<html></html>'), 'transient'],
  ['a 200 with HTML', http(200, '<html></html>'), 'transient'],
  ['a 200 with nothing', http(204), 'transient'],
  ['a 200 with another object', http(200, '{"ok":true}'), 'transient'],
  [
    'a 200 that is cut off',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"id":"c1'),
    'transient',
  ],
  [
    'a 200 that is too large',
    http(200, `{"id":"c1","contact_cards":[],"x":"${'x'.repeat(65_536)}"}`),
    'transient',
  ],
  ['a reset', (socket) => socket.resetAndDestroy(), 'transient'],
  ['a server that hangs', () => {}, 'transient'],
];

describe('contactCards', () => {
  it('asks for one line, or for all, without a body', async () => {
    const { server, client } = await setUp(http(200, fixture('contact_card.active.json')));
    const cards = {
      kind: 'cards',
      cards: [{ line: '+12025550100', isActive: true, digest: expect.any(String) }],
    };
    expect(await client.contactCards('+12025550100')).toEqual(cards);
    expect(await client.contactCards(null)).toEqual(cards);
    expect(server.requests.map(({ line }) => line)).toEqual([
      'GET /api/partner/v3/contact_card?phone_number=%2B12025550100 HTTP/1.1',
      'GET /api/partner/v3/contact_card HTTP/1.1',
    ]);
    const names = [...(server.requests[0]?.headers.keys() ?? [])];
    const asked = ['host', 'connection', 'authorization', 'accept', 'accept-encoding', 'cache-control'];
    expect(names).toEqual(asked);
    expect(server.requests[0]?.headers.get('accept-encoding')).toBe('identity');
    expect(server.requests[0]?.headers.get('cache-control')).toBe('no-cache');
  });

  it.each([
    ['an empty list', http(200, fixture('contact_card.none.json'))],
    ['404 with code 2012', http(404, fixture('error-2012-404-contact-card-not-found.json'))],
    ['409 with code 2012', http(409, '{"error":{"code":2012}}')],
  ])('takes %s for no card', async (_, bytes) => {
    const { client } = await setUp(bytes);
    expect(await client.contactCards('+12025550100')).toEqual({ kind: 'cards', cards: [] });
  });

  it.each(FAILURES)('fails on %s', async (_, respond, verdict) => {
    const { client } = await setUp(respond, { deadlineMs: 150 });
    const answer = await client.contactCards(null);
    expect(answer.kind === 'failed' && classifyAnswer(answer.answer)).toMatchObject({ kind: verdict });
  });
});

describe('chat', () => {
  it('reads line, service, group and health', async () => {
    const { server, client } = await setUp(http(200, fixture('chats.retrieve-imessage.json')));
    expect(await client.chat('a/b')).toEqual({
      kind: 'chat',
      line: '+12025550100',
      service: 'iMessage',
      isGroup: false,
      health: { status: 'HEALTHY', at: Date.parse('2026-11-03T16:18:57.042Z') },
    });
    expect(server.requests[0]?.line).toBe('GET /api/partner/v3/chats/a%2Fb HTTP/1.1');
  });

  it('fails with the code that Linq gives', async () => {
    const { client } = await setUp(http(404, fixture('error-2001-404-chat-not-found.json')));
    expect(await client.chat('c1')).toMatchObject({
      kind: 'failed',
      answer: { httpStatus: 404, linqCode: 2001 },
    });
  });

  it.each(FAILURES)('fails on %s', async (_, respond, verdict) => {
    const { client } = await setUp(respond, { deadlineMs: 150 });
    const answer = await client.chat('c1');
    expect(answer.kind === 'failed' && classifyAnswer(answer.answer)).toMatchObject({ kind: verdict });
  });

  it('never counts as a call that may have worked', async () => {
    const { client } = await setUp(() => {}, { deadlineMs: 150 });
    expect(await client.chat('c1')).toEqual({
      kind: 'failed',
      answer: { kind: 'unanswered', mayHaveArrived: false, cause: 'timeout' },
    });
  });

  it('ends with the signal it was given', async () => {
    const stop = new AbortController();
    const { client } = await setUp(() => stop.abort());
    expect(await client.chat('c1', stop.signal)).toMatchObject({ answer: { cause: 'aborted' } });
    expect(await client.contactCards(null, stop.signal)).toMatchObject({ answer: { cause: 'aborted' } });
  });
});
