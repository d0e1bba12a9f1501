import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { answerOf, inboundOf, LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { TOKEN } from '../harness.ts';
import { browse, LOGGED_IN, textOf } from './browsing.ts';

const CHAT = '/chats/chat-1';
const timelineOf = (body: string) =>
  textOf(body.split('aria-labelledby="timeline"')[1]?.split('</section>')[0] ?? '');
const factsOf = (body: string) =>
  textOf(body.split('aria-labelledby="facts"')[1]?.split('</section>')[0] ?? '');
/** Without what only screen readers tell. */
const whyOn = (body: string) =>
  (/<p class="why">(.*?)<\/p>/.exec(body)?.[1] ?? '')
    .replace(/<span class="hidden">.*?<\/span>/g, '')
    .replace(/<[^>]+>/g, '');
const flagsOn = (body: string) => textOf(body.split('class="flags">')[1]?.split('</p>')[0] ?? '').trim();
const actionsOn = (body: string) =>
  [...body.matchAll(/action="\/chats\/chat-1\/(\w+)["?]/g)].map(([, action]) => action);

describe('GET /chats/{chatId}', () => {
  it('says on top why the chat did get the card, then what is known, line masked', async () => {
    const { open, idle, clock } = await browse({ events: [outboundOf(T), inboundOf(T - HOUR)] });
    await idle();
    clock.advance(90 * MINUTE);
    const { status, headers, body } = await open(CHAT);
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(whyOn(body)).toBe('Shared 1\u00a0h ago. Next share when the 24-hour window ends, in 22\u00a0h.');
    expect(factsOf(body)).toContain('Your line +1•••••0100 Service iMessage Kind direct');
    expect(factsOf(body)).toContain('Last received 2 h ago 2026-11-03 15:00:00 UTC Opted out no');
    expect(factsOf(body)).toContain('Shared 1 time Last shared');
    expect(body).toContain('<time datetime="2026-11-03T15:00:00.000Z"');
    expect(body).not.toContain(LINE);
  });

  it('shows in its header that sharing is paused, and the problems, up to date after a release', async () => {
    const { open, submit, store } = await browse({ events: [outboundOf(T)] });
    await submit('/pause');
    await store.updateChat('chat-1', (chat) => ({ ...chat, parkedAt: T }), T);
    expect(flagsOn((await open(CHAT)).body)).toBe('Paused 1 warning');
    expect((await open(CHAT)).body).toContain('class="top is-paused"');
    await submit(`${CHAT}/release`);
    expect(flagsOn((await open(CHAT)).body)).toBe('Paused');
  });

  it('doesn’t look well while sharing is paused, and leads to where it is resumed', async () => {
    const { open, submit, idle } = await browse({ events: [outboundOf(T)] });
    await idle();
    expect((await open(CHAT)).body).toContain('answer answer-ok');
    await submit('/pause');
    const { body } = await open(CHAT);
    expect(body).toContain('answer answer-warn');
    expect(body).toContain('nothing is shared until <a href="/">you resume it</a>');
  });

  it('says on top why the chat did not get it', async () => {
    const { open } = await browse({ events: [outboundOf(T, { service: 'SMS' })] });
    expect((await open(CHAT)).body).toContain('<p class="why">The latest outbound message went over SMS');
  });

  it('tells attempts and facts in one timeline, newest first, Linq’s codes in words', async () => {
    const answers = [answerOf(403, 2024), answerOf(204)];
    const share = async () => ({ ...(answers.pop() ?? answerOf(500)), traceId: 'trace-7' }) as never;
    const { open, idle, clock, submit } = await browse({ events: [outboundOf(T - HOUR)], share });
    await idle();
    clock.advance(HOUR);
    await submit(`${CHAT}/share`);
    const text = timelineOf((await open(CHAT)).body);
    const order = [
      'Refused by hand HTTP 403 · code 2024: the recipient opted out',
      'Shared when the chat became eligible HTTP 204',
      'First message from your line 2 h ago 2026-11-03 15:00:00 UTC',
    ].map((words) => text.indexOf(words));
    expect(order.every((at) => at >= 0)).toBe(true);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('calls an attempt that failed so, since a retry isn’t sure', async () => {
    const answers = [answerOf(500), answerOf(204)];
    const { open, idle, clock, submit } = await browse({
      events: [outboundOf(T)],
      policy: { reshare: 'once' },
      share: async () => answers.pop() ?? answerOf(204),
    });
    await idle();
    clock.advance(HOUR);
    await submit(`${CHAT}/share`);
    expect(timelineOf((await open(CHAT)).body)).toContain('Failed by hand HTTP 500');
  });

  it('tells of the last share whose attempt is no longer on record', async () => {
    const { open, store, idle, clock } = await browse({ events: [outboundOf(T)] });
    await idle();
    clock.advance(HOUR);
    await store.pruneAttempts(0, 10, clock.now());
    expect(timelineOf((await open(CHAT)).body)).toContain('Last shared The attempt is no longer on record.');
  });

  it('answers 404 with a page and a way on when no such chat is known', async () => {
    const { open, submit } = await browse();
    for (const { status, body } of [
      await open('/chats/nobody'),
      await submit('/chats/nobody/hold'),
      await submit('/chats/nobody/share'),
    ]) {
      expect(status).toBe(404);
      expect(body).toContain('<h1>Unknown chat</h1>');
      expect(body).toContain('action="/chats"');
    }
  });

  it('lets nothing that came from outside be markup', async () => {
    const hostile = '"><script>alert(1)</script>';
    const events = [outboundOf(T, { chatId: hostile, service: hostile })];
    const { open } = await browse({ events });
    for (const chatId of [hostile, `${hostile}2`]) {
      const { body } = await open(`/chats/${encodeURIComponent(chatId)}?done=${encodeURIComponent(hostile)}`);
      expect(body).toContain('&lt;script&gt;');
      expect(body.match(/<script/g)).toHaveLength(1);
    }
  });
});

describe('what can be done with a chat', () => {
  it.each([
    ['waiting', outboundOf(T), ['share', 'hold']],
    ['never to be shared', outboundOf(T, { service: 'SMS' }), ['hold']],
    ['opted out', inboundOf(T, { isOptOut: true }), ['hold']],
  ])('is offered as it makes sense: %s', async (_what, event, expected) => {
    const { open, idle } = await browse({ events: [event] });
    await idle();
    expect(actionsOn((await open(CHAT)).body)).toEqual(expected);
  });

  it('is not sharing while the account or the line is closed', async () => {
    const { open, idle, dispatcher } = await browse({ events: [outboundOf(T)] });
    await idle();
    await dispatcher.pause();
    expect(actionsOn((await open(CHAT)).body)).toEqual(['hold']);
  });

  it('is holding and releasing: each leads back and says so', async () => {
    const { open, submit, follow, store, idle } = await browse({ events: [outboundOf(T)] });
    await idle();
    const held = await submit(`${CHAT}/hold`);
    expect(held).toMatchObject({ status: 303, location: '/chats/chat-1?done=held' });
    expect((await store.chat('chat-1'))?.operatorHeldAt).toBe(T);
    const page = (await open(String(held.location))).body;
    expect(page).toContain('class="notice notice-done" role="status">The chat is held');
    expect(page).toContain('<p class="why">Held by an operator');
    expect(actionsOn(page)).toEqual(['release']);

    const released = (await follow(`${CHAT}/release`)).body;
    expect(released).toContain('The chat is released');
    expect(actionsOn(released)).toEqual(['share', 'hold']);
    expect((await store.chat('chat-1'))?.operatorHeldAt).toBeNull();
  });
});

describe('sharing now', () => {
  it('shares inside the window, and says so', async () => {
    const { submit, open, shared, idle } = await browse({ events: [outboundOf(T)] });
    await idle();
    const answer = await submit(`${CHAT}/share`);
    expect(answer).toMatchObject({ status: 303, location: '/chats/chat-1?done=share.shared' });
    expect(shared).toEqual(['chat-1', 'chat-1']);
    const { body } = await open(String(answer.location));
    expect(body).toContain('notice-done" role="status">The card is shared');
    expect(factsOf(body)).toContain('Shared 2 times');
  });

  it('asks again inside the window, and what it would do; a second click does nothing', async () => {
    const { submit, open, shared, idle } = await browse({ events: [outboundOf(T)] });
    const formOn = (body: string) => /action="([^"]+\/share[^"]*)"/.exec(body)?.[1] ?? '';
    expect((await open(CHAT)).body).not.toContain('class="confirm"');
    await idle();
    const { body } = await open(CHAT);
    expect(textOf(body)).toContain('Share again… Shares the card again now and restarts the 24-hour window.');
    expect(body).toMatch(/<details class="confirm">(?:(?!<\/details>).)*Share again now/s);
    expect(body).not.toContain('button-main');

    expect((await submit(formOn(body))).location).toBe('/chats/chat-1?done=share.shared');
    const again = await submit(formOn(body));
    expect(again.location).toBe('/chats/chat-1?done=repeated');
    expect(shared).toEqual(['chat-1', 'chat-1']);
    expect((await open(String(again.location))).body).toContain('notice-failed" role="status">Not shared');
  });

  it('is one click while the chat was never shared', async () => {
    const { open, submit, shared, idle } = await browse({
      events: [outboundOf(T)],
      policy: { requireInbound: true },
    });
    await idle();
    const { body } = await open(CHAT);
    expect(body).toContain('class="button button-main">Share now');
    expect(await submit(/action="([^"]+\/share[^"]*)"/.exec(body)?.[1] ?? '')).toMatchObject({ status: 303 });
    expect(shared).toEqual(['chat-1']);
  });

  it.each([
    [answerOf(400, 1005), 'Linq refused to share the card'],
    [answerOf(503), 'Linq couldn’t share the card now'],
  ])('says how it failed', async (failure, words) => {
    const answers = [failure, answerOf(204)];
    const share = async () => answers.pop() ?? failure;
    const { follow, idle } = await browse({ events: [outboundOf(T)], share });
    await idle();
    expect((await follow(`${CHAT}/share`)).body).toContain(`notice-failed" role="status">${words}`);
  });

  it('says that nothing was called in a dry run', async () => {
    const { follow, shared, idle } = await browse({ events: [outboundOf(T)], policy: { dryRun: true } });
    await idle();
    expect((await follow(`${CHAT}/share`)).body).toContain('Recorded only, because DRY_RUN is true');
    expect(shared).toEqual([]);
  });

  it('says why it can’t be, in words', async () => {
    const { submit, follow, idle } = await browse({ events: [outboundOf(T)] });
    await idle();
    await submit(`${CHAT}/hold`);
    const { body } = await follow(`${CHAT}/share`);
    expect(textOf(body)).toContain(
      'This chat can’t be shared now. Held by an operator since 2026-11-03 16:00:00 UTC. Release the chat to share again.',
    );
  });

  it('leads back after 10 s, and says that it is still running', async () => {
    const { submit, open, dispatcher, clock, idle } = await browse({ events: [outboundOf(T)] });
    await idle();
    dispatcher.shareManually = () => new Promise(() => {});
    const answered = submit(`${CHAT}/share`);
    await idle();
    clock.advance(10_000);
    const { status, location } = await answered;
    expect([status, location]).toEqual([303, '/chats/chat-1?done=share.running']);
    expect(textOf((await open(String(location))).body)).toContain('The share is still running');
  });

  it('answers 503 with a page while the service is shutting down', async () => {
    const { submit } = await browse({ events: [outboundOf(T)], deps: { isDraining: () => true } });
    const { status, body } = await submit(`${CHAT}/share`);
    expect(status).toBe(503);
    expect(body).toContain('<code>SHUTTING_DOWN</code>');
  });
});

describe('the forms of a chat', () => {
  it.each(['share', 'hold', 'release'])('take no %s from another site or without a login', async (action) => {
    const { submit, store, shared, idle } = await browse({ events: [outboundOf(T, { service: 'SMS' })] });
    await idle();
    const before = await store.chat('chat-1');
    for (const site of ['cross-site', 'same-site', 'none']) {
      const { status, body } = await submit(`${CHAT}/${action}`, { ...LOGGED_IN, 'sec-fetch-site': site });
      expect([status, body.includes('CROSS_SITE')]).toEqual([403, true]);
    }
    const { 'sec-fetch-site': _site, ...old } = LOGGED_IN;
    expect((await submit(`${CHAT}/${action}`, old)).status).toBe(403);
    expect((await submit(`${CHAT}/${action}`, { accept: 'text/html' })).status).toBe(401);
    expect(await store.chat('chat-1')).toEqual(before);
    expect(shared).toEqual([]);
  });

  it('take the token as Bearer from programs', async () => {
    const { submit } = await browse({ events: [outboundOf(T)] });
    expect((await submit(`${CHAT}/hold`, { authorization: `Bearer ${TOKEN}` })).status).toBe(303);
  });

  it.each(['/chats', CHAT])('GET %s tells nothing without a login', async (url) => {
    const { open } = await browse({ events: [outboundOf(T)] });
    const { status, body } = await open(url, { accept: 'text/html' });
    expect(status).toBe(401);
    expect(body).not.toContain('chat-1');
  });
});
