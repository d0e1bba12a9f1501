import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accountHold,
  type Hold,
  holdAfter,
  isLifted,
  isProbeOf,
  type Line,
  type StoredHoldReason,
} from '../../../src/decide/holds.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { holdOf, LINE, lineOf, OTHER_LINE, T } from '../../helpers/builders.ts';
import { holds } from './properties.ts';

type Probed = Exclude<StoredHoldReason, 'paused'>;

/** The waits of each hold, one after the other, when every attempt after a wait says the same again. */
const SCHEDULES: readonly (readonly [Probed, readonly number[]])[] = [
  ['api_key_rejected', [5, 10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * SECOND)],
  ['feature_disabled', [HOUR, HOUR, HOUR]],
  ['rate_limited', [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900].map((seconds) => seconds * SECOND)],
  ['api_unavailable', [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * SECOND)],
  ['line_not_ours', [6 * HOUR, 6 * HOUR]],
  ['line_flagged', [6 * HOUR, 6 * HOUR]],
  ['line_paused', [30, 60, 120, 240, 360, 360].map((minutes) => minutes * MINUTE)],
];

const at = (startedAt: number, endedAt = startedAt + 100) => ({ startedAt, endedAt });
const about = (reason: Probed) => ({ scope: reason.startsWith('line') ? LINE : null, reason });
const first = (reason: Probed, retryAfterMs: number | null = null) =>
  holdAfter(null, about(reason), at(T), retryAfterMs);

describe('a hold', () => {
  it.each(SCHEDULES)('%s waits from the end of each attempt that says so', (reason, waits) => {
    let hold: Hold | null = null;
    let startedAt = T;
    for (const [step, waitMs] of waits.entries()) {
      hold = holdAfter(hold, about(reason), at(startedAt));
      expect(hold).toMatchObject({ ...about(reason), step, until: startedAt + 100 + waitMs });
      startedAt = startedAt + 100 + waitMs;
    }
  });

  it.each(SCHEDULES)("%s isn't touched by attempts that were under way when it began", (reason) => {
    const hold = first(reason);
    for (const startedAt of [T - 50, T, T + 99, (hold.until ?? 0) - 1]) {
      expect(holdAfter(hold, about(reason), at(startedAt, T + 20 * SECOND))).toEqual(hold);
    }
  });

  it('counts the first attempt that starts when its wait is over as its probe, and none before', () => {
    const hold = first('api_unavailable');
    expect(isProbeOf(hold, (hold.until ?? 0) - 1)).toBe(false);
    expect(isProbeOf(hold, hold.until ?? 0)).toBe(true);
    expect(isProbeOf(holdOf({ reason: 'paused' }), T + DAY)).toBe(false);
  });

  it('stands since its beginning while probes fail', () => {
    const hold = first('api_unavailable');
    expect(holdAfter(hold, about('api_unavailable'), at(T + MINUTE)).since).toBe(hold.since);
  });

  it('that ends by time begins anew with the next attempt that says so', () => {
    const hold = first('line_paused');
    expect(holdAfter(hold, about('line_paused'), at(T + HOUR)).since).toBe(T + HOUR + 100);
  });

  it('never ends earlier by a further refusal, whatever the order of attempts', () => {
    const attempts = fc.record({
      startedAt: fc.nat(HOUR),
      tookMs: fc.nat(20 * SECOND),
      retryAfterMs: fc.option(fc.nat(DAY)),
    });
    const reasons = fc.constantFrom(...SCHEDULES.map(([reason]) => reason));
    const property = fc.property(reasons, fc.array(attempts, { minLength: 1 }), (reason, all) => {
      let hold: Hold | null = null;
      for (const { startedAt, tookMs, retryAfterMs } of all) {
        const next: Hold = holdAfter(hold, about(reason), at(startedAt, startedAt + tookMs), retryAfterMs);
        expect(next.until).toBeGreaterThanOrEqual(Math.min(hold?.until ?? 0, next.until ?? 0));
        if (hold !== null && startedAt < (hold.until ?? 0)) {
          expect(next.until).toBeGreaterThanOrEqual(hold.until ?? 0);
          expect(next.step).toBe(hold.step);
        }
        hold = next;
      }
    });
    holds(property);
  });
});

describe('a rate limit', () => {
  it('waits for as long as Linq asks, if that is longer', () => {
    expect(first('rate_limited', 90 * SECOND).until).toBe(T + 100 + 90 * SECOND);
    expect(first('rate_limited', 10).until).toBe(T + 100 + SECOND);
    expect(first('rate_limited', DAY).until).toBe(T + 100 + DAY);
  });

  it('is prolonged by an attempt under way that was told a longer wait', () => {
    const hold = first('rate_limited', 10 * SECOND);
    const longer = holdAfter(hold, about('rate_limited'), at(T + 1), MINUTE);
    expect(longer).toEqual({ ...hold, until: T + 101 + MINUTE });
    expect(holdAfter(longer, about('rate_limited'), at(T + 2), SECOND)).toEqual(longer);
  });

  it('keeps every call away before the instant that Linq named', () => {
    const property = fc.property(fc.integer({ min: 1, max: DAY }), fc.nat(DAY), (retryAfterMs, laterMs) => {
      const hold = first('rate_limited', retryAfterMs);
      const isOpen = accountHold([hold], T + 100 + laterMs) === null;
      if (isOpen) expect(laterMs).toBeGreaterThanOrEqual(retryAfterMs);
    });
    holds(property);
  });
});

describe('a pause of a line', () => {
  const paused = holdOf({ scope: LINE, reason: 'line_paused', until: T + HOUR });
  const active = (parts: Partial<Line>) => lineOf({ status: 'ACTIVE', statusAt: T, ...parts });

  it('is lifted by an ACTIVE event since it began', () => {
    expect(isLifted(paused, active({}))).toBe(true);
    expect(isLifted(paused, active({ statusAt: T + 5 }))).toBe(true);
  });

  it("isn't by an older one, by another word, for another line, nor is any other hold", () => {
    expect(isLifted(paused, active({ statusAt: T - 1 }))).toBe(false);
    expect(isLifted(paused, active({ statusAt: null }))).toBe(false);
    expect(isLifted(paused, active({ status: 'FLAGGED' }))).toBe(false);
    expect(isLifted(paused, active({ line: OTHER_LINE }))).toBe(false);
    expect(isLifted({ ...paused, reason: 'line_not_ours' }, active({}))).toBe(false);
  });
});
