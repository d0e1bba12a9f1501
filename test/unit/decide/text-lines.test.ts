import { describe, expect, it } from 'vitest';
import { linesNamed } from '../../../src/decide/text.ts';

describe('linesNamed', () => {
  const known = ['+12025550100', '+12025550101', '+14155550100'];

  it('takes the full number', () => {
    expect(linesNamed('+12025550100', known)).toEqual(['+12025550100']);
  });

  it('takes the masked form, which may stand for several', () => {
    expect(linesNamed('+1•••••0100', known)).toEqual(['+12025550100', '+14155550100']);
  });

  it('finds nothing for a number that is not known', () => {
    expect(linesNamed('+12025550199', known)).toEqual([]);
  });
});
