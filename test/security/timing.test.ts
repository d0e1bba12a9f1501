import { performance } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { SignatureError } from '../../src/errors.ts';
import { isSameToken } from '../../src/http/access.ts';
import { createVerifier } from '../../src/webhook/verify.ts';
import { SECRET } from '../helpers/deliver.ts';
import { createSeeded, type Seeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { macOf } from './mac.ts';

const RERUN = 'npm run test:security -- timing';
/** Beyond it a difference is hardly chance: the bound of the dudect method (Reparaz, Balasch and Verbauwhede, 2017). */
const MOST_T = 4.5;
/** The slowest tenth shows the machine, not the code. */
const KEPT = 0.9;
const WARM_UP = 2_000;
/** So that the comparing counts beside the hashing. */
const SIGNATURES = 8;

/** Something to be timed that is refused, being wrong in the first or in the last place. */
type Prepare = (place: 'first' | 'last') => () => void;

/** Welch's t between being wrong in the first place and in the last, over so many measurements in random order. */
function compareTimes(prepare: Prepare, count: number, { random }: Seeded): number {
  const times: Record<'first' | 'last', number[]> = { first: [], last: [] };
  for (let n = -WARM_UP; n < count; n++) {
    const place = random() < 0.5 ? 'first' : 'last';
    const run = prepare(place);
    const began = performance.now();
    run();
    const took = performance.now() - began;
    if (n >= 0) times[place].push(took);
  }
  const all = [...times.first, ...times.last].sort((a, b) => a - b);
  const longest = all[Math.floor(all.length * KEPT)] ?? Number.POSITIVE_INFINITY;
  const [first, last] = [times.first, times.last].map((some) =>
    summarize(some.filter((took) => took <= longest)),
  );
  if (first === undefined || last === undefined) throw new Error('nothing was measured');
  return (first.mean - last.mean) / Math.sqrt(first.variance / first.count + last.variance / last.count);
}

function summarize(values: readonly number[]) {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { count, mean, variance };
}

/** A busy machine may disturb one run; what the code tells, it tells in each. */
function expectNoTell(suite: string, prepare: Prepare): void {
  const seeded = createSeeded(RERUN);
  const cases = suiteCount(200_000);
  let t = compareTimes(prepare, cases, seeded);
  const isRetried = Math.abs(t) >= MOST_T;
  if (isRetried) t = compareTimes(prepare, cases, seeded);
  const violations = Math.abs(t) < MOST_T ? 0 : 1;
  reportReached(suite, {
    seed: seeded.seed,
    cases,
    tTimes100: Math.round(t * 100),
    retried: Number(isRetried),
    violations,
  });
  expect(Math.abs(t)).toBeLessThan(MOST_T);
}

it('refusing a signature takes as long, whichever of its bytes is wrong', { timeout: 1_200_000 }, () => {
  const verify = createVerifier({ secrets: [SECRET], toleranceMs: 300_000, acceptLegacySignatures: false });
  const body = Buffer.from('{}');
  const now = Date.UTC(2026, 10, 3, 16);
  const stamp = String(now / 1_000);
  let id = 0;

  expectNoTell('timing-signature', (place) => {
    const webhookId = `evt_${++id % 1_000_000}`.padEnd(12, '_');
    const mac = Buffer.from(macOf(SECRET, `${webhookId}.${stamp}.`, body), 'base64');
    const at = place === 'first' ? 0 : mac.length - 1;
    mac[at] = (mac[at] ?? 0) ^ (1 + (id % 255));
    const headers = {
      'webhook-id': webhookId,
      'webhook-timestamp': stamp,
      'webhook-signature': Array(SIGNATURES)
        .fill(`v1,${mac.toString('base64')}`)
        .join(' '),
    };
    const raw = Object.entries(headers).flat();
    return () => {
      try {
        verify(body, headers, raw, now);
      } catch (error) {
        if (error instanceof SignatureError && error.fault === 'mismatch') return;
      }
      throw new Error('not refused for its signature');
    };
  });
});

it('refusing a token takes as long, whichever of its letters is wrong', { timeout: 1_200_000 }, () => {
  const token = 'c0ffee'.repeat(8);
  let n = 0;
  expectNoTell('timing-token', (place) => {
    const wrong = String.fromCharCode(0x67 + (n++ % 16));
    const presented = place === 'first' ? wrong + token.slice(1) : token.slice(0, -1) + wrong;
    // one that was cut and joined is laid out by the first who reads it
    const flat = Buffer.from(presented).toString('latin1');
    return () => {
      if (isSameToken(flat, token)) throw new Error('taken for the right one');
    };
  });
});
