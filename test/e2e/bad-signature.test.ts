import { describe, expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { deliver, message2026, OTHER_SECRET, post, SECRET, sign, signLegacy } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { readOverview } from '../helpers/status.ts';

const BODY = JSON.stringify(message2026());
const MINUTE = 60_000;

type Headers = Record<string, string | string[]>;

interface Row {
  readonly name: string;
  readonly headers: (good: Record<string, string>, now: number) => Headers;
  readonly body?: string;
  readonly code: 'SIGNATURE_MISSING' | 'SIGNATURE_MALFORMED' | 'SIGNATURE_MISMATCH' | 'SIGNATURE_STALE';
  readonly says: RegExp;
}

const without =
  (...names: string[]): Row['headers'] =>
  (good) =>
    Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name)));
const having =
  (changed: Headers): Row['headers'] =>
  (good) => ({ ...good, ...changed });
const changing =
  (name: string, change: (value: string) => string): Row['headers'] =>
  (good) => ({ ...good, [name]: change(good[name] ?? '') });

const SIGNATURE = 'webhook-signature';
const TIMESTAMP = 'webhook-timestamp';
const ID = 'webhook-id';

const ROWS: readonly Row[] = [
  {
    name: 'no signature at all',
    headers: without(ID, TIMESTAMP, SIGNATURE),
    code: 'SIGNATURE_MISSING',
    says: /webhook-id, webhook-timestamp, webhook-signature are missing/,
  },
  ...[ID, TIMESTAMP, SIGNATURE].map((name) => ({
    name: `no ${name}`,
    headers: without(name),
    code: 'SIGNATURE_MISSING' as const,
    says: new RegExp(`The header ${name} is missing`),
  })),
  {
    name: 'a legacy signature alone',
    headers: (_good, now) => signLegacy(BODY, { at: now }),
    code: 'SIGNATURE_MISSING',
    says: /ACCEPT_LEGACY_SIGNATURES=true/,
  },
  {
    name: 'an empty signature',
    headers: having({ [SIGNATURE]: '' }),
    code: 'SIGNATURE_MISSING',
    says: /webhook-signature is missing/,
  },
  {
    name: 'a signature of another version',
    headers: changing(SIGNATURE, (value) => value.replace('v1,', 'v1a,')),
    code: 'SIGNATURE_MALFORMED',
    says: /"v1," and the base64 of 32 bytes/,
  },
  {
    name: 'a signature that is too short',
    headers: changing(SIGNATURE, (value) => value.slice(0, -5)),
    code: 'SIGNATURE_MALFORMED',
    says: /base64 of 32 bytes/,
  },
  {
    name: 'seventeen signatures',
    headers: changing(SIGNATURE, (value) => Array(17).fill(value).join(' ')),
    code: 'SIGNATURE_MALFORMED',
    says: /at most 16/,
  },
  ...['abc', '1e9', '-1', '0x6553f100', ' ', '1793722805.5'].map((value) => ({
    name: `the timestamp "${value}"`,
    headers: having({ [TIMESTAMP]: value }),
    code: value.trim() === '' ? ('SIGNATURE_MISSING' as const) : ('SIGNATURE_MALFORMED' as const),
    says: /webhook-timestamp/,
  })),
  {
    name: 'an id with a dot',
    headers: having({ [ID]: 'msg.1' }),
    code: 'SIGNATURE_MALFORMED',
    says: /webhook-id must be 1 to 256/,
  },
  ...[ID, TIMESTAMP, SIGNATURE].map((name) => ({
    name: `${name} sent twice`,
    headers: ((good) => ({ ...good, [name]: [good[name] ?? '', good[name] ?? ''] })) as Row['headers'],
    code: 'SIGNATURE_MALFORMED' as const,
    says: new RegExp(`${name} must be sent once`),
  })),
  {
    name: 'the signature of another secret',
    headers: (_good, now) => sign(BODY, { at: now, secret: OTHER_SECRET }),
    code: 'SIGNATURE_MISMATCH',
    says: /check that LINQ_WEBHOOK_SECRET/,
  },
  {
    name: 'one byte of the body changed',
    headers: having({}),
    body: BODY.replace('Hello', 'Hallo'),
    code: 'SIGNATURE_MISMATCH',
    says: /No signature matches the body/,
  },
  {
    name: 'the id of another delivery',
    headers: having({ [ID]: 'another-delivery' }),
    code: 'SIGNATURE_MISMATCH',
    says: /LINQ_WEBHOOK_SECRET/,
  },
  {
    name: 'the timestamp renewed without signing again',
    headers: changing(TIMESTAMP, (value) => String(Number(value) + 1)),
    code: 'SIGNATURE_MISMATCH',
    says: /LINQ_WEBHOOK_SECRET/,
  },
  {
    name: 'signed six minutes ago',
    headers: (_good, now) => sign(BODY, { at: now - 6 * MINUTE }),
    code: 'SIGNATURE_STALE',
    says: /Correctly signed, but 36\d s ago; WEBHOOK_TOLERANCE allows 300 s/,
  },
  {
    name: 'signed six minutes in the future',
    headers: (_good, now) => sign(BODY, { at: now + 6 * MINUTE }),
    code: 'SIGNATURE_STALE',
    says: /in the future; WEBHOOK_TOLERANCE allows 300 s/,
  },
];

describe('a delivery with a wrong signature', () => {
  it('is answered 401, told what to do, and nothing of it is stored', async () => {
    const { reactor, directory } = await startRig();
    await deliver(reactor.url, message2026({ isOutbound: false }));
    const before = dumpRows(directory);
    expect(before.chats).toHaveLength(1);

    const answers: Record<string, unknown> = {};
    for (const { name, headers, body = BODY } of ROWS) {
      const now = Date.now();
      const answer = await post(reactor.url, body, headers(sign(BODY, { at: now }), now));
      answers[name] = { status: answer.status, ...JSON.parse(answer.body) };
    }

    expect(answers).toEqual(
      Object.fromEntries(
        ROWS.map(({ name, code, says }) => [
          name,
          { status: 401, statusCode: 401, error: 'Unauthorized', code, message: expect.stringMatching(says) },
        ]),
      ),
    );
    expect(dumpRows(directory)).toEqual(before);
    const { webhooks } = await readOverview(reactor.url);
    const count = (code: Row['code']) => ROWS.filter((row) => row.code === code).length;
    expect(webhooks).toMatchObject({
      accepted: 1,
      rejected: {
        missing: count('SIGNATURE_MISSING'),
        malformed: count('SIGNATURE_MALFORMED'),
        mismatch: count('SIGNATURE_MISMATCH'),
        stale: count('SIGNATURE_STALE'),
      },
    });
    expect(reactor.output()).not.toContain(SECRET);
  });

  it('is answered 429 once its address failed sixty times in a minute; authentic ones still pass', async () => {
    const { reactor, directory } = await startRig();
    const before = dumpRows(directory);
    const forge = async () =>
      (await post(reactor.url, BODY, sign(BODY, { at: Date.now(), secret: OTHER_SECRET }))).status;
    const statuses: number[] = [];
    for (let n = 0; n < 61; n++) statuses.push(await forge());

    expect(statuses).toEqual([...Array(60).fill(401), 429]);
    expect(dumpRows(directory)).toEqual(before);
    expect((await deliver(reactor.url, message2026({ isOutbound: false }))).status).toBe(204);
  });
});
