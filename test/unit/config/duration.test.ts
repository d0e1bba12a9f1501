import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duration, parseDuration } from '../../../src/config/kinds.ts';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const unit = fc.constantFrom('s' as const, 'm' as const, 'h' as const, 'd' as const);
const count = fc.nat(999_999_999);

describe('a duration', () => {
  it('is its number times its unit, in ms', () => {
    fc.assert(
      fc.property(count, unit, (n, u) => {
        expect(parseDuration(`${n}${u}`)).toBe(n * UNITS[u]);
      }),
    );
  });

  it('is nothing else than a whole number and a unit', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+ .\d]*[smhdSMHDwy ]{0,3}$/)), (text) => {
        fc.pre(!/^\d{1,9}[smhd]$/.test(text));
        expect(parseDuration(text)).toBeNull();
      }),
    );
  });

  it('is taken exactly between its bounds, both included', () => {
    const kind = duration('90s', '7d');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.tuple(fc.nat(300), unit),
          fc.constantFrom(['89', 's'], ['90', 's'], ['7', 'd'], ['8', 'd']),
        ),
        ([n, u]) => {
          const ms = parseDuration(`${n}${u}`) ?? Number.NaN;
          const parsed = kind.parse(`${n}${u}`);
          if (ms >= 90_000 && ms <= 7 * UNITS.d) expect(parsed).toEqual({ value: ms });
          else expect(parsed).toHaveProperty('wrong');
        },
      ),
    );
  });

  it('may be zero beside its bounds only where zero means something', () => {
    expect(duration('1s', '1d', 'never').parse('0')).toEqual({ value: 0 });
    expect(duration('1s', '1d', 'never').parse('0h')).toEqual({ value: 0 });
    expect(duration('1s', '1d').parse('0')).toHaveProperty('wrong');
    expect(duration('1s', '1d', 'never').expects).toContain('or 0: never');
  });
});
