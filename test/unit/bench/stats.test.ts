import { describe, expect, it } from 'vitest';
import { median, percentile } from '../../../bench/stats.ts';

describe('median', () => {
  it('is the middle value, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('is the mean of the two in the middle of an even number', () => {
    expect(median([10, 2, 4, 1])).toBe(3);
  });
});

describe('percentile', () => {
  const values = Array.from({ length: 200 }, (_, n) => 200 - n);

  it('is the smallest value that this share of all doesn’t exceed', () => {
    expect(percentile(values, 0.5)).toBe(100);
    expect(percentile(values, 0.99)).toBe(198);
    expect(percentile(values, 1)).toBe(200);
  });

  it('of one value is that value', () => {
    expect(percentile([7], 0.99)).toBe(7);
  });
});
