import type { EpochMs } from '../../decide/time.ts';
import type { Figures } from '../../store/store.ts';
import { isoTime } from '../view/wording.ts';
import { type Content, type Html, html } from './html.ts';
import { nothing, number } from './parts.ts';

export interface Chart {
  /** Unique on the page. */
  readonly id: string;
  /** Oldest first. */
  readonly figures: readonly Figures[];
  /** Labels a bar or the axis: `Nov 22, 14:00`, in UTC. `live.js` rewrites hours in the reader's own zone. */
  readonly name: (startAt: EpochMs) => string;
  /** `hour`, `day` */
  readonly unit: string;
  /** Label of the last bar: `now`, `today`. */
  readonly latest: string;
}

/** In drawing units; the drawing is stretched to the available width. */
const STEP = 10;
const BAR = 7;
const HEIGHT = 100;
/** Any nonzero value stays visible. */
const LOWEST = 2;

/**
 * Shares over time as bars, failed ones on top. A table gives the same figures to people who can't or prefer
 * not to read bars.
 */
export function barChart(chart: Chart): Html {
  const { id, figures } = chart;
  const highest = Math.max(0, ...figures.map(({ succeeded, failed }) => succeeded + failed));
  if (highest === 0) return nothing('No shares in this period.');
  const top = niceAbove(highest);
  const width = figures.length * STEP;
  const bars = figures.map((one, at) => bar(one, at * STEP, top, chart));
  const lines = [0, HEIGHT / 2].map(
    (y) => html`<line class="grid-line" x1="0" x2="${width}" y1="${y}" y2="${y}"/>`,
  );
  return html`<div class="chart">
<div class="chart-y" aria-hidden="true"><span>${number(top)}</span><span>${number(top / 2)}</span><span>0</span></div>
<svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">Shares per ${chart.unit}</title>
<desc id="${id}-desc"${hour(chart, busiestOf(chart).startAt)}>${describe(chart)}</desc>
${lines}${bars}
</svg>
<div class="chart-x" aria-hidden="true">${axis(chart)}</div>
</div>
${table(chart)}`;
}

function bar({ startAt, succeeded, failed }: Figures, x: number, top: number, chart: Chart): Html {
  const upTo = (count: number) => (count === 0 ? 0 : Math.max(LOWEST, (count / top) * HEIGHT));
  const shared = upTo(succeeded);
  const missed = Math.min(upTo(failed), HEIGHT - shared);
  const left = x + (STEP - BAR) / 2;
  const rect = (kind: string, y: number, height: number) =>
    height > 0 &&
    html`<rect class="${kind}" x="${left}" y="${round(y)}" width="${BAR}" height="${round(height)}"/>`;
  const title = `${chart.name(startAt)}: ${number(succeeded)} shared, ${number(failed)} failed`;
  return html`<g class="bar"><title${hour(chart, startAt)}>${title}</title><rect class="bar-area" x="${x}" y="0" width="${STEP}" height="${HEIGHT}"/>${rect('bar-shared', HEIGHT - shared, shared)}${rect('bar-failed', HEIGHT - shared - missed, missed)}</g>`;
}

const round = (value: number) => Math.round(value * 100) / 100;

const busiestOf = ({ figures }: Chart) => figures.reduce((a, b) => (b.succeeded > a.succeeded ? b : a));

/** Marks a text that names an hour. Days are UTC's: they are counted so. */
const hour = ({ unit }: Chart, at: EpochMs): Content => unit === 'hour' && html` data-hour="${isoTime(at)}"`;

function describe(chart: Chart): string {
  const { figures, unit, name } = chart;
  const sum = (pick: (one: Figures) => number) => figures.reduce((total, one) => total + pick(one), 0);
  const busiest = busiestOf(chart);
  return `${number(sum(({ succeeded }) => succeeded))} shared and ${number(sum(({ failed }) => failed))} failed in ${figures.length} ${unit}s. Most in one ${unit}: ${number(busiest.succeeded)}, ${name(busiest.startAt)}.`;
}

function axis(chart: Chart): Content {
  const { figures, name, latest } = chart;
  const middle = figures[Math.floor(figures.length / 2)];
  const [first] = figures;
  if (first === undefined || middle === undefined) return null;
  const label = ({ startAt }: Figures) => html`<span${hour(chart, startAt)}>${name(startAt)}</span>`;
  return html`${label(first)}${label(middle)}<span>${latest}</span>`;
}

/** Newest first; empty intervals are omitted. */
function table(chart: Chart): Html {
  const { figures, name, unit } = chart;
  const busy = figures.filter(({ succeeded, failed }) => succeeded + failed > 0).reverse();
  const rows = busy.map(
    ({ startAt, succeeded, failed }) =>
      html`<tr><th scope="row"${hour(chart, startAt)}>${name(startAt)}</th><td>${number(succeeded)}</td><td>${number(failed)}</td></tr>
`,
  );
  return html`<details class="more"><summary>Show as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Shares per ${unit}"><table><thead><tr><th scope="col">${unit === 'day' ? 'Day (UTC)' : html`Hour<span data-utc> (UTC)</span>`}</th><th scope="col">Shared</th><th scope="col">Failed</th></tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}

/** The next of 2, 4, 6, 8, 10, 20, 40 …: half of each is a whole number. */
export function niceAbove(count: number): number {
  for (let power = 1; ; power *= 10) {
    const found = [1, 2, 4, 6, 8].map((step) => step * power).find((nice) => nice >= count && nice > 1);
    if (found !== undefined) return found;
  }
}
