import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { OTHER_SECRET, SECRET } from '../../helpers/deliver.ts';
import { NOW, startRoute } from '../webhook/server.ts';
import { examine, summary } from './examine.ts';
import { type Passed, startFront, startProxy } from './front.ts';

const FOREIGN_SECRET = `whsec_${Buffer.from('nobody here knows these 32 bytes').toString('base64')}`;
const ALL_FINE = {
  webhook_secret: 'ok',
  local_delivery: 'ok',
  public_name: 'ok',
  public_connection: 'ok',
  public_certificate: 'ok',
  round_trip: 'ok',
};

const same = (passed: Passed) => passed;
const rewritten = (passed: Passed) => ({
  ...passed,
  body: Buffer.from(JSON.stringify(JSON.parse(passed.body.toString()))),
});
const without =
  (...names: string[]) =>
  (passed: Passed) => ({
    ...passed,
    headers: Object.fromEntries(Object.entries(passed.headers).filter(([name]) => !names.includes(name))),
  });
const withHeaders = (headers: Passed['headers']) => (passed: Passed) => ({
  ...passed,
  headers: { ...passed.headers, ...headers },
});

it('through a proxy that changes nothing all is fine, and nothing is left behind', async () => {
  const route = await startRoute();
  const front = await startProxy(() => route.url, same);
  expect(summary(await examine({ route, publicUrl: front.publicUrl }))).toEqual(ALL_FINE);
  expect([route.recorded, route.quarantined, route.stale]).toEqual([[], [], []]);
  expect(route.counters).toMatchObject({ accepted: 0, ignored: 0, quarantined: 0, lastAcceptedAt: null });
  expect(front.seen).toEqual(Array(3).fill('POST /webhooks/linq?version=2026-02-03'));
});

describe('each kind of proxy gets its own finding', () => {
  it.each<[string, (passed: Passed) => Passed | null, string]>([
    ['parses JSON and writes it anew', rewritten, 'proxy_alters_bytes'],
    [
      'appends to every body',
      (passed) => ({ ...passed, body: Buffer.concat([passed.body, Buffer.from('\n')]) }),
      'proxy_alters_bytes',
    ],
    [
      'drops what it doesn’t know',
      without('webhook-id', 'webhook-timestamp', 'webhook-signature'),
      'proxy_drops_headers',
    ],
    ['drops one header', without('webhook-timestamp'), 'proxy_drops_headers'],
    [
      'doubles a header',
      (passed) => withHeaders({ 'webhook-id': ['a', 'a'] })(passed),
      'proxy_changes_headers',
    ],
    ['changes the content type', withHeaders({ 'content-type': 'text/plain' }), 'proxy_changes_headers'],
    ['strips the path', (passed) => ({ ...passed, path: '/linq' }), 'something_else_answers'],
    ['cuts every connection', () => null, 'no_answer'],
    ['cuts large ones', (passed) => (passed.body.length > 100_000 ? null : passed), 'proxy_limits_size'],
  ])('one that %s', async (_name, change, code) => {
    const route = await startRoute();
    const { publicUrl } = await startProxy(() => route.url, change);
    const findings = await examine({ route, publicUrl });
    expect(summary(findings)).toEqual({ ...ALL_FINE, round_trip: code });
    expect(findings.find(({ id }) => id === 'round_trip')?.remedy).toBeTruthy();
  });

  it.each<[number, Record<string, string>, string, string]>([
    [301, { location: 'https://www.example.com/webhooks/linq?key=hidden' }, '', 'redirected'],
    [308, { location: '/webhooks/linq/' }, '', 'redirected'],
    [401, { 'www-authenticate': 'Basic' }, 'Who are you?', 'login_wanted'],
    [403, {}, '<html>Checking your browser</html>', 'login_wanted'],
    [502, {}, 'Bad Gateway', 'proxy_cannot_reach_service'],
    [413, {}, '<html>', 'proxy_refuses_size'],
    [200, { 'content-type': 'text/html' }, '<html>Welcome to nginx!</html>', 'something_else_answers'],
    [204, {}, '', 'something_else_answers'],
    [404, {}, 'not found', 'something_else_answers'],
  ])('one that answers %d itself', async (httpStatus, headers, body, code) => {
    const route = await startRoute();
    const { publicUrl, seen } = await startFront((_request, response) => {
      response.writeHead(httpStatus, headers);
      response.end(body);
    });
    const findings = await examine({ route, publicUrl });
    expect(summary(findings)).toEqual({ ...ALL_FINE, round_trip: code });
    expect(seen).toHaveLength(1);
    expect(JSON.stringify(findings)).not.toContain('hidden');
  });
});

it('a redirect is told with its target, and not followed', async () => {
  const route = await startRoute();
  const target = await startProxy(() => route.url, same);
  const { publicUrl } = await startFront((_request, response) => {
    response.writeHead(302, { location: target.publicUrl });
    response.end();
  });
  const findings = await examine({ route, publicUrl });
  expect(findings.at(-1)?.message).toContain(`to ${target.publicUrl}.`);
  expect(target.seen).toEqual([]);
});

it('one that never answers is too slow', async () => {
  const after = AbortSignal.timeout;
  const hurried = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => after(ms / 50));
  onTestFinished(() => hurried.mockRestore());
  const route = await startRoute();
  const { publicUrl } = await startFront(() => {});
  expect(summary(await examine({ route, publicUrl }))).toMatchObject({ round_trip: 'too_slow' });
  expect(hurried).toHaveBeenCalledWith(10_000); // as long as Linq waits
});

describe('who answers there is told apart', () => {
  it('another service with the same secret', async () => {
    const [route, other] = [await startRoute(), await startRoute()];
    const { publicUrl } = await startProxy(() => other.url, same);
    expect(summary(await examine({ route, publicUrl }))).toEqual({
      ...ALL_FINE,
      round_trip: 'another_instance',
    });
  });

  it('another service with another secret', async () => {
    const [route, other] = [await startRoute(), await startRoute()];
    const { publicUrl } = await startProxy(() => other.url, same);
    const findings = await examine({
      route: { ...route, url: route.url },
      publicUrl,
      secret: FOREIGN_SECRET,
    });
    expect(summary(findings)).toMatchObject({
      local_delivery: 'service_secret_differs',
      round_trip: 'other_secret_there',
    });
  });

  it('the one that is meant, though none runs here to compare', async () => {
    const route = await startRoute();
    const { publicUrl } = await startProxy(() => route.url, same);
    const findings = await examine({ route: null, publicUrl });
    expect(summary(findings)).toEqual({
      ...ALL_FINE,
      local_delivery: 'skipped',
      round_trip: 'instance_unproven',
    });
  });
});

it.each([-400_000, 400_000])('a clock that is off by %d ms is told from a wrong secret', async (offMs) => {
  const route = await startRoute();
  const { publicUrl } = await startProxy(() => route.url, same);
  const findings = await examine({ route, publicUrl, signedAt: NOW + offMs });
  expect(summary(findings)).toMatchObject({
    local_delivery: 'service_clock_differs',
    round_trip: 'delivery_stale',
  });
});

it('while secrets are rotated, the newest has to be known to the service', async () => {
  const route = await startRoute();
  const { publicUrl } = await startProxy(() => route.url, same);
  const both = await examine({ route, publicUrl, secret: `${OTHER_SECRET},${SECRET}` });
  expect(summary(both)).toMatchObject({ local_delivery: 'ok', round_trip: 'ok' });
});

it('without a round trip nothing is sent', async () => {
  const route = await startRoute();
  const { publicUrl, seen } = await startProxy(() => route.url, same);
  const findings = await examine({ route, publicUrl, isRoundTripWanted: false });
  expect(new Set(findings.map(({ state }) => state))).toEqual(new Set(['ok', 'skipped']));
  expect([seen, route.deliveries.newest()]).toEqual([[], []]);
});
