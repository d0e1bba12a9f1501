import { describe, expect, it } from 'vitest';
import { parseHttpDate } from '../../../src/decide/time.ts';

describe('parseHttpDate', () => {
  it('reads the form that senders may generate', () => {
    expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(784_111_777_000);
  });

  it.each([
    '',
    '-5',
    '784111777',
    '1994-11-06T08:49:37Z',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 06 Xyz 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 25:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ])('reads nothing into %j', (text) => {
    expect(parseHttpDate(text)).toBeNull();
  });
});
