import { describe, expect, it } from 'vitest';
import { HOUR } from '../../../../src/decide/time.ts';
import { barChart, niceAbove } from '../../../../src/status/page/chart.ts';
import { T } from '../../../helpers/builders.ts';

function chartOf(...counts: readonly (readonly [succeeded: number, failed: number])[]): string {
  const figures = counts.map(([succeeded, failed], at) => ({ startAt: T + at * HOUR, succeeded, failed }));
  const name = (at: number) => `hour ${(at - T) / HOUR}`;
  return barChart({ id: 'c', figures, name, unit: 'hour', latest: 'now' }).toString();
}

/** Height and upper edge of every bar of a kind. */
const bars = (chart: string, kind: string) =>
  [
    ...chart.matchAll(new RegExp(`class="${kind}" x="[^"]+" y="([^"]+)" width="7" height="([^"]+)"`, 'g')),
  ].map(([, y, height]) => [Number(y), Number(height)]);

describe('barChart', () => {
  it('draws what was shared from the ground, and what failed on top of it', () => {
    const chart = chartOf([5, 0], [5, 5], [0, 10]);
    expect(bars(chart, 'bar-shared')).toEqual([
      [50, 50],
      [50, 50],
    ]);
    expect(bars(chart, 'bar-failed')).toEqual([
      [0, 50],
      [0, 100],
    ]);
  });

  it('keeps one failure among thousands to be seen, inside the drawing', () => {
    const [[y, height] = [Number.NaN, Number.NaN]] = bars(chartOf([9_999, 1]), 'bar-failed');
    expect(y).toBeGreaterThanOrEqual(0);
    expect(height).toBeGreaterThan(0);
    expect(bars(chartOf([1, 0], [9_999, 0]), 'bar-shared')[0]).toEqual([98, 2]);
  });

  it('says in words what it shows, for who can’t see it', () => {
    const chart = chartOf([2, 0], [7, 1], [0, 0]);
    expect(chart).toContain('role="img" aria-labelledby="c-title c-desc"');
    expect(chart).toContain(
      '<desc id="c-desc" data-hour="2026-11-03T17:00:00.000Z">9 shared and 1 failed in 3 hours. Most in one hour: 7, hour 1.</desc>',
    );
    expect(chart).toContain(
      '<th scope="row" data-hour="2026-11-03T17:00:00.000Z">hour 1</th><td>7</td><td>1</td></tr>',
    );
    expect(chart).not.toContain('>hour 2</th>');
  });

  it('says so where nothing was shared', () => {
    expect(chartOf([0, 0])).toBe('<p class="nothing">No shares in this period.</p>');
  });
});

describe('niceAbove', () => {
  it('is the next round number, whose half is whole', () => {
    const counts = [1, 2, 3, 5, 7, 9, 11, 21, 81, 101, 4_001];
    expect(counts.map(niceAbove)).toEqual([2, 2, 4, 6, 8, 10, 20, 40, 100, 200, 6_000]);
  });
});
