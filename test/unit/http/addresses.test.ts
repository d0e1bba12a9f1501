import { describe, expect, it } from 'vitest';
import { plainAddresses } from '../../../src/http/addresses.ts';

describe('a forwarded address', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:50001', '203.0.113.9'],
    ['203.0.113.9:', '203.0.113.9'],
    ['[2001:db8::1]:50001', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:443', 'fe80::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['[::ffff:203.0.113.9]:1', '203.0.113.9'],
  ])('%s is %s', (written, plain) => {
    expect(plainAddresses(written)).toBe(plain);
  });

  it.each([
    'unknown',
    '_hidden',
    'localhost',
    '203.0.113.9:http',
    '203.0.113.9:1:2',
    '203.0.113',
    '203.0.113.256:1',
    '[203.0.113.9',
    '[]:1',
    ':50001',
    '%',
    '203.0.113.9 203.0.113.10',
    'x'.repeat(10_000),
    '1'.repeat(10_000),
  ])('that is none is the same as any other: %.20s', (written) => {
    expect(plainAddresses(written)).toBe('unknown');
  });

  it('keeps its place among others; empty places are left out', () => {
    expect(plainAddresses(' 198.51.100.1:1,, nobody ,10.0.0.1:2 ')).toBe('198.51.100.1, unknown, 10.0.0.1');
    expect(plainAddresses(' , ')).toBe('');
  });
});
