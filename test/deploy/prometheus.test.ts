import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PROBLEM_WORDS } from '../../src/status/problems/problem-words.ts';
import { scrape } from '../helpers/metrics.ts';
import { createWorkDir } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { inTree } from './program.ts';
import { METRICS_TOKEN, startPrometheus } from './prometheus.ts';
import { ALERTS, alertRules, faultsOf, metricsIn, promtool } from './promtool.ts';

const RULES = alertRules();
const named = RULES.map((rule) => [rule.alert, rule] as const);
const read = (path: string) => readFileSync(inTree(path), 'utf8');

interface PromtoolTest {
  readonly promql_expr_test?: readonly { readonly exp_samples?: readonly { readonly labels: string }[] }[];
}
const { tests } = parse(read('deploy/prometheus/alerts.test.yml')) as { tests: PromtoolTest[] };

/** @param problem its code and severity */
function isAbout(expr: string, problem: string): boolean {
  const [code = '', severity = ''] = problem.split(' ');
  if (!expr.includes('(ccr_problem_open{') || !expr.includes(`severity="${severity}"`)) return false;
  const [, operator, codes = ''] = /\bcode(=|!~)"([\w|]+)"/.exec(expr) ?? [];
  return codes.split('|').includes(code) === (operator === '=');
}

describe('the alert rules', () => {
  it('pass promtool’s check and their own unit tests', async () => {
    expect(await promtool(['check', 'rules', ALERTS])).toMatchObject({ code: 0 });
    expect(await promtool(['test', 'rules', 'alerts.test.yml'])).toEqual({
      code: 0,
      output: expect.stringMatching(/^Unit Testing: +alerts\.test\.yml\n +SUCCESS/),
    });
  });

  it('would fail their unit tests if an alert fired too seldom, too late or too often', async () => {
    const directory = createWorkDir();
    let rules = read('deploy/prometheus/alerts.yml');
    for (const [from, to] of [
      [
        '{code="api_key_rejected", severity="error"}) == 1',
        '{code="api_key_rejected", severity="error"}) == 2',
      ],
      ['for: 12h', 'for: 24h'],
      ['{code="api_unavailable", severity="error"}', '{code="api_unavailable"}'],
    ] as const) {
      expect(rules).toContain(from);
      rules = rules.replace(from, to);
    }
    writeFileSync(join(directory, 'alerts.yml'), rules);
    writeFileSync(join(directory, 'alerts.test.yml'), read('deploy/prometheus/alerts.test.yml'));
    const { code, output } = await promtool(['test', 'rules', 'alerts.test.yml'], { cwd: directory });
    expect(code).toBe(1);
    const failures = output.split(/(?=expr: )/);
    expect(
      failures.some((text) => /exp:.*ApiKeyRejected/.test(text) && !/got:.*ApiKeyRejected/.test(text)),
    ).toBe(true);
    expect(failures.some((text) => /exp:.*Paused.*\n *got: nil/.test(text))).toBe(true);
    expect(failures.some((text) => /exp: nil\n *got: /.test(text))).toBe(true);
  });

  it('cover every problem that the service can find, each by one rule', () => {
    const found = Object.entries(PROBLEM_WORDS).flatMap(([code, { severity, mayWorsen }]) =>
      mayWorsen ? [`${code} ${severity}`, `${code} error`] : [`${code} ${severity}`],
    );
    const everyday = 'api_unavailable warning'; // it passes, and is no alert until it is an error
    const covering = (problem: string) => RULES.filter(({ expr }) => isAbout(expr, problem));
    expect(covering(everyday)).toEqual([]);
    for (const problem of found.filter((one) => one !== everyday))
      expect({ problem, rules: covering(problem).length }).toEqual({ problem, rules: 1 });
    expect(['new error', 'new warning'].map((problem) => covering(problem).length)).toEqual([1, 1]);
  });

  it.each(named)(
    '%s is as severe as its problem, and says what is wrong and where to read on',
    (_name, rule) => {
      const { summary = '', description = '', runbook_url: runbook = '' } = rule.annotations;
      expect(rule.alert).toMatch(/^ContactCardReactor[A-Z]\w+$/);
      expect(['critical', 'warning']).toContain(rule.labels.severity);
      expect([summary, description].every((text) => text.length > 20)).toBe(true);
      const [, document, anchor = ''] = /^docs\/(problems|metrics)\.md#(\w+)$/.exec(runbook) ?? [];
      if (document === 'metrics') {
        const headings = [...read('docs/metrics.md').matchAll(/^### (\w+)$/gm)].map(([, text = '']) => text);
        expect(headings.map((text) => text.toLowerCase())).toContain(anchor);
        return;
      }
      const severity = /\bseverity="(\w+)"/.exec(rule.expr);
      expect(rule.labels.severity).toBe(severity?.[1] === 'error' ? 'critical' : 'warning');
      const code = /\bcode="(\w+)"/.exec(rule.expr);
      if (code === null) return expect(runbook).toBe('docs/problems.md#{{ $labels.code }}');
      expect(read('docs/problems.md')).toContain(`\n## ${anchor}\n`);
      expect(code[1]).toBe(anchor);
    },
  );

  it.each(named)('%s has a case in which it fires and one in which it doesn’t', (name) => {
    const cases = tests.filter(({ promql_expr_test: looks = [] }) => {
      const fires = looks.map(({ exp_samples: samples = [] }) =>
        samples.some(({ labels }) => labels.includes(`alertname="${name}"`)),
      );
      return fires.includes(true) && fires.includes(false);
    });
    expect(cases).not.toEqual([]);
  });

  it('are in the document, each with its severity and time', () => {
    const document = read('docs/metrics.md');
    for (const { alert, labels, for: wait = 'at once' } of RULES) {
      const row = `\`${alert}\` | ${labels.severity} | ${wait} |`;
      const sentence = `\`${alert}\`, ${labels.severity}${wait === 'at once' ? '' : `, after ${wait}`}.`;
      expect({ [alert]: document.includes(row) || document.includes(sentence) }).toEqual({ [alert]: true });
    }
  });
});

it('promtool finds nothing wrong with a scrape, and the alert rules name only what is in it', async () => {
  const { reactor } = await startRig({ METRICS_TOKEN });
  const { text, families } = await scrape(reactor.url, METRICS_TOKEN);
  expect(await promtool(['check', 'metrics'], { input: text })).toEqual({ code: 0, output: '' });
  const known = families.map(({ name }) => name);
  const used = RULES.flatMap(({ expr }) => metricsIn(expr));
  expect(used.length).toBeGreaterThanOrEqual(RULES.length - 1);
  expect(used.filter((name) => !known.includes(name))).toEqual([]);
  expect(await faultsOf(['this is no expression'])).not.toBe('');
});

it('Prometheus itself, set up as the files say, scrapes the service and evaluates every rule', async () => {
  const prometheus = await startPrometheus();
  const [rules, targets] = [await prometheus.rules(), await prometheus.targets()];
  expect(targets).toEqual([{ health: 'up', job: 'contact-card-reactor', lastError: '' }]);
  expect(rules.map(({ name }) => name).toSorted()).toEqual(RULES.map(({ alert }) => alert).toSorted());
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  expect(rules.filter(({ state }) => state === 'firing')).toEqual([]);
});
