import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { scrape } from '../helpers/metrics.ts';
import { createWorkDir } from '../helpers/process.ts';
import { knowChat } from '../helpers/rig.ts';
import { until } from '../helpers/status.ts';
import { inTree } from './program.ts';
import { METRICS_TOKEN, startPrometheus } from './prometheus.ts';
import { faultsOf, metricsIn, promtool } from './promtool.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const dashboard = JSON.parse(
  readFileSync(inTree('deploy/grafana/contact-card-reactor.json'), 'utf8'),
) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
const expressions = [...queries, ...dashboard.annotations.list].map(({ expr }) => withoutVariables(expr));

/** Grafana's variable. */
const CHOSEN = '$' + '{datasource}';

/** As Grafana asks it, of every instance. */
function withoutVariables(expr: string): string {
  return expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m');
}

describe('the dashboard', () => {
  it('has the five rows that the document tells of', () => {
    const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual(['Health', 'Deliveries', 'Sharing', 'Lines and catching up', 'Storage and process']);
  });

  it('has panels with ids, titles and queries of their own, side by side', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(panels.length).toBeGreaterThan(30);
    for (const { title, targets = [], gridPos } of panels) {
      expect(title).not.toBe('');
      expect(targets.length).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
    const isOver = (a: Panel['gridPos'], b: Panel['gridPos']) =>
      a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
    const clashes = dashboard.panels.flatMap((one, index) =>
      dashboard.panels.slice(index + 1).filter((other) => isOver(one.gridPos, other.gridPos)),
    );
    expect(clashes).toEqual([]);
  });

  it('asks the data source that is chosen, about the instances that are', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(41);
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
    ]);
    for (const { datasource } of panels) expect(datasource).toEqual({ type: 'prometheus', uid: CHOSEN });
    for (const { expr } of queries) expect(expr).toContain('instance=~"$instance"');
  });

  it('has expressions that Prometheus can read', async () => {
    expect(expressions.filter((expr) => expr.includes('$'))).toEqual([]);
    expect(await faultsOf(expressions)).toBe('');
  });

  it('shows the clock that is farthest off, whichever way', async () => {
    const [asked] = queries.filter(({ title }) => title === 'Clock offset');
    const series = (instance: string) => `ccr_linq_clock_offset_seconds{instance="${instance}"}`;
    const input_series = [
      { series: series('ahead'), values: '-300x5' },
      { series: series('right'), values: '2x5' },
      { series: series('behind'), values: '40x5' },
    ];
    const exp_samples = [{ labels: series('ahead'), value: -300 }];
    const promql_expr_test = [{ expr: withoutVariables(asked?.expr ?? ''), eval_time: '1m', exp_samples }];
    const file = join(createWorkDir(), 'offset.test.yml');
    writeFileSync(file, JSON.stringify({ tests: [{ interval: '1m', input_series, promql_expr_test }] }));
    expect(await promtool(['test', 'rules', file])).toMatchObject({ code: 0 });
  });
});

/** What a service that has just started has nothing to show in. */
const MAY_BE_EMPTY = [
  'Open problems',
  'The account is closed by',
  'Closed lines by reason',
  'Last caught up',
  'Last scheduled backup',
  'Garbage collection',
];

it('the dashboard asks only for what a scrape has, and shows what happened', async () => {
  const prometheus = await startPrometheus();
  const { simulator, reactor } = prometheus;
  const [line] = LINES;
  knowChat(simulator, { chatId: 'seen-on-the-dashboard', line });
  const message = { chatId: 'seen-on-the-dashboard', line, sentAt: Date.now(), createdAt: Date.now() };
  await deliver(reactor.url, message2026(message));

  const known = (await scrape(reactor.url, METRICS_TOKEN)).families.map(({ name }) => name);
  const asked = [...expressions, ...dashboard.templating.list.map(({ definition = '' }) => definition)];
  const used = asked.flatMap(metricsIn);
  expect(used.length).toBeGreaterThan(queries.length);
  expect(used.filter((name) => !known.includes(name))).toEqual([]);

  const emptyPanels = async () => {
    const asked = queries.filter(({ title }) => !MAY_BE_EMPTY.includes(title));
    const answered = asked.map(async ({ title, expr }) => {
      return (await prometheus.query(withoutVariables(expr))) === 0 ? [title] : [];
    });
    return (await Promise.all(answered)).flat();
  };
  // a rate needs two samples of each series
  expect(await until(emptyPanels, (titles) => titles.length === 0, { tries: 100, everyMs: 300 })).toEqual([]);
});
