import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createVerifier } from '../../../src/webhook/verify.ts';
import { message2026, SECRET, sign, signLegacy } from '../../helpers/deliver.ts';
import { errorOf, NOW, startRoute } from './server.ts';

const MIB = 1024 * 1024;
const UNKNOWN = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const body = JSON.stringify(message2026());

describe('a delivery that fails verification is answered 401, stores nothing, and is told what is wrong', () => {
  const good = sign(body, { at: NOW });
  const { 'webhook-id': _id, ...withoutId } = good;
  it.each([
    ['missing', withoutId, /webhook-id/],
    ['missing', { 'content-type': 'application/json' }, /webhook-id, webhook-timestamp, webhook-signature/],
    ['malformed', { ...good, 'webhook-timestamp': 'now' }, /webhook-timestamp must be unix seconds/],
    ['malformed', { ...good, 'webhook-signature': 'abc' }, /webhook-signature must hold/],
    ['mismatch', sign(body, { at: NOW, secret: UNKNOWN }), /LINQ_WEBHOOK_SECRET/],
    ['stale', sign(body, { at: NOW - 301_000 }), /301 s ago.*300 s.*clock/],
    ['stale', sign(body, { at: NOW + 400_000 }), /400 s in the future/],
  ] as const)('%s (%#)', async (fault, headers, message) => {
    const route = await startRoute();
    const answer = await route.post(body, headers as Record<string, string>);
    expect(answer.status).toBe(401);
    expect(errorOf(answer)).toEqual({
      statusCode: 401,
      code: `SIGNATURE_${fault.toUpperCase()}`,
      error: 'Unauthorized',
      message: expect.stringMatching(message),
    });
    expect([...route.recorded, ...route.quarantined]).toEqual([]);
    expect(route.counters).toMatchObject({ accepted: 0, lastAcceptedAt: null, rejected: { [fault]: 1 } });
    expect(route.logged()).toMatchObject([{ level: 40, msg: 'delivery.rejected', verdict: fault }]);
    expect(route.deliveries.newest()).toEqual([{ at: NOW, eventType: null, chatId: null, verdict: fault }]);
  });

  it('names a repeated header as malformed', async () => {
    const route = await startRoute();
    const id = good['webhook-id'] ?? '';
    const answer = await route.post(body, { ...good, 'webhook-id': [id, id] });
    expect(errorOf(answer)).toMatchObject({
      code: 'SIGNATURE_MALFORMED',
      message: expect.stringMatching(/webhook-id must be sent once/),
    });
  });

  it('says how to accept the deprecated headers', async () => {
    const verify = createVerifier({ secrets: [SECRET], toleranceMs: 300_000, acceptLegacySignatures: false });
    const route = await startRoute({ verify });
    const answer = await route.post(body, signLegacy(body, { at: NOW }));
    expect(errorOf(answer).message).toMatch(/ACCEPT_LEGACY_SIGNATURES=true/);
  });

  it('reports by how much a correctly signed one is off, to the log and to whoever asked', async () => {
    const route = await startRoute();
    await route.deliver(message2026(), { at: NOW - 400_000 });
    await route.deliver(message2026(), { at: NOW - 400_000, secret: UNKNOWN });
    expect(route.stale).toEqual([400_000]);
    expect(route.logged()).toMatchObject([{ skewSeconds: 400 }, { verdict: 'mismatch' }]);
  });
});

describe('before verification', () => {
  const verify = () => {
    throw new Error('must not be called');
  };

  it.each([
    ['text/plain'],
    ['application/jsonp'],
    ['application/json, text/plain'],
    ['application/x-www-form-urlencoded'],
    ['application/ld+json'],
    ['application\\json'],
    ['json'],
    [undefined],
  ])('the content type %s is answered 415', async (type) => {
    const route = await startRoute({ verify });
    const { 'content-type': _type, ...headers } = sign(body, { at: NOW });
    const answer = await route.post(
      body,
      type === undefined ? headers : { ...headers, 'content-type': type },
    );
    expect(answer.status).toBe(415);
    expect(errorOf(answer)).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      error: 'Unsupported Media Type',
    });
    expect(route.counters.rejected.type).toBe(1);
  });

  it.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, identity', 'x'])(
    'the content encoding %s is answered 415',
    async (encoding) => {
      const route = await startRoute({ verify });
      const zipped = gzipSync(body);
      const answer = await route.post(zipped, { ...sign(zipped, { at: NOW }), 'content-encoding': encoding });
      expect(answer.status).toBe(415);
      expect(errorOf(answer).code).toBe('UNSUPPORTED_ENCODING');
      expect(route.counters.rejected.type).toBe(1);
    },
  );

  it('a body over 1 MiB is answered 413, whether its length is told or not', async () => {
    const route = await startRoute({ verify });
    const large = Buffer.alloc(MIB + 1, ' ');
    for (const sent of [large, Readable.from([large.subarray(0, MIB), large.subarray(MIB)])]) {
      const answer = await route.post(sent, sign(large, { at: NOW }));
      expect(answer.status).toBe(413);
      expect(errorOf(answer)).toMatchObject({ code: 'BODY_TOO_LARGE', error: 'Payload Too Large' });
      expect(errorOf(answer).message).toMatch(/exceeds 1 MiB/);
    }
    expect(route.counters.rejected.size).toBe(2);
  });

  it('a body of exactly 1 MiB is read', async () => {
    const route = await startRoute();
    const padded = Buffer.from(body.padEnd(MIB, ' '));
    expect(await route.post(padded, sign(padded, { at: NOW }))).toMatchObject({ status: 204 });
  });
});
