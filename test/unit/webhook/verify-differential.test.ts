import { createHmac, randomInt } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { SignatureError } from '../../../src/errors.ts';
import { createVerifier } from '../../../src/webhook/verify.ts';
import { OTHER_SECRET, SECRET } from '../../helpers/deliver.ts';

const CASES = Number(process.env.VERIFY_CASES ?? 100_000);
const SEED = Number(process.env.VERIFY_SEED ?? randomInt(2 ** 31));
const NOW = Date.UTC(2026, 10, 3, 16, 20, 5, 678);

beforeAll(() => vi.useFakeTimers({ now: NOW, toFake: ['Date'] }));
afterAll(() => vi.useRealTimers());

/** Reproducible: the same seed makes the same cases. */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Headers = Record<string, string>;
interface Case {
  readonly body: Buffer;
  readonly headers: Headers;
}

const random = createRandom(SEED);
const pick = <T>(from: readonly [T, ...T[]]): T => from[random(from.length)] ?? from[0];

function mac(secret: string, text: string, body: Buffer): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return createHmac('sha256', key).update(text).update(body).digest('base64');
}

/** Mostly well signed with one thing odd about it, since a case that is wrong in every way teaches nothing. */
function makeCase(): Case {
  const body = Buffer.from(
    pick(['{}', '{"a":"\u{1F600}"}', '', ' {"a": 1}\n', '{"a":"\\ud83d"}', 'x'.repeat(random(300))]),
  );
  const id = pick<() => string>([() => 'evt_1', () => `e-${random(1000)}`, oddId])();
  const stamp = pick<() => string>([fresh, fresh, fresh, oddStamp])();
  const secret = pick([SECRET, SECRET, OTHER_SECRET, `whsec_${'A'.repeat(44)}`]);
  const signature = signatureFor(mac(secret, `${id}.${stamp}.`, body));
  const headers: Headers = { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': signature };
  return random(10) > 0 ? { body, headers } : damage(body, headers);
}

const seconds = Math.floor(NOW / 1000);
const fresh = () => String(seconds + pick([0, 0, -1, 299, 300, 301, -299, -300, -301, 1000, -100_000]));
const oddId = () =>
  pick(['a.b', 'a b', 'a,b', 'é', 'x'.repeat(256), 'x'.repeat(257), ' a', '.', 'a'.repeat(5000)]);
const oddStamp = () =>
  pick([
    `0${seconds}`,
    ` ${seconds}`,
    `+${seconds}`,
    `${seconds}.5`,
    `${seconds}abc`,
    `-${seconds}`,
    'NaN',
    '1e9',
    '',
    '٣',
    String(2 ** 53),
    String(NOW),
  ]);

function signatureFor(good: string): string {
  const junk = () =>
    pick([
      'v1',
      'v1,',
      ',',
      '',
      `v2,${good}`,
      'v1a,x',
      `v1,${Buffer.alloc(32, random(256)).toString('base64')}`,
    ]);
  const item = pick([`v1,${good}`, `v1,${good}`, `v1,${good}`, oddMac(good)]);
  const list = Array.from({ length: pick([0, 0, 0, 1, 3, 14, 20, 150]) }, junk);
  list.splice(random(list.length + 1), 0, item);
  return list.join(' ');
}

const oddMac = (good: string) =>
  pick([
    `v1,${good},`,
    `v1,${good},v1`,
    `v1,${good.slice(0, -1)}`,
    `v1,${good}=`,
    `v1,${good.toLowerCase()}`,
    `V1,${good}`,
    `v1,\t${good}`,
    `v1,,${good}`,
    good,
    `v1,${good.replace(/.=$/, 'B=')}`,
    `v1,${good.replace('/', '_')}`,
  ]);

function damage(body: Buffer, headers: Headers): Case {
  const name = pick(['webhook-id', 'webhook-timestamp', 'webhook-signature']);
  if (random(3) === 0) return { body: Buffer.concat([body, Buffer.from(' ')]), headers };
  if (random(2) === 0) return { body, headers: { ...headers, [name]: '' } };
  const { [name]: _left, ...rest } = headers;
  return { body, headers: rest };
}

const libraries = [new Webhook(SECRET), new Webhook(OTHER_SECRET)];
const verify = createVerifier({
  secrets: [SECRET, OTHER_SECRET],
  toleranceMs: 300_000,
  acceptLegacySignatures: false,
});

function libraryAccepts({ body, headers }: Case): boolean {
  return libraries.some((library) => {
    try {
      library.verify(body, headers, { jsonParse: false });
      return true;
    } catch {
      return false;
    }
  });
}

function weAccept({ body, headers }: Case): boolean {
  try {
    verify(body, headers, Object.entries(headers).flat(), NOW);
    return true;
  } catch (error) {
    if (error instanceof SignatureError) return false;
    throw error;
  }
}

/**
 * Where we are stricter than the library on purpose. (Bodies that are no UTF-8 aren't compared: the library hashes the
 * replacement characters, we the bytes.)
 */
function isStricter({ headers }: Case): boolean {
  const signature = headers['webhook-signature'] ?? '';
  return (
    !/^[A-Za-z0-9_-]{1,256}$/.test(headers['webhook-id'] ?? '') ||
    !/^(0|[1-9]\d{0,11})$/.test(headers['webhook-timestamp'] ?? '') ||
    signature.length > 4096 ||
    signature.split(' ').length > 16 ||
    // the library overlooks what follows a second comma
    signature.split(' ').some((entry) => entry.split(',').length > 2)
  );
}

it(`agrees with the standardwebhooks library on ${CASES} cases (VERIFY_SEED=${SEED})`, {
  timeout: 120_000,
}, () => {
  const seen = { accepted: 0, refused: 0, stricter: 0 };
  for (let n = 0; n < CASES; n++) {
    const delivery = makeCase();
    const ours = weAccept(delivery);
    const theirs = libraryAccepts(delivery);
    if (ours !== theirs && !(theirs && isStricter(delivery))) {
      expect.fail(
        `case ${n} of seed ${SEED}: we ${ours}, the library ${theirs}: ${JSON.stringify(delivery.headers)}`,
      );
    }
    seen[ours ? 'accepted' : theirs ? 'stricter' : 'refused']++;
  }
  console.log(`verify differential: seed ${SEED}`, seen);
  // the generator must reach all three verdicts, or the comparison shows nothing
  expect(seen.accepted).toBeGreaterThan(CASES / 20);
  expect(seen.refused).toBeGreaterThan(CASES / 20);
  expect(seen.stricter).toBeGreaterThan(CASES / 200);
});
