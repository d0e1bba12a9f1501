import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetryAfter, RETRY_AFTER_MAX_MS } from '../../../src/decide/pacing.ts';
import { DAY, SECOND } from '../../../src/decide/time.ts';
import { holds } from './properties.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

describe('parseRetryAfter', () => {
  it.each([
    ['45', 45 * SECOND],
    [' 45 ', 45 * SECOND],
    ['0045', 45 * SECOND],
    ['1.5', 1_500],
    ['0.0001', 1],
    ['86400', DAY],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30 * SECOND],
  ])('reads %j', (header, waitMs) => {
    expect(parseRetryAfter(header, undefined, NOW)).toBe(waitMs);
  });

  it.each([
    '',
    ' ',
    '0',
    '0.0',
    '-5',
    '+5',
    'NaN',
    'Infinity',
    '1e9',
    '0x10',
    '5s',
    '5, 10',
    '٥',
    '9'.repeat(400),
    'soon',
    'Sun, 22 Nov 2026 12:00:00 GMT', // now
    'Sun, 22 Nov 2026 11:59:59 GMT', // past
    'Sun, 99 Nov 2026 12:00:30 GMT',
    '2026-11-22T12:00:30Z',
    'Sun Nov 22 12:00:30 2026',
  ])('ignores the nonsense %j and reads the body instead', (header) => {
    expect(parseRetryAfter(header, undefined, NOW)).toBeNull();
    expect(parseRetryAfter(header, 45, NOW)).toBe(45 * SECOND);
  });

  it('believes the header before the body', () => {
    expect(parseRetryAfter('10', 45, NOW)).toBe(10 * SECOND);
  });

  it.each([
    [45, 45 * SECOND],
    [0.5, 500],
    ['45', 45 * SECOND],
    [0, null],
    [-1, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    [null, null],
    [undefined, null],
    [true, null],
    [[45], null],
    [{}, null],
    ['', null],
  ])('reads %j of the body', (seconds, waitMs) => {
    expect(parseRetryAfter(null, seconds, NOW)).toBe(waitMs);
  });

  it.each(['86401', '9999999999', '9'.repeat(300), 'Fri, 31 Dec 2280 23:59:59 GMT'])(
    'honours %j for a day at most',
    (header) => {
      expect(parseRetryAfter(header, undefined, NOW)).toBe(RETRY_AFTER_MAX_MS);
      expect(RETRY_AFTER_MAX_MS).toBe(DAY);
    },
  );

  it('gives whole milliseconds within (0, one day], or nothing, for any input', () => {
    const header = fc.option(fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)));
    holds(
      fc.property(header, fc.anything(), fc.integer({ min: 0, max: 4e12 }), (text, body, now) => {
        const waitMs = parseRetryAfter(text, body, now);
        if (waitMs === null) return;
        expect(Number.isSafeInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThan(0);
        expect(waitMs).toBeLessThanOrEqual(DAY);
      }),
    );
  });
});
