import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../../src/decide/time.ts';
import {
  bytesInWords,
  commandName,
  durationInWords,
  isoTime,
  whenInWords,
} from '../../../../src/status/view/wording.ts';
import { T } from '../../../helpers/builders.ts';

describe('durationInWords', () => {
  it.each([
    [0, 'less than 1 s'],
    [999, 'less than 1 s'],
    [1_000, '1 s'],
    [90_000, '1 min 30 s'],
    [HOUR, '1 h'],
    [HOUR + 30_000, '1 h'],
    [2 * DAY + 3 * HOUR + 4 * MINUTE, '2 d 3 h'],
  ])('says %d ms in its two largest units', (ms, words) => {
    expect(durationInWords(ms)).toBe(words);
  });
});

describe('bytesInWords', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [10 * 1_024 - 1, '9.9 KiB'],
    [812.9 * 1_024 ** 2, '812 MiB'],
    [9.99 * 1_024 ** 3, '9.9 GiB'],
    [3_000 * 1_024 ** 4, '3000 TiB'],
  ])('says %d bytes with a unit, never more than there are', (bytes, words) => {
    expect(bytesInWords(bytes)).toBe(words);
  });
});

describe('whenInWords', () => {
  it('tells how far ahead an instant is, and only names one that has passed', () => {
    expect(whenInWords(T + MINUTE, T)).toBe('2026-11-03 16:01:00 UTC (in 1 min)');
    expect(whenInWords(T, T)).toBe('2026-11-03 16:00:00 UTC');
  });
});

describe('isoTime', () => {
  it('is ISO 8601 in UTC, and null for what is absent', () => {
    expect(isoTime(T + 7)).toBe('2026-11-03T16:00:00.007Z');
    expect(isoTime(null)).toBeNull();
  });
});

describe('the program', () => {
  it('is called by its name where it is on the path, else with npx, whatever npm adds to its own path', () => {
    const there = (file: string) => file.startsWith('/usr/local/bin/') || file.includes('.bin/');
    expect(commandName('/usr/bin:/usr/local/bin', there)).toBe('contact-card-reactor');
    expect(commandName('/srv/app/node_modules/.bin:/usr/bin', there)).toBe('npx contact-card-reactor');
    expect(commandName(undefined, there)).toBe('npx contact-card-reactor');
  });
});
