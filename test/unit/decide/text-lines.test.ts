import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesNamed, maskAmong, maskNumber } from '../../../src/decide/text.ts';

describe('linesNamed', () => {
  const known = ['+12025550100', '+12025550101', '+14155550100'];

  it('takes the full number', () => {
    expect(linesNamed('+12025550100', known)).toEqual(['+12025550100']);
  });

  it('takes a masked form, which may stand for several', () => {
    expect(linesNamed('+1•••••0100', known)).toEqual(['+12025550100', '+14155550100']);
    expect(linesNamed('+14•••••0100', known)).toEqual(['+14155550100']);
    expect(linesNamed('+1•••••50101', known)).toEqual(['+12025550101']);
  });

  it.each(['+12025550199', '+1•••••0199', '+13•••••0100', '+1•••••100', '•••••', '', '+1•••••01•••••00'])(
    'finds nothing for %j',
    (name) => {
      expect(linesNamed(name, known)).toEqual([]);
    },
  );
});

describe('a masked number', () => {
  it.each<[string, readonly string[], string]>([
    ['+12025550101', ['+12025550101', '+12025550102'], '+1•••••0101'],
    ['+12025550101', ['+12025550101', '+13105550101'], '+12•••••0101'],
    ['+13105550101', ['+12025550101', '+13105550101'], '+13•••••0101'],
    ['+12025550101', ['+12025550101', '+12025560101'], '+1•••••50101'],
    ['+12025550101', ['+12035550101', '+12025560101', '+12025550101'], '+1202•••••50101'],
    ['+12025550101', [], '+1•••••0101'],
    ['+1202', ['+1202', '+1203'], '•••••'],
  ])('%s beside %j is %s', (number, all, mask) => {
    expect(maskAmong(number, all)).toBe(mask);
  });

  const digits = (length: number) =>
    fc
      .array(fc.constantFrom('1', '2'), { minLength: length, maxLength: length })
      .map((each) => each.join(''));
  const number = fc.tuple(digits(3), digits(3)).map(([area, exchange]) => `+1${area}${exchange}0101`);

  it('names its line alone if any mask with two hidden digits does, and never the whole number', () => {
    fc.assert(
      fc.property(fc.uniqueArray(number, { minLength: 1, maxLength: 8 }), (all) => {
        for (const one of all) {
          const mask = maskAmong(one, all);
          const shown = mask.replace(/\D/g, '').length;
          expect(shown).toBeLessThanOrEqual(one.length - 1 - 2);
          expect(linesNamed(mask, all)).toContain(one);
          if (linesNamed(mask, all).length > 1) expect(mask).toBe(maskNumber(one));
        }
      }),
    );
  });
});
