import { describe, expect, it } from 'vitest';
import { DAY } from '../../../../src/decide/time.ts';
import { inboundOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { startStatus, TOKEN } from '../harness.ts';

const NOTHING_DONE = {
  ...{ settled: [], claims: [], version: 0, starts: new Map() },
  ...{ isContended: false, lacksLookUps: false },
};

const chatIds = ({ body }: { body: { chats: { chatId: string }[] } }) =>
  body.chats.map(({ chatId }) => chatId);

/** Due chats on a line with an active card (and so shared), on one without a card, and one that never sent. */
async function startMixed() {
  const started = await startStatus({
    cards: [LINE],
    events: [
      outboundOf(T, { chatId: 'shared' }),
      outboundOf(T, { chatId: 'no-card', line: OTHER_LINE }),
      outboundOf(T, { chatId: 'sms', line: OTHER_LINE, service: 'SMS' }),
      inboundOf(T, { chatId: 'inbound-only' }),
    ],
  });
  await started.idle();
  return started;
}

describe('GET /status/chats/{chatId}', () => {
  it('shows every fact, the decision with its explanation, and the attempts', async () => {
    const { get } = await startMixed();
    expect(await get('/status/chats/shared')).toMatchObject({
      status: 200,
      body: {
        chatId: 'shared',
        line: '+1•••••0100',
        service: 'iMessage',
        isGroup: false,
        firstOutboundAt: '2026-11-03T16:00:00.000Z',
        lastOutboundAt: '2026-11-03T16:00:00.000Z',
        lastInboundAt: null,
        optedOutAt: null,
        health: null,
        lastSharedAt: '2026-11-03T16:00:00.001Z',
        shareCount: 1,
        state: 'waiting',
        reason: 'window',
        explanation:
          'Shared at 2026-11-03 16:00:00 UTC. Next share when the 24-hour window ends, at 2026-11-04 16:00:00 UTC (in 1 d).',
        nextAttemptAt: '2026-11-04T16:00:00.001Z',
        attempts: [
          {
            attemptId: expect.stringMatching(/.+/),
            trigger: 'became_eligible',
            startedAt: '2026-11-03T16:00:00.000Z',
            endedAt: '2026-11-03T16:00:00.001Z',
            outcome: 'shared',
            httpStatus: 204,
            linqCode: null,
            traceId: null,
          },
        ],
      },
    });
  });

  it('shows null for what no event told', async () => {
    const { get } = await startMixed();
    expect((await get('/status/chats/inbound-only')).body).toMatchObject({
      line: null,
      service: null,
      isGroup: null,
      firstOutboundAt: null,
      lastInboundAt: '2026-11-03T16:00:00.000Z',
      state: 'held',
      reason: 'no_outbound',
      nextAttemptAt: null,
      attempts: [],
    });
  });

  it('shows a due chat of a closed line as held by it', async () => {
    const { get } = await startMixed();
    expect((await get('/status/chats/no-card')).body).toMatchObject({
      state: 'held',
      reason: 'card_missing',
      nextAttemptAt: null,
    });
  });

  it('decides as of now, even before the dispatcher has noticed that time passed', async () => {
    const { get, clock, store } = await startMixed();
    store.turn = async () => NOTHING_DONE;
    store.wakeChats = async () => 0;
    clock.advance(DAY + 1);
    expect((await get('/status/chats/shared')).body).toMatchObject({ state: 'due', reason: 'window_lapsed' });
  });

  it('shows numbers in full when asked to', async () => {
    const { get } = await startStatus({ events: [outboundOf(T)], deps: { showNumbers: true } });
    expect((await get('/status/chats/chat-1')).body.line).toBe(LINE);
  });

  it('says that it knows no such chat', async () => {
    const { get } = await startStatus();
    expect(await get('/status/chats/nobody')).toMatchObject({
      status: 404,
      body: { statusCode: 404, code: 'CHAT_NOT_FOUND', error: 'Not Found' },
    });
  });
});

describe('GET /status/chats', () => {
  it.each([
    ['', ['shared', 'no-card', 'sms', 'inbound-only']],
    ['state=waiting', ['shared']],
    ['state=held', ['no-card', 'sms', 'inbound-only']],
    ['state=due', []],
    ['reason=card_missing', ['no-card']],
    ['reason=not_imessage', ['sms']],
    ['reason=became_eligible', []],
    ['state=held&reason=card_missing', ['no-card']],
    ['state=waiting&reason=card_missing', []],
    ['line=%2B12025550100', ['shared']],
    ['line=+12025550101', ['no-card', 'sms']],
    [`line=${encodeURIComponent('+1•••••0101')}`, ['no-card', 'sms']],
    ['line=%2B12025550101&state=held&reason=not_imessage', ['sms']],
    ['line=%2B12025550199', []],
  ])('lists for "%s" what is shown so', async (query, expected) => {
    const { get } = await startMixed();
    expect(chatIds(await get(`/status/chats?${query}`))).toEqual(expected);
  });

  it('sorts by the last message, latest first unless told otherwise, and counts what matches', async () => {
    const events = [
      outboundOf(T - 2, { chatId: 'b', service: 'SMS' }),
      outboundOf(T - 1, { chatId: 'c', service: 'SMS' }),
      outboundOf(T - 3, { chatId: 'a', service: 'SMS' }),
      inboundOf(T, { chatId: 'silent' }),
    ];
    const { get } = await startStatus({ events });
    const list = (query: string) => get(`/status/chats?${query}`);
    expect(chatIds(await list('sort=last_message'))).toEqual(['c', 'b', 'a', 'silent']);
    expect(chatIds(await list('sort=last_message&order=asc'))).toEqual(['silent', 'a', 'b', 'c']);
    expect(chatIds(await list('order=desc'))).toEqual(['silent', 'a', 'c', 'b']);
    expect((await list('reason=not_imessage&limit=1')).body).toMatchObject({ total: 3 });
    expect((await list('sort=last_share')).body).toEqual({ chats: [], nextCursor: null, total: null });
  });

  it('refuses to sort too many, and says what else there is', async () => {
    const { get, store } = await startStatus();
    store.counts = async () => [{ line: null, state: 'held', reason: 'no_outbound', count: 5_001 }];
    expect(await get('/status/chats?sort=last_share')).toMatchObject({
      status: 400,
      body: {
        message: expect.stringContaining('5,001 chats match, and "sort=last_share" sorts at most 5,000.'),
      },
    });
    for (const query of ['sort=last_share&state=due', 'sort=next_attempt', '']) {
      expect((await get(`/status/chats?${query}`)).status).toBe(200);
    }
  });

  it('finds chats by the beginning of their ids, page by page', async () => {
    const ids = ['ab-1', 'ab-3', 'ab-2', 'b-ab'];
    const { get } = await startStatus({ events: ids.map((chatId) => outboundOf(T, { chatId })) });
    const first = await get('/status/chats?prefix=ab&limit=2');
    expect(chatIds(first)).toEqual(['ab-1', 'ab-2']);
    const cursor = encodeURIComponent(first.body.nextCursor);
    const second = await get(`/status/chats?prefix=ab&limit=2&cursor=${cursor}`);
    expect(chatIds(second)).toEqual(['ab-3']);
    expect(second.body.nextCursor).toBeNull();
    expect(chatIds(await get('/status/chats?prefix=ab-1&limit=1'))).toEqual(['ab-1']);
  });

  it('pages through every chat exactly once', async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `chat-${index}`);
    const { get, idle } = await startStatus({ events: ids.map((chatId) => outboundOf(T, { chatId })) });
    await idle();
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await get(
        `/status/chats?limit=3&state=waiting${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      expect(chatIds(page).length).toBeLessThanOrEqual(3);
      seen.push(...chatIds(page));
      cursor = page.body.nextCursor;
    }
    expect(seen).toEqual(ids);
  });

  it.each([
    ['limit=0', '"limit" must be a whole number from 1 to 200.'],
    ['limit=201', '"limit" must be a whole number from 1 to 200.'],
    ['limit=many', '"limit" must be a whole number from 1 to 200.'],
    ['limit=', '"limit" must be a whole number from 1 to 200.'],
    ['limit=1&limit=2', '"limit" must be a whole number from 1 to 200.'],
    ['state=DUE', '"state" must be one of retired, held, done, waiting, idle, retrying, due, sharing.'],
    ['state=due&state=held', '"state" must be given once.'],
    ['reason=because', expect.stringContaining('"reason" must be one of chat_gone, ')],
    ['line=me', '"line" must be a full number (+12025550100) or as shown (+1•••••0100).'],
    ['cursor=x', '"cursor" must be the nextCursor of the previous page.'],
    ['cursor=7&sort=last_share', '"cursor" must be the nextCursor of the previous page.'],
    ['cursor=m1.7&sort=last_share', '"cursor" must be the nextCursor of the previous page.'],
    ['prefix=a&cursor=b', '"cursor" must be the nextCursor of the previous page.'],
    ['prefix=', '"prefix" must be the beginning of a chat id.'],
    ['prefix=a&state=due', '"prefix" can’t be combined with "state".'],
    ['sort=chatId', '"sort" must be one of first_seen, last_message, last_share, next_attempt.'],
    ['order=up', '"order" must be one of asc, desc.'],
    [
      'stat=due',
      'Unknown parameter "stat"; allowed are state, reason, line, limit, cursor, prefix, sort, order.',
    ],
  ])('refuses "%s" and says what is allowed', async (query, message) => {
    const { get } = await startStatus();
    expect(await get(`/status/chats?${query}`)).toMatchObject({
      status: 400,
      body: { statusCode: 400, code: 'BAD_PARAMETER', error: 'Bad Request', message },
    });
  });

  it('leaves out a chat that is no longer as it was stored', async () => {
    const { get, clock, store } = await startMixed();
    store.turn = async () => NOTHING_DONE;
    store.wakeChats = async () => 0;
    clock.advance(DAY + 1);
    expect(chatIds(await get('/status/chats?state=waiting'))).toEqual([]);
  });

  it('counts what Linq flags as held too', async () => {
    const { get, put, del, store, dispatcher, idle } = await startMixed();
    await put('/status/pause');
    await store.record([outboundOf(T, { chatId: 'new' }), lineEventOf({ status: 'FLAGGED' })], T);
    dispatcher.linesChanged();
    await idle();
    expect(chatIds(await get('/status/chats?reason=paused'))).toEqual(['no-card', 'new']);
    await del('/status/pause');
    await idle();
    expect(chatIds(await get('/status/chats?reason=line_flagged'))).toEqual(['new']);
  });
});

describe('GET /status/chats.csv', () => {
  it('writes every chat that matches, over several pages, without what a spreadsheet would run', async () => {
    const ids = Array.from({ length: 401 }, (_, index) => `chat-${index}`);
    const events = [...ids, '=cmd()', 'a,"b"'].map((chatId) => outboundOf(T, { chatId, service: 'SMS' }));
    const { app } = await startStatus({ events: [...events, inboundOf(T, { chatId: 'other' })] });
    const headers = { authorization: `Bearer ${TOKEN}` };
    const ask = (query: string, method: 'GET' | 'HEAD' = 'GET') =>
      app.inject({ method, url: `/status/chats.csv?${query}`, headers });
    const answer = await ask('reason=not_imessage');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="chats.csv"',
    });
    const [head, ...lines] = answer.body.trimEnd().split('\r\n');
    expect(head).toMatch(/^chatId,line,service,isGroup,.*,explanation$/);
    expect(lines.map((line) => line.split(",'+1•••••0100,SMS,false,")[0])).toEqual([
      ...ids,
      "'=cmd()",
      '"a,""b"""',
    ]);
    expect((await ask('prefix=chat-40')).body.match(/^chat-40/gm)).toHaveLength(2);
    const announced = await ask('', 'HEAD');
    expect([announced.body, announced.headers['content-length']]).toEqual(['', undefined]);
    expect((await ask('state=asleep')).json()).toMatchObject({ code: 'BAD_PARAMETER' });
    expect((await ask('limit=3')).json().message).toBe(
      'Unknown parameter "limit"; allowed are state, reason, line, prefix.',
    );
  });
});
