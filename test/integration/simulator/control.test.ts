import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeFields } from '../../../src/simulator/body-schema.ts';
import { routes } from '../../../src/simulator/control-routes.ts';
import { LINE, startReceiver, startSimulator } from './harness.ts';

let linq: Awaited<ReturnType<typeof startSimulator>>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeEach(async () => {
  linq = await startSimulator();
  receiver = await startReceiver();
});
afterEach(async () => {
  await linq.simulator.stop();
  await receiver.stop();
});

const CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';

it('lets another process play a whole conversation and read what came of it', async () => {
  const { control, share } = linq;
  const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  const subscription = await control('POST', 'subscriptions', {
    targetUrl: receiver.url,
    signingSecret: secret,
  });
  expect(subscription.body).toMatchObject({ target_url: receiver.url, signing_secret: secret });
  expect((await control('POST', 'chats', { chatId: CHAT, line: LINE })).body).toMatchObject({ id: CHAT });
  const sent = await control('POST', `chats/${CHAT}/send`, { text: 'Hello', at: '2026-11-03T16:20:04.902Z' });
  expect(sent.body).toMatchObject({ chat_id: CHAT, sent_at: '2026-11-03T16:20:04.902Z' });
  await share(CHAT);
  await control('POST', `chats/${CHAT}/receive`, { text: 'STOP' });
  await share(CHAT);
  await linq.simulator.settled();
  expect(receiver.types().sort()).toEqual(['chat.created', 'message.received', 'message.sent']);
  expect((await control('GET', `calls?chatId=${CHAT}`)).body.calls).toMatchObject([
    { chatId: CHAT, line: LINE, status: 204, effect: 'prompt', arrivedAt: expect.stringMatching(/Z$/) },
    { chatId: CHAT, status: 403, code: 2024, effect: 'refused' },
  ]);
  expect((await control('GET', `deliveries?chatId=${CHAT}`)).body.deliveries).toHaveLength(3);
  expect((await control('GET', 'state')).body).toEqual({
    baseUrl: linq.simulator.baseUrl,
    seed: linq.simulator.seed,
    pendingDeliveries: 0,
  });
});

it('steers lines, cards, chats, faults and behaviour', async () => {
  const { control, share, simulator } = linq;
  const other = encodeURIComponent('+12025550101');
  await control('POST', 'lines', { number: '+12025550101', card: 'none' });
  await control('POST', 'chats', { chatId: CHAT, line: '+12025550101', isGroup: true });
  expect((await share(CHAT)).status).toBe(404);
  await control('PUT', `lines/${other}/card`, { card: 'active' });
  await control('POST', `lines/${other}/status`, { status: 'FLAGGED', reputation: 'CRITICAL' });
  await control('PUT', `chats/${CHAT}`, { service: 'SMS', health: 'CRITICAL' });
  expect(simulator.chat(CHAT)).toMatchObject({ service: 'SMS', health: { status: 'CRITICAL' } });
  await control('POST', 'faults', { status: 500, times: 1 });
  expect([(await share(CHAT)).status, (await share(CHAT)).status]).toEqual([500, 204]);
  await control('POST', 'faults', { status: 500 });
  await control('DELETE', 'faults');
  expect((await share(CHAT)).status).toBe(204);
  await control('POST', `chats/${CHAT}/leave`);
  expect((await share(CHAT)).status).toBe(409);
  await control('POST', `chats/${CHAT}/join`);
  await control('POST', `chats/${CHAT}/fail`, {});
  expect((await control('PUT', 'behaviour', { suppressionMs: 1_000 })).body).toMatchObject({
    suppressionMs: 1_000,
  });
  await control('DELETE', `chats/${CHAT}`);
  expect((await share(CHAT)).status).toBe(404);
});

it('delivers any body as it is', async () => {
  await linq.control('POST', 'subscriptions', { targetUrl: receiver.url });
  await linq.control('POST', 'deliver', { event_id: 'e-1', event_type: 'future.event', data: { new: true } });
  await linq.simulator.settled();
  expect(receiver.received[0]?.event).toMatchObject({ event_id: 'e-1', event_type: 'future.event' });
});

it.each([
  ['POST', 'chats', { line: '+12025550199' }, 'no line +12025550199: add it first (addLine)'],
  ['POST', `chats/${CHAT}/send`, {}, `no chat ${CHAT}: create it first (createChat)`],
  ['POST', 'lines', { number: '555' }, 'not an E.164 number: 555'],
  [
    'POST',
    'subscriptions',
    { targetUrl: 'http://example.com' },
    'targetUrl: expected https, or http on loopback, got http://example.com',
  ],
  [
    'POST',
    'chats',
    { line: LINE, servise: 'SMS' },
    'servise: no such field; allowed: line, chatId, service, isGroup, handle, displayName, announce',
  ],
  ['POST', 'chats', {}, 'line: missing; expected text'],
  ['POST', 'faults', { times: 0, bogus: 1 }, 'times: expected a whole number from 1, got 0'],
  ['PUT', 'behaviour', { lossRate: 2 }, 'lossRate: expected a number from 0 to 1, got 2'],
  [
    'POST',
    'subscriptions',
    { targetUrl: 'https://a.example/', lines: [1] },
    'lines[0]: expected text, got 1',
  ],
  [
    'POST',
    'subscriptions',
    { targetUrl: 'https://a.example/', events: ['message.snet'] },
    'events[0]: expected "message.sent", "message.received", ',
  ],
  [
    'POST',
    'subscriptions',
    { targetUrl: 'https://a.example/', routing: { token: 'X' } },
    'routing.token: no such field',
  ],
  ['POST', `chats/${CHAT}/send`, { at: 'yesterday' }, 'at: expected a time in ISO 8601'],
  ['GET', 'calls?chat=1', undefined, '?chat: no such parameter; allowed: chatId'],
  ['DELETE', 'faults', { all: true }, 'all: no such field; allowed: none'],
])('refuses %s %s %j and says why', async (method, path, body, message) => {
  const answer = await linq.control(method, path, body);
  expect(answer.status).toBe(400);
  expect(answer.body.error).toContain(message);
});

it('lists its routes on a path it does not have', async () => {
  const { status, body } = await linq.control('GET', 'help');
  expect(status).toBe(404);
  expect(body.routes).toContain('POST /_sim/chats/{chatId}/send');
});

describe('GET /_sim', () => {
  it('describes each route, what its body may hold, and an example', async () => {
    const { status, body } = await linq.control('GET', '');
    expect(status).toBe(200);
    expect(body.routes).toHaveLength(routes.length);
    for (const route of body.routes) {
      expect(route).toMatchObject({
        route: expect.stringMatching(/^(GET|POST|PUT|DELETE) \/_sim\//),
        does: /./,
      });
    }
    expect(body.routes[0]).toEqual({
      route: 'POST /_sim/lines',
      does: 'adds a line',
      body: { number: 'text, required: E.164', card: '"active", "inactive" or "none" (default: "active")' },
      example: { method: 'POST', path: '/_sim/lines', body: { number: '+12025550101', card: 'inactive' } },
    });
  });

  it('has examples that work as they stand, one after the other', async () => {
    for (const { example } of (await linq.control('GET', '')).body.routes) {
      const { status, body } = await linq.control(
        example.method,
        example.path.slice('/_sim/'.length),
        example.body,
      );
      expect([status, body?.error], JSON.stringify(example)).toEqual([
        expect.toSatisfy(isSuccess),
        undefined,
      ]);
    }
  });

  it('names examples for all bodies, and every field has words for what is allowed', () => {
    for (const { path, exampleBody, schema } of routes) {
      const fields = describeFields(schema);
      if (exampleBody !== null) expect(Object.keys(exampleBody), path).not.toEqual([]);
      for (const [name, told] of Object.entries(fields))
        expect(told, `${path} ${name}`).not.toMatch(/^: |undefined/);
    }
  });
});

const isSuccess = (status: number) => status === 200 || status === 204;

/** Each field of a control route that takes only certain words. */
const ENUMS = routes.flatMap((route) => {
  const { properties = {} } = route.schema as {
    properties?: Record<string, { enum?: unknown[]; anyOf?: { enum?: unknown[] }[] }>;
  };
  return Object.entries(properties).flatMap(([field, schema]) => {
    const allowed = schema.enum ?? schema.anyOf?.find((one) => one.enum !== undefined)?.enum;
    return allowed === undefined
      ? []
      : [{ route, field, allowed, title: `${route.method} ${route.path}: ${field}` }];
  });
});

it.each(ENUMS)(
  '$title answers a wrong word with those that are allowed',
  async ({ route, field, allowed }) => {
    const wrong = { ...route.exampleBody, [field]: 'wrong' };
    const { status, body } = await linq.control(route.method, route.example, wrong);
    expect(status).toBe(400);
    expect(body.error).toMatch(new RegExp(`^${field}: expected .*, got "wrong"$`));
    for (const word of allowed) expect(body.error).toContain(JSON.stringify(word));
  },
);

it('has fields that take only certain words', () => {
  expect(ENUMS.length).toBeGreaterThan(10);
});

it('does each thing that docs/simulator.md shows, in its order', async () => {
  const page = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');
  const requests = [
    ...page.matchAll(/^curl (?:-X (\w+) )?'?http:\/\/127\.0\.0\.1:4010\/_sim\/([^\s']+)'?(?: -d '(.*)')?$/gm),
  ];
  expect(requests.length).toBeGreaterThan(30);
  expect(requests).toHaveLength(page.match(/^curl/gm)?.length ?? 0);
  for (const [line, method = 'GET', path = '', body] of requests) {
    const answer = await linq.control(method, path, body === undefined ? undefined : JSON.parse(body));
    expect([answer.status, answer.body?.error], line).toEqual([expect.toSatisfy(isSuccess), undefined]);
  }
});
