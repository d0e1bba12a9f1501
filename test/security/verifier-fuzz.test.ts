import { expect, it } from 'vitest';
import { SignatureError } from '../../src/errors.ts';
import { createVerifier } from '../../src/webhook/verify.ts';
import { dumpRows } from '../helpers/database.ts';
import { OTHER_SECRET, SECRET } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { isAuthentic, type RawHeaders, type SignedCase } from './authentic.ts';
import { speak } from './raw-socket.ts';
import { createCaseMaker } from './verifier-mutations.ts';

const RERUN = 'npm run test:security -- verifier-fuzz';
const SECRETS = [SECRET, OTHER_SECRET];
const NOW_SECONDS = 1_762_186_805;
/** Enough to meet every way in which Node's own parser and ours could differ. */
const HTTP_CASES = 1_000;

/** As Node hands them over: names in small letters, what came twice joined. */
function asNodeHeaders(raw: RawHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [spelled, value] of raw) {
    const name = spelled.toLowerCase();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}

it('no mutation of a signed delivery is taken for authentic, and none that still is, is refused', {
  timeout: 1_200_000, // the long run has millions of cases
}, () => {
  const cases = suiteCount(100_000);
  const seeded = createSeeded(RERUN);
  const makeCase = createCaseMaker(seeded, SECRETS, () => NOW_SECONDS);
  const verifiers = [false, true].map((acceptsLegacy) => ({
    judge: { secrets: SECRETS, acceptsLegacy, nowSeconds: NOW_SECONDS },
    verify: createVerifier({ secrets: SECRETS, toleranceMs: 300_000, acceptLegacySignatures: acceptsLegacy }),
  }));
  const seen = { accepted: 0, missing: 0, malformed: 0, mismatch: 0, stale: 0, threw: 0 };
  const wrong: unknown[] = [];

  for (let n = 0; n < cases; n++) {
    const one = makeCase();
    const { judge, verify } = verifiers[n % 2] ?? { judge: null, verify: null };
    if (judge === null) continue;
    let verdict: keyof typeof seen = 'accepted';
    try {
      verify(one.body, asNodeHeaders(one.raw), one.raw.flat(), NOW_SECONDS * 1_000 + (n % 1_000));
    } catch (error) {
      verdict = error instanceof SignatureError ? error.fault : 'threw';
    }
    seen[verdict]++;
    const isRight = verdict !== 'threw' && (verdict === 'accepted') === isAuthentic(one, judge);
    if (!isRight && wrong.length < 10) wrong.push({ n, verdict, judge: judge.acceptsLegacy, ...shown(one) });
  }

  reportReached('verifier-fuzz', { seed: seeded.seed, cases, ...seen, violations: wrong.length });
  expect(wrong).toEqual([]);
  // each verdict is reached, or the suite shows nothing
  const { threw, ...verdicts } = seen;
  expect(threw).toBe(0);
  for (const count of Object.values(verdicts)) expect(count).toBeGreaterThan(cases / 100);
});

const shown = ({ raw, body }: SignedCase) => ({
  raw: raw.map(([name, value]) => `${name}: ${value.slice(0, 200)}`),
  body: body.toString('latin1'),
});

it('over HTTP they are answered 401 or 400, never 5xx, and what is authentic 2xx', async () => {
  const { reactor, directory } = await startRig({
    TRUST_PROXY: 'loopback',
    LINQ_WEBHOOK_SECRET: SECRETS.join(),
    WEBHOOK_RATE_LIMIT: '0',
  });
  const seeded = createSeeded(RERUN);
  const now = () => Math.floor(Date.now() / 1_000);
  const makeCase = createCaseMaker(seeded, SECRETS, now);
  const wrong: unknown[] = [];
  let authentic = 0;

  for (let n = 0; n < HTTP_CASES; n++) {
    const one = makeCase();
    const before = now();
    const raw = asSent(one.raw);
    const { statuses } = await speak(reactor.url, asRequest({ ...one, raw }, `192.0.${n % 250}.${n % 199}`));
    const [status = 0] = statuses;
    const isHttp = raw.every(([, value]) => !CONTROL.test(value));
    // a second may pass on the way: what is fresh before and stale after may be either
    const verdicts = [before, now()].map((nowSeconds) =>
      isAuthentic({ ...one, raw }, { secrets: SECRETS, acceptsLegacy: false, nowSeconds }),
    );
    const isGood = verdicts.includes(true);
    if (isHttp && isGood) authentic++;
    const allowed = isHttp
      ? [...(isGood ? [202, 204] : []), ...(verdicts.includes(false) ? [401, 431] : [])]
      : [400];
    if (statuses.length !== 1 || !allowed.includes(status))
      wrong.push({ n, statuses, isGood, ...shown(one) });
  }

  reportReached('verifier-fuzz-http', {
    seed: seeded.seed,
    cases: HTTP_CASES,
    authentic,
    violations: wrong.length,
  });
  expect(wrong).toEqual([]);
  expect(authentic).toBeGreaterThan(HTTP_CASES / 50);
  expect(dumpRows(directory).chats).toEqual([]);
});

/** What HTTP allows in no value. */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * As it arrives: in bytes, without the spaces and tabs around a value. What would end the header is left to the tests
 * of raw sockets.
 */
function asSent(raw: RawHeaders): RawHeaders {
  const send = (value: string) => Buffer.from(value.replaceAll(/[\r\n]/g, ''), 'latin1').toString('latin1');
  return raw.map(([name, value]) => [name, send(value).replaceAll(/^[ \t]+|[ \t]+$/g, '')]);
}

function asRequest({ raw, body }: SignedCase, from: string): Buffer {
  const lines = [
    'POST /webhooks/linq HTTP/1.1',
    'host: reactor',
    'connection: close',
    'content-type: application/json',
    `content-length: ${body.length}`,
    `x-forwarded-for: ${from}`,
    ...raw.map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}
