import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createWorkDir } from '../helpers/process.ts';
import { inTree } from './program.ts';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const ALERTS = inTree('deploy/prometheus/alerts.yml');

export function alertRules(): readonly AlertRule[] {
  const { groups } = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** Resolves to its exit code and all that it printed. @param input what it reads from standard input */
export function promtool(
  args: readonly string[],
  { input = '', cwd = inTree('deploy/prometheus') } = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile('promtool', args, { cwd }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output: stdout + stderr });
    });
    child.stdin?.end(input);
  });
}

/** What promtool says of expressions as rules: '' when all of them can be read. */
export async function faultsOf(expressions: readonly string[]): Promise<string> {
  const rules = expressions.map((expr, index) => ({ record: `checked:expression_${index}`, expr }));
  const file = join(createWorkDir(), 'rules.yml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'checked', rules }] }));
  const { code, output } = await promtool(['check', 'rules', file]);
  return code === 0 && output.includes(`${rules.length} rules found`) ? '' : output;
}

/** The names of metrics in an expression; of a histogram as it is declared. */
export function metricsIn(expression: string): readonly string[] {
  const names = [...expression.matchAll(/\b(?:ccr|process|nodejs)_\w+/g)].map(([name]) => name);
  return names.map((name) => name.replace(/(_seconds)_(bucket|sum|count)$/, '$1'));
}
