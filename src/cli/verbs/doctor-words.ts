import type { Finding, FindingState } from '../../doctor/finding.ts';
import { printable, type Screen } from '../terminal/screen.ts';
import { wrap } from '../terminal/table.ts';

/** A sign for the eye, and a word for whoever can't see it or its colour. */
const SIGNS: Readonly<Record<FindingState, string>> = {
  ok: '✓ ok',
  warning: '! warning',
  error: '✗ error',
  skipped: '· skipped',
};
const INDENT = ' '.repeat(11);

/** One finding: state, check, what was found, and what to do. What is fine is told in one breath. */
export function renderFinding({ state, title, message, remedy }: Finding, screen: Screen): string {
  const block = (text: string, indent: string) =>
    text
      .split('\n')
      .map((line) => wrap(String(printable(line)), screen.width - indent.length, indent))
      .join(`\n${indent}`);
  const sign = paintOf(state, screen)(SIGNS[state].padEnd(INDENT.length));
  if (remedy === null) return `${sign}${block(`${title}: ${message}`, INDENT)}\n`;
  const lines = [`${screen.bold(title)}`, block(message, INDENT), `→ ${block(remedy, `${INDENT}  `)}`];
  return `${sign}${lines.join(`\n${INDENT}`)}\n`;
}

function paintOf(state: FindingState, { red, yellow, green }: Screen): (text: string) => string {
  switch (state) {
    case 'ok':
      return green;
    case 'warning':
      return yellow;
    case 'error':
      return red;
    case 'skipped':
      return (text) => text;
  }
}

/** `2 errors, 1 warning; 14 checks are fine, 3 were skipped.` */
export function renderSummary(findings: readonly Finding[], screen: Screen): string {
  const count = (wanted: FindingState) => findings.filter(({ state }) => state === wanted).length;
  const [errors, warnings, ok, skipped] = [count('error'), count('warning'), count('ok'), count('skipped')];
  const checks = `${ok} ${ok === 1 ? 'check is' : 'checks are'} fine${skipped === 0 ? '' : `, ${skipped} skipped`}`;
  if (errors + warnings === 0) return `${screen.green(wrap(`All is well: ${checks}.`, screen.width))}\n`;
  const parts = [
    ...(errors === 0 ? [] : [`${errors} ${errors === 1 ? 'error' : 'errors'}`]),
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`]),
  ];
  const paint = errors > 0 ? screen.red : screen.yellow;
  return `${paint(parts.join(', '))}; ${wrap(`${checks}.`, screen.width)}\n`;
}
