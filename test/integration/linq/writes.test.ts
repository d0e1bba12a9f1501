import { describe, expect, it } from 'vitest';
import type { LinqClient } from '../../../src/linq/client.ts';
import { fixture, setUp } from './raw-client.ts';
import { http, type Respond } from './raw-server.ts';

const CREATED = fixture('webhook_subscriptions.create-201.json');
const TARGET = 'https://reactor.example.com/webhooks/linq?version=2026-02-03';
const CARD = '{"phone_number":"+12025550100","first_name":"Ann","is_active":false}';

/** Every call that changes something, with a success, and what is then on the wire. */
const WRITES: readonly {
  readonly name: string;
  readonly call: (client: LinqClient) => Promise<{ readonly kind: string }>;
  readonly success: string;
  readonly line: string;
  readonly json: unknown;
  readonly answer: object;
}[] = [
  {
    name: 'createSubscription',
    call: (client) => client.createSubscription({ targetUrl: TARGET, events: ['message.sent'] }),
    success: http(201, CREATED),
    line: 'POST /api/partner/v3/webhook-subscriptions HTTP/1.1',
    json: { target_url: TARGET, subscribed_events: ['message.sent'] },
    answer: { kind: 'created', signingSecret: JSON.parse(CREATED).signing_secret },
  },
  {
    name: 'updateSubscription',
    call: (client) => client.updateSubscription('a/b', { isActive: true, lines: null }),
    success: http(200, CREATED),
    line: 'PUT /api/partner/v3/webhook-subscriptions/a%2Fb HTTP/1.1',
    json: { is_active: true, phone_numbers: null },
    answer: { kind: 'updated', subscription: { targetUrl: TARGET, isActive: true } },
  },
  {
    name: 'deleteSubscription',
    call: (client) => client.deleteSubscription('c1'),
    success: http(204),
    line: 'DELETE /api/partner/v3/webhook-subscriptions/c1 HTTP/1.1',
    json: null,
    answer: { kind: 'deleted' },
  },
  {
    name: 'createContactCard',
    call: (client) => client.createContactCard({ line: '+12025550100', firstName: 'Ann' }),
    success: http(200, CARD),
    line: 'POST /api/partner/v3/contact_card HTTP/1.1',
    json: { phone_number: '+12025550100', first_name: 'Ann' },
    answer: { kind: 'card', card: { line: '+12025550100', isActive: false } },
  },
];

describe.each(WRITES)('$name', ({ call, success, line, json, answer }) => {
  it('is one request, and its success is read', async () => {
    const { server, client } = await setUp(success);
    expect(await call(client)).toMatchObject(answer);
    expect(server.requests).toHaveLength(1);
    const [request] = server.requests;
    expect(request?.line).toBe(line);
    expect(request?.headers.get('authorization')).toBe('Bearer key-for-tests');
    expect(request?.body === '' ? null : JSON.parse(request?.body ?? '')).toEqual(json);
    expect(request?.headers.get('content-type')).toBe(json === null ? undefined : 'application/json');
  });

  it.each([
    ['a 401', http(401, fixture('error-2004-401-unauthorized.json')), { httpStatus: 401, linqCode: 2004 }],
    ['a 429', http(429, fixture('error-1007-429-rate-limited.json')), { httpStatus: 429 }],
    ['a 500', http(500, fixture('error-3006-500-internal.json')), { httpStatus: 500 }],
    ['a redirect', http(307, '', 'location: http://127.0.0.1:9/'), { httpStatus: 307 }],
  ] as const)('fails on %s, and is not repeated', async (_, bytes, refusal) => {
    const { server, client } = await setUp(bytes);
    expect(await call(client)).toMatchObject({ kind: 'failed', answer: { kind: 'answered', ...refusal } });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['a reset', ((socket) => socket.resetAndDestroy()) as Respond, 'reset'],
    ['a server that hangs', (() => {}) as Respond, 'timeout'],
  ] as const)('may have arrived after %s, and is not repeated', async (_, respond, cause) => {
    const { server, client } = await setUp(respond, { deadlineMs: 150 });
    const unknown = { kind: 'unanswered', mayHaveArrived: true, cause };
    expect(await call(client)).toEqual({ kind: 'failed', answer: unknown });
    expect(server.requests).toHaveLength(1);
  });

  it('never arrived where nobody listens', async () => {
    const { server, client } = await setUp('');
    await server.stop();
    const refused = { kind: 'unanswered', mayHaveArrived: false, cause: 'refused' };
    expect(await call(client)).toEqual({ kind: 'failed', answer: refused });
  });
});

it.each(WRITES.filter(({ name }) => name !== 'deleteSubscription'))(
  '$name may have arrived when the answer is a success that can’t be read',
  async ({ call }) => {
    const { client } = await setUp(http(200, '<html></html>'));
    const unknown = { kind: 'unanswered', mayHaveArrived: true, cause: 'unreadable' };
    expect(await call(client)).toEqual({ kind: 'failed', answer: unknown });
  },
);

describe('deleting a subscription that is gone already', () => {
  it.each([
    ['with code 2010', http(404, '{"error":{"code":2010}}'), 'deleted'],
    ['with another code of Linq’s', http(404, '{"error":{"code":2001}}'), 'deleted'],
    ['but not by a gateway’s 404', http(404, '404 page not found'), 'failed'],
    ['nor by one in JSON', http(404, '{"error":{"code":404,"message":"no route"}}'), 'failed'],
  ])('is done %s', async (_, bytes, kind) => {
    const { client } = await setUp(bytes);
    expect(await client.deleteSubscription('c1')).toMatchObject({ kind });
  });
});
