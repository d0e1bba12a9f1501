import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { freePort } from '../helpers/free-port.ts';
import { createWorkDir } from '../helpers/process.ts';
import { type Rig, startRig } from '../helpers/rig.ts';
import { until } from '../helpers/status.ts';
import { adapt, inTree, runProgram } from './program.ts';
import { ALERTS, promtool } from './promtool.ts';

export const METRICS_TOKEN = 'a-metrics-token-for-tests';

export interface EvaluatedRule {
  readonly name: string;
  /** `ok`, `err` or `unknown`: not evaluated yet. */
  readonly health: string;
  readonly state: string;
}

export interface Target {
  readonly health: string;
  readonly job: string;
  readonly lastError: string;
}

export interface Prometheus extends Rig {
  targets(): Promise<readonly Target[]>;
  rules(): Promise<readonly EvaluatedRule[]>;
  /** How many samples an expression has now. @throws when it can't be evaluated */
  query(expression: string): Promise<number>;
}

/**
 * Debian's Prometheus with the scrape configuration and the alert rules that are shipped, reading the real service; but
 * for addresses, paths and a short interval nothing in them is changed. Resolves once it has scraped twice and has
 * evaluated every rule.
 */
export async function startPrometheus(): Promise<Prometheus> {
  const rig = await startRig({ METRICS_TOKEN });
  const directory = createWorkDir();
  const port = await freePort();
  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, `${METRICS_TOKEN}\n`, { mode: 0o400 });
  const config = adapt(readFileSync(inTree('deploy/prometheus/scrape.yml'), 'utf8'), [
    ['/etc/prometheus/contact-card-reactor.token', tokenFile],
    ["'127.0.0.1:8080'", `'${new URL(rig.reactor.url).host}'`],
    ['scrape_interval: 30s', 'scrape_interval: 2s'], // also how long one may take, beside other suites
  ]);
  const file = join(directory, 'prometheus.yml');
  writeFileSync(file, `global: { evaluation_interval: 500ms }\n${config}`);
  copyFileSync(ALERTS, join(directory, 'alerts.yml'));
  const checked = await promtool(['check', 'config', file]);
  if (checked.code !== 0) throw new Error(checked.output);
  const program = runProgram('prometheus', [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);
  const api = createApi(`http://127.0.0.1:${port}/api/v1`);
  const isSettled = async () => {
    if (program.hasEnded()) throw new Error(program.output());
    try {
      const scraped = await api.query('sum_over_time(up[1m]) >= 3 and up == 1');
      return scraped > 0 && (await api.rules()).every(({ health }) => health !== 'unknown');
    } catch {
      return false; // it doesn't listen yet
    }
  };
  await until(isSettled, Boolean, { tries: 600 });
  return { ...rig, ...api };
}

function createApi(url: string) {
  async function get<T>(path: string): Promise<T> {
    const { statusCode, body } = await request(url + path, { reset: true });
    const answer = (await body.json()) as { data: T; error?: string };
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${answer.error}`);
    return answer.data;
  }
  return {
    async targets(): Promise<Target[]> {
      type Active = { health: string; lastError: string; labels: { job: string } };
      const { activeTargets } = await get<{ activeTargets: Active[] }>('/targets?state=active');
      return activeTargets.map(({ health, lastError, labels }) => ({ health, job: labels.job, lastError }));
    },
    async rules(): Promise<EvaluatedRule[]> {
      const { groups } = await get<{ groups: { rules: EvaluatedRule[] }[] }>('/rules');
      return groups.flatMap(({ rules }) => rules.map(({ name, health, state }) => ({ name, health, state })));
    },
    async query(expression: string): Promise<number> {
      const { result } = await get<{ result: unknown[] }>(`/query?query=${encodeURIComponent(expression)}`);
      return result.length;
    },
  };
}
