import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../../src/errors.ts';
import { createMetrics } from '../../../../src/status/metrics/metrics.ts';
import { metricsRoutes } from '../../../../src/status/metrics/metrics-route.ts';
import { PROBLEM_WORDS } from '../../../../src/status/problems/problem-words.ts';
import { answerOf, LINE, OTHER_LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { parseMetrics } from '../../../helpers/metrics.ts';
import { CLI_TOKEN, type Given, startStatus, TOKEN } from '../harness.ts';

const METRICS_TOKEN = 'metrics-token-of-the-tests';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (token: string) => ({
  authorization: `Basic ${Buffer.from(`prometheus:${token}`).toString('base64')}`,
});

async function startMetrics(given: Given & { metricsToken?: string | null } = {}) {
  const { metricsToken = METRICS_TOKEN, ...rest } = given;
  const status = await startStatus(rest);
  const metrics = createMetrics();
  const deps = { ...status.deps, metrics, metricsToken, linqDateOffMs: () => -2_500, isLeader: () => true };
  await status.app.register(async (scope) => metricsRoutes(scope, deps));
  const get = (url: string, headers: Record<string, string> = {}, remoteAddress = '127.0.0.1') =>
    status.app.inject({ url, headers, remoteAddress });
  const scrape = async () => parseMetrics((await get('/metrics', bearer(METRICS_TOKEN))).body);
  return { ...status, metrics, get, scrape };
}

describe('access to the metrics', () => {
  it.each([
    ['METRICS_TOKEN as Bearer', bearer(METRICS_TOKEN), 200],
    ['METRICS_TOKEN as the password of Basic', basic(METRICS_TOKEN), 200],
    ['STATUS_TOKEN as Bearer', bearer(TOKEN), 200],
    ['STATUS_TOKEN as the password of Basic', basic(TOKEN), 200],
    ['the command line’s token', bearer(CLI_TOKEN), 200],
    ['a wrong token', bearer(`${METRICS_TOKEN}x`), 401],
    ['an empty token', { authorization: 'Bearer ' }, 401],
    ['no token', {}, 401],
  ])('%s: as it should be', async (_what, headers, status) => {
    const { get } = await startMetrics();
    const answer = await get('/metrics', headers);
    expect(answer.statusCode).toBe(status);
    expect(answer.body.includes('ccr_')).toBe(status === 200);
  });

  it('is not given to the command line’s token from elsewhere', async () => {
    const { get } = await startMetrics();
    expect((await get('/metrics', bearer(CLI_TOKEN), '203.0.113.7')).statusCode).toBe(401);
  });

  it.each(['/status', '/status/chats', '/status/chats/chat-1', '/status/quarantine'])(
    'METRICS_TOKEN doesn’t open %s',
    async (url) => {
      const { get } = await startMetrics();
      expect((await get(url, bearer(METRICS_TOKEN))).statusCode).toBe(401);
    },
  );

  it('counts failed logins together with those elsewhere: 20 a minute and address in all', async () => {
    const { get } = await startMetrics();
    const wrong = bearer('wrong-token-wrong-token');
    const statuses: number[] = [];
    for (let n = 0; n < 11; n++) {
      for (const url of ['/metrics', '/status']) statuses.push((await get(url, wrong)).statusCode);
    }
    expect(statuses).toEqual([...Array(20).fill(401), 429, 429]);
    expect((await get('/metrics', bearer(METRICS_TOKEN))).statusCode).toBe(200);
  });

  it('says which tokens it takes', async () => {
    const { get } = await startMetrics();
    for (const headers of [{}, bearer('wrong-token-wrong-token')]) {
      const { message } = (await get('/metrics', headers)).json();
      expect(message).toContain('METRICS_TOKEN');
      expect(message).toContain('STATUS_TOKEN');
    }
  });

  it('says what to set when neither token is, and lets the command line in all the same', async () => {
    const { get } = await startMetrics({ metricsToken: null, deps: { statusToken: null } });
    const refused = await get('/metrics', bearer('null'));
    expect(refused.statusCode).toBe(403);
    expect(refused.json()).toMatchObject({ code: 'NO_METRICS_TOKEN', error: 'Forbidden' });
    expect(refused.json().message).toContain('Set METRICS_TOKEN (at least 16 characters');
    expect((await get('/metrics', bearer(CLI_TOKEN))).statusCode).toBe(200);
  });

  it('needs no STATUS_TOKEN where METRICS_TOKEN is set, and opens nothing else then', async () => {
    const { get } = await startMetrics({ deps: { statusToken: null } });
    expect((await get('/metrics', bearer(METRICS_TOKEN))).statusCode).toBe(200);
    expect((await get('/metrics')).statusCode).toBe(401);
    expect((await get('/status', bearer(METRICS_TOKEN))).json()).toMatchObject({ code: 'NO_STATUS_TOKEN' });
  });

  it('is limited like any login', async () => {
    const { get } = await startMetrics();
    for (let failures = 0; failures < 20; failures++) {
      expect((await get('/metrics', bearer('wrong'))).statusCode).toBe(401);
    }
    expect((await get('/metrics', bearer('wrong'))).statusCode).toBe(429);
    expect((await get('/metrics', bearer(METRICS_TOKEN))).statusCode).toBe(200);
  });
});

describe('GET /metrics', () => {
  it('shows what the service knows, in Prometheus’ text format', async () => {
    const { get, scrape, counters, idle } = await startMetrics({
      cards: [LINE],
      events: [
        outboundOf(T, { chatId: 'a' }),
        outboundOf(T, { chatId: 'b' }),
        outboundOf(T, { chatId: 'c', line: OTHER_LINE }),
      ],
    });
    await idle();
    counters.accepted = 3;
    counters.rejected.stale = 1;
    counters.lastAcceptedAt = T;
    const { headers } = await get('/metrics', bearer(METRICS_TOKEN));
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { sampleOf } = await scrape();
    expect(sampleOf('ccr_build_info', { version: '1.2.3', node: process.version, store: 'sqlite' })).toBe(1);
    expect(sampleOf('ccr_problem_open', { code: 'card_missing', severity: 'warning' })).toBe(1);
    expect(sampleOf('ccr_problem_open', { code: 'card_inactive', severity: 'warning' })).toBe(0);
    expect(sampleOf('ccr_leader')).toBe(1);
    expect(sampleOf('ccr_replicas')).toBe(1);
    expect(sampleOf('ccr_linq_clock_offset_seconds')).toBe(-2.5);
    expect(sampleOf('ccr_deliveries_total', { verdict: 'accepted' })).toBe(3);
    expect(sampleOf('ccr_deliveries_total', { verdict: 'rejected', cause: 'stale' })).toBe(1);
    expect(sampleOf('ccr_deliveries_total', { verdict: 'rejected', cause: 'mismatch' })).toBe(0);
    expect(sampleOf('ccr_last_delivery_timestamp_seconds')).toBe(T / 1000);
    expect(sampleOf('ccr_chats', { state: 'waiting' })).toBe(2);
    expect(sampleOf('ccr_chats', { state: 'held' })).toBe(1);
    expect(sampleOf('ccr_overdue_chats')).toBe(0);
    expect(sampleOf('ccr_oldest_overdue_seconds')).toBe(0);
    expect(sampleOf('ccr_lines', { card: 'active' })).toBe(1);
    expect(sampleOf('ccr_lines', { card: 'missing' })).toBe(1);
    expect(sampleOf('ccr_lines_closed', { reason: 'card_missing' })).toBe(1);
    expect(sampleOf('ccr_account_closed', { reason: 'paused' })).toBe(0);
    expect(sampleOf('ccr_catch_up_state', { state: 'idle' })).toBe(1);
    expect(sampleOf('ccr_store_size_bytes')).toBeGreaterThan(4_096);
    expect(sampleOf('ccr_disk_free_bytes')).toBeGreaterThan(0);
    expect(sampleOf('process_start_time_seconds')).toBeGreaterThan(0);
    expect(sampleOf('ccr_last_share_timestamp_seconds')).toBe((T + 1) / 1000);
  });

  it('leaves out an instant that nobody knows, rather than telling of 1970', async () => {
    const { samples } = await (await startMetrics()).scrape();
    expect(samples.length).toBeGreaterThan(50);
    for (const name of ['last_backup', 'last_share', 'next_due', 'last_delivery', 'catch_up_completed'])
      expect(samples.filter((sample) => sample.name === `ccr_${name}_timestamp_seconds`)).toEqual([]);
  });

  it('shows how late due chats are, and nothing of those behind a closed account', async () => {
    const { scrape, dispatcher, store, clock } = await startMetrics();
    await dispatcher.stop();
    await store.record([outboundOf(T, { chatId: 'a' }), outboundOf(T, { chatId: 'b' })], T);
    clock.advance(90_000);
    const late = await scrape();
    expect(late.sampleOf('ccr_overdue_chats')).toBe(2);
    expect(late.sampleOf('ccr_oldest_overdue_seconds')).toBe(90);
    expect(late.sampleOf('ccr_next_due_timestamp_seconds')).toBe(T / 1000);
    await dispatcher.pause();
    const paused = await scrape();
    expect(paused.sampleOf('ccr_overdue_chats')).toBe(0);
    expect(paused.sampleOf('ccr_oldest_overdue_seconds')).toBe(0);
    expect(paused.sampleOf('ccr_chats', { state: 'held' })).toBe(2);
  });

  it('shows a pause, and what else closes the account, each by itself', async () => {
    const { scrape, dispatcher, idle } = await startMetrics({
      events: [outboundOf(T)],
      share: async () => answerOf(401, 2004),
    });
    await idle();
    await dispatcher.pause();
    const { sampleOf } = await scrape();
    expect(sampleOf('ccr_paused')).toBe(1);
    expect(sampleOf('ccr_account_closed', { reason: 'paused' })).toBe(1);
    expect(sampleOf('ccr_account_closed', { reason: 'api_key_rejected' })).toBe(1);
    expect(sampleOf('ccr_account_closed', { reason: 'rate_limited' })).toBe(0);
    expect(sampleOf('ccr_problem_open', { code: 'api_key_rejected', severity: 'error' })).toBe(1);
  });

  it('has every code of a problem at all times, so that an alert can be made of it', async () => {
    const { samples } = await (await startMetrics()).scrape();
    const codes = samples.filter(({ name }) => name === 'ccr_problem_open').map(({ labels }) => labels.code);
    expect([...new Set(codes)].toSorted()).toEqual(Object.keys(PROBLEM_WORDS).toSorted());
  });

  it.each([
    ['leads', true],
    ['follows', false],
  ])(
    'tells that the database can’t be read by a replica that %s, and leaves out what only it knows',
    async (_does, leads) => {
      const { scrape, store } = await startMetrics({
        snapshot: { isLeader: () => leads, term: () => (leads ? 1 : null) },
      });
      const storeFailing = ['ccr_problem_open', { code: 'store_failing', severity: 'error' }] as const;
      expect((await scrape()).sampleOf(...storeFailing)).toBe(0);
      store.summary = async () => {
        throw new StoreError('busy', 'database is locked');
      };
      const { sampleOf, samples } = await scrape();
      expect(sampleOf(...storeFailing)).toBe(1);
      expect(sampleOf('ccr_deliveries_total', { verdict: 'accepted' })).toBe(0);
      expect(samples.filter(({ name }) => name === 'ccr_chats')).toEqual([]);
    },
  );

  it('names no chat and no line', async () => {
    const { get, idle } = await startMetrics({
      deps: { showNumbers: true },
      events: [outboundOf(T, { chatId: 'chat-of-mine' }), outboundOf(T, { line: OTHER_LINE })],
    });
    await idle();
    const { body } = await get('/metrics', bearer(METRICS_TOKEN));
    expect(body).toContain('ccr_chats{state="waiting"} 2');
    expect(body).not.toMatch(/chat-of-mine|\+?1202555|•/);
  });
});

describe('GET /badge.svg', () => {
  it('is open, may be kept for a minute, and shown on other sites', async () => {
    const { get } = await startMetrics();
    const answer = await get('/badge.svg');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'image/svg+xml; charset=utf-8',
      'cache-control': 'max-age=60',
      'cross-origin-resource-policy': 'cross-origin',
    });
    expect(answer.body).toContain('<title>contact cards: all well</title>');
  });

  it('shows a new state after five seconds, and looks no more often than that', async () => {
    const { get, dispatcher, store, clock } = await startMetrics();
    let looks = 0;
    const { summary } = store;
    store.summary = (now) => {
      looks++;
      return summary(now);
    };
    await Promise.all([get('/badge.svg'), get('/badge.svg'), get('/badge.svg')]);
    await dispatcher.pause();
    await eventLoopTurn();
    clock.advance(4_999);
    expect((await get('/badge.svg')).body).toContain('all well');
    expect(looks).toBe(1);
    clock.advance(1);
    expect((await get('/badge.svg')).body).toContain('paused');
    expect(looks).toBe(2);
  });

  it('tells of a database that can’t be read', async () => {
    const { get, store } = await startMetrics();
    store.summary = async () => {
      throw new StoreError('busy', 'database is locked');
    };
    expect((await get('/badge.svg')).body).toContain('1 error');
  });
});
