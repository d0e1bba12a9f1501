import { describe, expect, it } from 'vitest';
import { HOUR } from '../../../../src/decide/time.ts';
import { ASSETS } from '../../../../src/status/page/layout.ts';
import type { SeenDelivery } from '../../../../src/webhook/report.ts';
import { answerOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { type Given, startStatus, TOKEN } from '../harness.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const basic = (token: string) => `Basic ${Buffer.from(`anyone:${token}`).toString('base64')}`;
const LOGGED_IN = { ...BROWSER, authorization: basic(TOKEN), 'sec-fetch-site': 'same-origin' };

async function startPage(given: Given = {}) {
  const status = await startStatus(given);
  const load = (
    url = '/',
    headers: Record<string, string> = LOGGED_IN,
    method: 'GET' | 'HEAD' | 'POST' = 'GET',
  ) => status.app.inject({ method, url, headers });
  return { ...status, load };
}

describe('GET /', () => {
  it('shows the page under a policy that lets nothing run but its own files', async () => {
    const { load } = await startPage();
    const { statusCode, headers, body } = await load();
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    });
    expect(body).toContain('<h1 id="verdict">Waiting for the first webhook</h1>');
    expect(body).not.toMatch(/ style="| on[a-z]+="|<style|javascript:/);
  });

  it('takes the token as Bearer and as the password of Basic, and answers HEAD', async () => {
    const { load } = await startPage();
    const bearer = await load('/', { authorization: `Bearer ${TOKEN}` });
    const head = await load('/', LOGGED_IN, 'HEAD');
    expect([bearer.statusCode, head.statusCode, head.body]).toEqual([200, 200, '']);
    expect(head.headers['content-length']).toBe(bearer.headers['content-length']);
  });

  it('asks a browser without credentials for them, on a page that it may show', async () => {
    const { load } = await startPage();
    const { statusCode, headers, body } = await load('/', BROWSER);
    expect(statusCode).toBe(401);
    expect(headers['www-authenticate']).toContainEqual(expect.stringMatching(/^Basic realm=/));
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).toContain('STATUS_TOKEN as the password');
    expect(body).not.toContain('1.2.3');
  });

  it('answers programs in JSON', async () => {
    const { load } = await startPage();
    const answer = await load('/', { accept: '*/*' });
    expect(answer.json()).toMatchObject({ statusCode: 401, code: 'NO_TOKEN' });
    const status = await load('/status', BROWSER);
    expect(status.json()).toMatchObject({ statusCode: 401, code: 'NO_TOKEN' });
  });

  it('says in a browser that an address has no page, and leads back; programs get JSON', async () => {
    const { load } = await startPage();
    const { statusCode, headers, body } = await load('/a/b', BROWSER);
    expect([statusCode, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(body).toContain('There is no page at this address.');
    expect(body).toContain('<a href="../">Go to the overview</a>');
    expect((await load('/a/b', { accept: '*/*' })).json()).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says in a browser what to set when there is no STATUS_TOKEN', async () => {
    const { load } = await startPage({ deps: { statusToken: null } });
    const { statusCode, body } = await load('/', BROWSER);
    expect(statusCode).toBe(403);
    expect(body).toContain('This page needs a STATUS_TOKEN');
    expect(body).toContain('<code>STATUS_TOKEN=…</code>');
  });

  it('is the same for who has it already, until something changes', async () => {
    const { load, store, clock } = await startPage();
    const { headers } = await load();
    const again = { ...LOGGED_IN, 'if-none-match': String(headers.etag) };
    const same = await load('/', again);
    expect([same.statusCode, same.body]).toEqual([304, '']);
    await store.record([outboundOf(T)], clock.now());
    expect((await load('/', again)).statusCode).toBe(200);
  });

  it('shows what was shared, what is due next and what was refused, of the store itself', async () => {
    const events = [outboundOf(T, { chatId: 'chat-1' }), outboundOf(T, { chatId: 'chat-2' })];
    const share = async (chatId: string) => (chatId === 'chat-2' ? answerOf(400, 1005) : answerOf(204));
    const { load, idle } = await startPage({ events, share });
    await idle();
    const { body } = await load();
    expect(body).toContain('<h1 id="verdict">All is well</h1>');
    expect(body).toContain('<p>1 card shared in the last 24 hours; the next is due in 24\u00a0h.</p>');
    expect(body).toContain('Nov 3, 16:00: 1 shared, 1 failed');
    expect(body).toContain('HTTP 400, code 1005');
    expect(section(body, 'next')).toContain('href="./chats/chat-1"');
    expect(section(body, 'attempts')).toContain('href="./chats/chat-2"');
  });

  it('shows the last 200 deliveries, also of who isn’t Linq', async () => {
    const seen = Array.from({ length: 210 }, (_, at): SeenDelivery => {
      return { at: T - at, eventType: 'message.sent', chatId: `chat-${at}`, verdict: 'accepted' };
    });
    const forged: SeenDelivery = { at: T, eventType: null, chatId: null, verdict: 'mismatch' };
    const { load } = await startPage({ deps: { deliveries: () => [forged, ...seen] } });
    const shown = section((await load()).body, 'deliveries');
    expect(shown).toContain('Bad signature');
    expect(shown).toContain('192 earlier deliveries');
    expect(shown.match(/<li>/g)).toHaveLength(200);
  });

  it('folds deliveries in a row of one chat that ended alike, and says which try an attempt was', async () => {
    const seen = (at: number, eventType: string, verdict: SeenDelivery['verdict'] = 'accepted') =>
      ({ at, eventType, chatId: 'chat-1', verdict }) as const;
    const deliveries = () => [
      seen(T, 'message.read'),
      seen(T - 1, 'message.sent'),
      seen(T - 2, 'message.sent'),
      seen(T - 3, 'message.sent', 'stale'),
      seen(T - 4, 'message.sent'),
    ];
    const answers = [answerOf(204), answerOf(503), answerOf(503)];
    const { load, idle, clock } = await startPage({
      events: [outboundOf(T)],
      deps: { deliveries },
      share: async () => answers.pop() ?? answerOf(500),
    });
    for (const _ of [1, 2, 3]) {
      await idle();
      clock.advance(HOUR);
    }
    await idle();
    const { body } = await load();
    const rows = section(body, 'deliveries').split('<li>').slice(1);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatch(/message.read, message.sent<.*×3.*3 deliveries/s);
    expect(rows[1]).not.toContain('×');
    const attempts = section(body, 'attempts').split('<li>').slice(1);
    expect(attempts.map((row) => /, (\w+ try)/.exec(row)?.[1])).toEqual(['3rd try', '2nd try', undefined]);
  });

  it('shows the replicas when several share the database: which leads, and which isn’t seen', async () => {
    const replica = {
      version: '1.2.3',
      fingerprint: '',
      startedAt: T - 3 * HOUR,
      seenAt: T,
      report: { problems: [], catchUp: null },
      isLeader: false,
    };
    const replicas = () => [
      { ...replica, id: 'aaaaaaaa-0000-4000-8000-000000000001', isLeader: true },
      { ...replica, id: 'bbbbbbbb-0000-4000-8000-000000000002', version: '<1.3.0>', seenAt: T - 41_000 },
    ];
    const { load, store } = await startPage({ events: [outboundOf(T)], deps: { replicas } });
    const { body } = await load();
    const [first = '', second = ''] = section(body, 'replicas').split('<li>').slice(1);
    expect(first).toContain('aaaaaaaa<');
    expect(first).toContain('version 1.2.3, started <time');
    expect(first).toMatch(/Leader.*seen just now/s);
    expect(second).toContain('version &lt;1.3.0&gt;');
    expect(second).toContain('Not seen for 41\u00a0s');
    expect(second).not.toContain('Leader');
    expect(body).toContain('Webhooks, this replica');
    expect(section(body, 'service')).toContain('<dt>Scheduled backup</dt><dd>none made</dd>');
    Object.defineProperty(store, 'kind', { value: 'postgres' });
    expect(section((await load()).body, 'service')).not.toContain('backup');
  });

  it('shows no replicas with SQLite, and those of PostgreSQL even when there is one', async () => {
    const { load, store } = await startPage();
    expect((await load()).body).not.toContain('Replicas');
    Object.defineProperty(store, 'kind', { value: 'postgres' });
    expect((await load()).body).toContain('<h2 id="replicas">Replicas</h2>');
  });

  it('lets nothing that came from outside be markup', async () => {
    const hostile = '"><script>alert(1)</script>';
    const { load, idle } = await startPage({
      events: [outboundOf(T, { chatId: hostile })],
      deps: {
        deliveries: () => [{ at: T, eventType: hostile, chatId: hostile, verdict: 'ignored' }],
      },
    });
    await idle();
    const { body } = await load(`/?done=${encodeURIComponent(hostile)}`);
    expect(body).toContain('&lt;script&gt;alert(1)');
    expect(body).not.toContain('<script>');
    expect(body.match(/<script/g)).toHaveLength(1);
  });
});

describe('a first start', () => {
  const checklist = (body: string) => section(body, 'first-start');
  const stepsOf = (body: string) =>
    [
      ...checklist(body).matchAll(
        /<li class="step-(\w+)"><p class="step-title"><span[^>]*>[^<]*<\/span>([^<]*)/g,
      ),
    ].map(([, state, title]) => `${state}: ${title}`);

  it('is a list of what is still missing, lines and cards as Linq reports them, until a card was shared', async () => {
    const { load, store, clock, counters } = await startPage({
      cards: [LINE],
      inactive: [LINE],
    });
    const { body } = await load();
    expect(stepsOf(body)).toEqual([
      'done: The webhook secret is set',
      'open: Webhook subscription: not checked yet',
      'wrong: No line has an active contact card',
      'open: Wait for the first webhook',
      'open: The first share',
    ]);
    expect(checklist(body)).toMatch(/\+1•••••0100<\/span> <span class="badge badge-warn">Card not active/);
    expect(checklist(body)).toMatch(/Send a test message.*v3\/chats/s);
    expect(body).not.toContain('id="per-hour"');
    expect(body).toContain('<h1 id="verdict">1 step needs your attention</h1>');
    expect(body).toContain('badge-info">Setting up<');

    await store.record([outboundOf(T, { service: 'SMS' })], clock.now());
    counters.lastAcceptedAt = T;
    const later = (await load()).body;
    expect(stepsOf(later)).toEqual([
      'done: The webhook secret is set',
      'done: Linq’s webhook subscription points here',
      'wrong: No line has an active contact card',
      'done: The first webhook has arrived',
      'open: The first share',
    ]);
    expect(checklist(later)).toContain('<a href="./chats">1 chat known, none shared yet: see why</a>');
  });

  it.each([
    ['missing', 'wrong: Linq’s webhook subscription is missing'],
    ['inactive', 'wrong: Linq’s webhook subscription is switched off'],
    ['fine', 'done: Linq’s webhook subscription points here'],
    ['unwatched', 'open: Webhook subscription: not checked'],
  ] as const)('says what a check of the subscription found: %s', async (subscription, step) => {
    const accountLines = async () => null;
    const { load } = await startPage({
      deps: { accountLines },
      snapshot: { subscription: () => subscription },
    });
    const { body } = await load();
    expect(stepsOf(body)[1]).toBe(step);
    expect(checklist(body).includes('action="./catch-up"')).toBe(step.startsWith('wrong'));
    expect(checklist(body)).toContain('Linq hasn’t answered yet.');
  });

  it('waits for the first share after the first webhook, and no page says that all is well', async () => {
    const { load, counters } = await startPage();
    counters.lastAcceptedAt = T;
    const { body } = await load();
    expect(body).toContain('<h1 id="verdict">Waiting for the first share</h1>');
    for (const page of [body, (await load('/chats')).body]) expect(page).toContain('badge-info">Setting up<');
  });

  it('is over with the first share, or in a dry run with the first webhook', async () => {
    const events = [outboundOf(T)];
    const real = await startPage({ events });
    await real.idle();
    expect(checklist((await real.load()).body)).toBe('');
    const dry = await startPage({ events, policy: { dryRun: true } });
    await dry.idle();
    expect(checklist((await dry.load()).body)).not.toBe('');
    dry.counters.lastAcceptedAt = T;
    expect(checklist((await dry.load()).body)).toBe('');
  });
});

describe('a problem', () => {
  it('leads on: to the check that may end it, to the chats concerned, and to every step', async () => {
    const cards: string[] = [];
    const { load, idle } = await startPage({ events: [outboundOf(T)], cards });
    await idle();
    const problems = section((await load()).body, 'problems');
    const line = encodeURIComponent('+1•••••0100');
    expect(problems).toContain('at once by <strong>Check now</strong>.');
    expect(problems).not.toContain('line release</code>. To');
    expect(problems).toContain(`href="./chats?state=held&amp;reason=card_missing&amp;line=${line}"`);
    expect(problems).toMatch(
      /<summary>Step by step<\/summary>.*setup<\/code>, which offers to create the card/s,
    );
    expect((await load(`/chats?state=held&reason=card_missing&line=${line}`)).body).toContain('chat-1');

    cards.push(LINE);
    const checked = await load(`/lines/${line}/check`, LOGGED_IN, 'POST');
    expect([checked.statusCode, checked.headers.location]).toEqual([303, '../../?done=check']);
    expect(problems).toContain(`action="./lines/${line}/check"`);
    await idle();
    expect((await load()).body).not.toContain('class="problems"');
  });

  it('of each of two lines that end alike has a button and an id of its own', async () => {
    const other = '+14155550100';
    const { load, idle } = await startPage({
      events: [outboundOf(T), outboundOf(T, { chatId: 'chat-2', line: other })],
      cards: [],
    });
    await idle();
    const { body } = await load();
    const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toHaveLength(new Set(ids).size);
    const paths = [...body.matchAll(/action="\.(\/lines\/[^"]+\/check)"/g)].map(([, path]) => path ?? '');
    expect(paths.map(decodeURIComponent).sort()).toEqual([
      '/lines/+12•••••0100/check',
      '/lines/+14•••••0100/check',
    ]);
    for (const path of paths) expect((await load(path, LOGGED_IN, 'POST')).statusCode).toBe(303);
    expect(body).not.toMatch(/2025550100|4155550100/);
  });

  it('is a card of its own if it is an error or alone; several warnings are rows to open', async () => {
    const share = async () => answerOf(401, 2004);
    const { load, idle, dispatcher, clock, store } = await startPage({ events: [outboundOf(T)], share });
    await idle();
    const flagged = [LINE, OTHER_LINE].map((line) => lineEventOf({ line, status: 'FLAGGED', at: T }));
    for (const [at, event] of flagged.entries()) {
      await store.record([event], clock.now());
      dispatcher.linesChanged();
      await idle();
      const problems = section((await load()).body, 'problems');
      expect(problems.match(/<article/g)).toHaveLength(at === 0 ? 2 : 1);
      expect(problems.match(/<details id="problem-line_flagged-/g) ?? []).toHaveLength(at === 0 ? 0 : 2);
    }
  });

  it('of deliveries in quarantine is tried again on request, and the page says whether that helped', async () => {
    const answers = [
      { replayed: 1, failed: 1 },
      { replayed: 1, failed: 0 },
    ];
    const replay = async () => answers.shift() ?? null;
    const { load } = await startPage({ deps: { quarantine: { list: async () => [], replay } } });
    for (const word of ['unreadable', 'replayed']) {
      const { location } = (await load('/quarantine/replay', LOGGED_IN, 'POST')).headers;
      expect(location).toBe(`../?done=${word}`);
    }
    expect((await load('/?done=unreadable')).body).toContain('notice-failed" role="status">Some deliveries');
  });
});

describe('what the page loads', () => {
  it.each(Object.values(ASSETS))('$path needs no token and may be kept for ever', async ({ path, type }) => {
    const { load } = await startPage();
    const { statusCode, headers, body } = await load(path, {});
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(body.length).toBeGreaterThan(200);
    expect((await load()).body).toContain(path);
  });
});

describe('the page’s forms', () => {
  it('say nothing of idle chats when pausing if there never are any', async () => {
    const { load } = await startPage({ policy: { idleAfterMs: 0 } });
    await load('/pause', LOGGED_IN, 'POST');
    expect((await load()).body).toContain('<p>Nothing is shared until you resume.</p>');
  });

  it('pause and resume sharing, and lead back with a notice', async () => {
    const { load, shared, store, clock, dispatcher, idle } = await startPage();
    const paused = await load('/pause', LOGGED_IN, 'POST');
    expect([paused.statusCode, paused.headers.location]).toEqual([303, './?done=pause']);
    const page = (await load('./?done=pause')).body;
    expect(page).toContain('Sharing is paused. Nothing is shared until you resume.');
    expect(page).toContain('action="./resume"');
    expect(page).not.toContain('badge-ok">No problems');
    expect(page).toContain('class="top is-paused"');
    expect(page).toContain(
      '<p>Nothing is shared until you resume. Chats in which nothing was sent for 7 d by then wait for your next message.</p>',
    );
    await store.record([outboundOf(T)], clock.now());
    dispatcher.nudge();
    await idle();
    expect(shared).toEqual([]);

    expect((await load('/resume', LOGGED_IN, 'POST')).headers.location).toBe('./?done=resume');
    await idle();
    expect(shared).toEqual(['chat-1']);
    expect((await load()).body).toContain('action="./pause"');
  });

  it('ask for a catch-up', async () => {
    let asked = 0;
    const view = () => ({ activity: 'idle', cause: null, run: null, completedAt: null }) as const;
    const request = async () => void asked++;
    const { load } = await startPage({ deps: { catchUp: { request, view } } });
    expect((await load('/catch-up', LOGGED_IN, 'POST')).headers.location).toBe('./?done=catch-up');
    expect(asked).toBe(1);
  });

  it('end the hold of a line, named as the page shows it', async () => {
    const flagged = lineEventOf({ status: 'FLAGGED', at: T - HOUR });
    const { load, idle, dispatcher } = await startPage({ events: [outboundOf(T), flagged] });
    await idle();
    const action = /action="\.(\/lines\/[^"]+)"/.exec((await load()).body)?.[1] ?? '';
    expect(decodeURIComponent(action)).toBe('/lines/+1•••••0100/release');
    const released = await load(action, LOGGED_IN, 'POST');
    expect([released.statusCode, released.headers.location]).toEqual([303, '../../?done=release']);
    expect(dispatcher.snapshot().lines.find(({ line }) => line.line === LINE)?.hold).toBeNull();
  });

  it('tell a person in a page what can’t be done', async () => {
    const { load } = await startPage();
    const { statusCode, body } = await load('/lines/%2B1/release', LOGGED_IN, 'POST');
    expect(statusCode).toBe(404);
    expect(body).toContain('<code>LINE_NOT_FOUND</code>');
  });

  it.each(['/pause', '/resume', '/catch-up', '/lines/x/release', '/lines/x/check', '/quarantine/replay'])(
    'POST %s is refused from another site',
    async (url) => {
      const { load, dispatcher } = await startPage();
      for (const site of ['cross-site', 'same-site', 'none']) {
        const answer = await load(url, { ...LOGGED_IN, 'sec-fetch-site': site }, 'POST');
        expect([answer.statusCode, answer.body.includes('CROSS_SITE')]).toEqual([403, true]);
      }
      const { 'sec-fetch-site': _, ...old } = LOGGED_IN;
      expect((await load(url, old, 'POST')).statusCode).toBe(403);
      expect((await load(url, BROWSER, 'POST')).statusCode).toBe(401);
      expect(dispatcher.snapshot().account).toBeNull();
    },
  );

  it('take a form’s body, whatever is in it', async () => {
    const { app } = await startPage();
    const headers = { ...LOGGED_IN, 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await app.inject({ method: 'POST', url: '/pause', headers, payload: 'a=b' });
    expect(answer.statusCode).toBe(303);
  });
});

/** The card whose heading has this id. */
function section(body: string, id: string): string {
  return body.split('<section').find((part) => part.includes(`aria-labelledby="${id}"`)) ?? '';
}
