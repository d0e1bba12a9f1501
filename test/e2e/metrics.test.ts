import { expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { scrape } from '../helpers/metrics.ts';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { knowChat } from '../helpers/rig.ts';
import { startServiceRig } from '../helpers/service.ts';
import { ask, until } from '../helpers/status.ts';

const METRICS_TOKEN = 'a-metrics-token-for-tests';
const [LINE] = LINES;

it('what a message sets off can be seen in the metrics: delivery, commits, calls, attempt, share', async () => {
  const { simulator, service } = await startServiceRig({ METRICS_TOKEN });
  const chatId = 'chat-to-measure';
  knowChat(simulator, { chatId, line: LINE });
  await deliver(service.url, message2026({ chatId, line: LINE, sentAt: Date.now(), createdAt: Date.now() }));
  await ask(service.url, '/.env');
  const shared = { trigger: 'became_eligible', outcome: 'shared' };
  const { sampleOf, samples, text } = await until(
    () => scrape(service.url, METRICS_TOKEN),
    (seen) => seen.sampleOf('ccr_attempts_total', shared) > 0,
  );

  const webhook = { method: 'POST', route: '/webhooks/linq', status: '2xx' };
  const share = { call: 'share_contact_card', outcome: 'success' };
  expect({
    accepted: sampleOf('ccr_deliveries_total', { verdict: 'accepted' }),
    answered: sampleOf('ccr_http_request_duration_seconds_count', webhook),
    lost: sampleOf('ccr_http_request_duration_seconds_count', {
      method: 'any',
      route: 'none',
      status: '4xx',
    }),
    recorded: sampleOf('ccr_events_recorded_total'),
    commits: sampleOf('ccr_commit_duration_seconds_count', { kind: 'events' }),
    attempts: sampleOf('ccr_attempts_total', shared),
    times: sampleOf('ccr_attempt_duration_seconds_count'),
    lateness: sampleOf('ccr_share_lateness_seconds_count'),
    onTime: sampleOf('ccr_share_lateness_seconds_bucket', { le: '60' }),
    calls: sampleOf('ccr_linq_calls_total', share),
    looks: sampleOf('ccr_linq_calls_total', { call: 'contact_cards', outcome: 'success' }),
    callTimes: sampleOf('ccr_linq_call_duration_seconds_count', { call: 'share_contact_card' }),
    waiting: sampleOf('ccr_chats', { state: 'waiting' }),
    active: sampleOf('ccr_lines', { card: 'active' }),
  }).toEqual({
    accepted: 1,
    answered: 1,
    lost: 1,
    recorded: 1,
    commits: 1,
    attempts: 1,
    times: 1,
    lateness: 1,
    onTime: 1,
    calls: 1,
    looks: 1,
    callTimes: 1,
    waiting: 1,
    active: 1,
  });
  expect(sampleOf('ccr_commit_duration_seconds_count', { kind: 'shares' })).toBeGreaterThan(0);
  expect(Math.abs(sampleOf('ccr_linq_clock_offset_seconds'))).toBeLessThan(30);
  expect(text).not.toContain(chatId);
  expect(samples.length).toBeLessThan(400);
  expect((await ask(service.url, '/status', { headers: authorized(METRICS_TOKEN) })).status).toBe(401);
  expect((await scrape(service.url, STATUS_TOKEN)).text).toContain('ccr_build_info');
});

const authorized = (token: string) => ({ authorization: `Bearer ${token}` });
