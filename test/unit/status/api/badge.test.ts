import { describe, expect, it } from 'vitest';
import { drawBadge, judge, type Verdict } from '../../../../src/status/api/badge.ts';
import type { Problem } from '../../../../src/status/view/schemas.ts';

const problem = (severity: 'error' | 'warning'): Problem => ({
  code: 'x',
  severity,
  since: '2026-11-03T16:00:00.000Z',
  line: null,
  message: '',
  remedy: '',
});
const [error, warning] = [problem('error'), problem('warning')];
const WELL = { problems: [], paused: false, dryRun: false };

describe('what the badge says', () => {
  it.each<[string, Parameters<typeof judge>[0], Verdict]>([
    ['nothing is wrong', WELL, { words: 'all well', tone: 'good' }],
    ['a warning', { ...WELL, problems: [warning] }, { words: '1 warning', tone: 'warning' }],
    ['two warnings', { ...WELL, problems: [warning, warning] }, { words: '2 warnings', tone: 'warning' }],
    ['errors before warnings', { ...WELL, problems: [warning, error] }, { words: '1 error', tone: 'bad' }],
    [
      'two errors, paused',
      { ...WELL, paused: true, problems: [error, error] },
      { words: '2 errors', tone: 'bad' },
    ],
    [
      'a pause before warnings',
      { ...WELL, paused: true, problems: [warning] },
      { words: 'paused', tone: 'quiet' },
    ],
    ['dry run', { ...WELL, dryRun: true }, { words: 'dry run', tone: 'quiet' }],
    [
      'warnings before dry run',
      { ...WELL, dryRun: true, problems: [warning] },
      { words: '1 warning', tone: 'warning' },
    ],
    ['a database that can’t be read', null, { words: '1 error', tone: 'bad' }],
  ])('%s', (_what, overview, verdict) => {
    expect(judge(overview)).toEqual(verdict);
  });
});

describe('the badge', () => {
  const tones: readonly Verdict['tone'][] = ['good', 'warning', 'bad', 'quiet'];

  it('has a title for who can’t see it, and both texts inside its width', () => {
    const svg = drawBadge({ words: '2 warnings', tone: 'warning' });
    expect(svg).toContain('role="img" aria-label="contact cards: 2 warnings"');
    expect(svg).toContain('<title>contact cards: 2 warnings</title>');
    const width = Number(/<svg[^>]* width="(\d+)"/.exec(svg)?.[1]);
    const texts = [...svg.matchAll(/<text x="(\d+)"[^>]* textLength="(\d+)"/g)];
    expect(texts).toHaveLength(2);
    for (const [, x, length] of texts) expect(Number(x) + Number(length)).toBeLessThanOrEqual(width - 8);
  });

  it('needs nothing that a strict policy forbids: no script, no style, nothing from elsewhere', () => {
    for (const tone of tones) {
      const svg = drawBadge({ words: 'all well', tone });
      expect(svg).not.toMatch(/<script|<style|style=|on\w+=|href|@import|<image|<foreignObject| id=/);
      expect(svg.length).toBeLessThan(1_000);
    }
  });

  it.each(tones)('can be read: white on %s has a contrast of 4.5 or more', (tone) => {
    const fills = [...drawBadge({ words: 'x', tone }).matchAll(/<(?:rect|path) [^>]*fill="#(\w{6})"/g)];
    expect(fills).toHaveLength(2);
    for (const [, colour = ''] of fills) expect(1.05 / (luminance(colour) + 0.05)).toBeGreaterThan(4.5);
  });
});

/** Relative luminance as WCAG defines it. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [0, 2, 4]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
