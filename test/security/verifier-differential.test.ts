import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { SignatureError } from '../../src/errors.ts';
import { createVerifier } from '../../src/webhook/verify.ts';
import { OTHER_SECRET, SECRET } from '../helpers/deliver.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { macOf } from './mac.ts';

const CASES = suiteCount(30_000);
const NOW = Date.UTC(2026, 10, 3, 16, 20, 5, 678);

// the library reads the time itself
beforeAll(() => vi.useFakeTimers({ now: NOW, toFake: ['Date'] }));
afterAll(() => vi.useRealTimers());

const seeded = createSeeded('npm run test:security -- verifier-differential');
const random = (below: number) => seeded.between(0, below - 1);
const pick = <T>(from: readonly [T, ...T[]]): T => seeded.pick(from) ?? from[0];

type Headers = Record<string, string>;
interface Case {
  readonly body: Buffer;
  readonly headers: Headers;
}

/** Mostly well signed with one thing odd about it, since a case that is wrong in every way teaches nothing. */
function makeCase(): Case {
  const body = Buffer.from(
    pick(['{}', '{"a":"\u{1F600}"}', '', ' {"a": 1}\n', '{"a":"\\ud83d"}', 'x'.repeat(random(300))]),
  );
  const id = pick<() => string>([() => 'evt_1', () => `e-${random(1000)}`, oddId])();
  const stamp = pick<() => string>([fresh, fresh, fresh, oddStamp])();
  const secret = pick([SECRET, SECRET, OTHER_SECRET, `whsec_${'A'.repeat(44)}`]);
  const signature = signatureFor(macOf(secret, `${id}.${pick([stamp, asReadThere(stamp)])}.`, body));
  const headers: Headers = { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': signature };
  return random(10) > 0 ? { body, headers } : damage(body, headers);
}

/** The library hashes the number that it read. */
const asReadThere = (stamp: string) => String(Number.parseInt(stamp, 10));
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

const entriesOf = ({ headers }: Case) => (headers['webhook-signature'] ?? '').split(' ');

/**
 * Where we are stricter than the library on purpose, and why. (Bodies that are no UTF-8 aren't compared: the library
 * hashes the replacement characters, we the bytes.)
 */
const STRICTER: Readonly<Record<string, (one: Case) => boolean>> = {
  'an id with other signs than A-Z a-z 0-9 _ - could be cut in two ways, or break a log line': ({
    headers,
  }) => !/^[A-Za-z0-9_-]{1,256}$/.test(headers['webhook-id'] ?? ''),
  'a time that is not plain digits is read leniently there, and hashed as it was read': ({ headers }) =>
    !/^(0|[1-9]\d{0,11})$/.test(headers['webhook-timestamp'] ?? ''),
  'more than 16 signatures or 4 kB of them are work for nothing': (one) =>
    entriesOf(one).length > 16 || entriesOf(one).join(' ').length > 4096,
  'what follows a second comma is overlooked there': (one) =>
    entriesOf(one).some((entry) => entry.split(',').length > 2),
};

it(`agrees with the standardwebhooks library on ${CASES} cases but for the documented stricter ones`, {
  timeout: 1_200_000,
}, () => {
  const seen = { accepted: 0, refused: 0, stricter: 0 };
  const stricter = new Map(Object.keys(STRICTER).map((why) => [why, 0]));
  const wrong: unknown[] = [];
  for (let n = 0; n < CASES; n++) {
    const delivery = makeCase();
    const ours = weAccept(delivery);
    const theirs = libraryAccepts(delivery);
    const reasons = Object.entries(STRICTER).filter(([, applies]) => applies(delivery));
    if (ours !== theirs && !(theirs && reasons.length > 0))
      wrong.push({ n, ours, theirs, ...delivery.headers });
    seen[ours ? 'accepted' : theirs ? 'stricter' : 'refused']++;
    if (theirs && !ours) for (const [why] of reasons) stricter.set(why, (stricter.get(why) ?? 0) + 1);
  }
  console.info('stricter on purpose:', Object.fromEntries(stricter));
  reportReached('verifier-differential', {
    seed: seeded.seed,
    cases: CASES,
    ...seen,
    violations: wrong.length,
  });
  expect(wrong.slice(0, 5)).toEqual([]);
  // the generator must reach all three verdicts and every reason, or the comparison shows nothing
  expect(seen.accepted).toBeGreaterThan(CASES / 20);
  expect(seen.refused).toBeGreaterThan(CASES / 20);
  for (const count of stricter.values()) expect(count).toBeGreaterThan(CASES / 2_000);
});
