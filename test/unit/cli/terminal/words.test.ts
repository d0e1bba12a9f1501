import { describe, expect, it } from 'vitest';
import { countsInWords, orAbsent, timeOrAbsent } from '../../../../src/cli/terminal/values.ts';

describe('words for values', () => {
  it('shows what is absent as a dash', () => {
    expect(orAbsent(null)).toBe('–');
    expect(orAbsent(0)).toBe('0');
    expect(timeOrAbsent(null)).toBe('–');
    expect(timeOrAbsent('2026-11-03T16:00:00.001Z')).toBe('2026-11-03 16:00:00 UTC');
  });

  it('counts only what there is', () => {
    expect(countsInWords({ due: 0, waiting: 3, held: 1 })).toBe('3 waiting, 1 held');
    expect(countsInWords({ due: 0 })).toBe('');
  });
});
