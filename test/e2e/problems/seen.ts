import { request } from 'undici';
import { expect } from 'vitest';
import { adviseOnInstallation, adviseOnNode } from '../../../src/cli/start-failure.ts';
import { maskNumber } from '../../../src/decide/text.ts';
import { runDoctor } from '../../../src/doctor/doctor.ts';
import { decideVerdict, type Finding } from '../../../src/doctor/finding.ts';
import { PROBLEM_WORDS, type ProblemCode } from '../../../src/status/problems/problem-words.ts';
import { scrape } from '../../helpers/metrics.ts';
import { STATUS_TOKEN } from '../../helpers/process.ts';
import { readOverview, TOKEN } from '../../helpers/status.ts';
import type { SettingsFile } from './settings-file.ts';

/** Where to look. */
export interface Looked {
  url(): string;
  readonly file: SettingsFile;
  readonly clock: Parameters<typeof runDoctor>[0]['clock'];
}

export interface Expected {
  readonly code: ProblemCode;
  readonly severity: 'warning' | 'error';
  /** The line that it is about. */
  readonly line?: string;
  /** What else is open. */
  readonly beside: readonly ProblemCode[];
  /** It began not before. */
  readonly notBefore: number;
}

/** The problem is told in all four places with the same words, and no other one is. */
export async function expectSeen(world: Looked, expected: Expected): Promise<void> {
  const { code, severity, line, beside, notBefore } = expected;
  const { problems, ok } = await readOverview(world.url());
  expect(problems.map((problem) => problem.code)).toEqual([code, ...beside]);
  expect(ok).toBe(severity !== 'error');
  const [problem] = problems; // the worst
  if (problem === undefined) throw new Error('just compared');
  expect(problem).toMatchObject({ severity, line: line === undefined ? null : maskNumber(line) });
  for (const part of ['message', 'remedy'] as const)
    expect(problem[part]).toMatch(wordsOf(PROBLEM_WORDS[code][part], problem.line));
  expect(Date.parse(problem.since)).toBeGreaterThanOrEqual(notBefore);
  expect(Date.parse(problem.since)).toBeLessThanOrEqual(world.clock.now());
  const page = await readPage(world);
  expect(page).toContain(textOf(problem.message));
  expect(page).toContain(`What to do ${textOf(problem.remedy.split('`contact-card-reactor')[0])}`.trimEnd());
  expect(page).not.toContain('All is well'); // neither in the browser's title
  const severities = problems.map((one) => ({ code: one.code, severity: one.severity }));
  expect(new Set(await openInMetrics(world))).toEqual(new Set(severities));
  expect(severities).toContainEqual({ code, severity });
  const { findings, verdict, strictVerdict } = await askDoctor(world);
  expect(findings).toHaveLength(problems.length);
  expect(findings).toContainEqual(
    expect.objectContaining({
      state: severity,
      code: `problem_${severity}`,
      message: `${code}: ${problem.message}`,
      remedy: problem.remedy,
      details: { problem: code, since: problem.since, line: problem.line },
    }),
  );
  if (severity === 'error') expect(['degraded', 'unreachable']).toContain(verdict);
  expect(strictVerdict).not.toBe('fine');
}

/** No problem is told anywhere, and the doctor has nothing to complain of. */
export async function expectWell(world: Looked): Promise<void> {
  const { problems, ok } = await readOverview(world.url());
  expect([ok, problems]).toEqual([true, []]);
  const page = await readPage(world);
  for (const code of Object.keys(PROBLEM_WORDS)) expect(page).not.toContain(`${code} since`);
  expect(await openInMetrics(world)).toEqual([]);
  const { findings, verdict, errors } = await askDoctor(world);
  expect(findings).toMatchObject([{ state: 'ok' }]);
  expect([verdict, errors]).toEqual(['fine', []]);
}

export const isOpen = async (world: Looked, code: ProblemCode): Promise<boolean> =>
  (await readOverview(world.url())).problems.some((problem) => problem.code === code);

function wordsOf(words: string, line: string | null): RegExp {
  const escaped = words.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const filled = escaped.replaceAll(/\bLINE\b/g, () => (line ?? '').replace('+', '\\+'));
  return new RegExp(`^${filled.replace(/\bDETAIL\b/, '[\\w .]+')}$`);
}

/** As a reader sees it: without marks for code. The page names a command as it is typed here, or a button. */
const textOf = (words = '') => words.replaceAll('`', '');

/** The page's text, one space between words. */
async function readPage(world: Looked): Promise<string> {
  const { statusCode, body } = await request(`${world.url()}/`, { headers: TOKEN, reset: true });
  const text = await body.text();
  expect(statusCode).toBe(200);
  const entities: Readonly<Record<string, string>> = { '&#39;': "'", '&quot;': '"', '&amp;': '&' };
  return text
    .replaceAll(/<\/?code>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&#39;|&quot;|&amp;/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/\s+/g, ' ');
}

async function openInMetrics(world: Looked) {
  const { samples } = await scrape(world.url(), STATUS_TOKEN);
  const all = samples.filter(({ name }) => name === 'ccr_problem_open');
  expect(new Set(all.map(({ labels }) => labels.code))).toEqual(new Set(Object.keys(PROBLEM_WORDS)));
  return all.flatMap(({ labels, value }) => (value === 0 ? [] : [labels]));
}

/** Runs the doctor, which sends its own delivery through the proxy. */
export const sendByDoctor = (world: Looked) => examine(world, true);

/** At the time of the world. */
function examine({ url, file, clock }: Looked, isRoundTripWanted: boolean): Promise<readonly Finding[]> {
  return runDoctor({
    sources: file.sources(),
    envFilePath: file.path,
    serviceUrl: url(),
    statusToken: STATUS_TOKEN,
    isServiceExpected: true,
    isRoundTripWanted,
    extraCa: null,
    clock,
    nodeVersion: process.versions.node,
    adviseOnNode,
    adviseOnInstallation,
  });
}

/** What the doctor says of the service's problems, and what it ends with; it sends nothing. */
async function askDoctor(world: Looked) {
  const findings = await examine(world, false);
  return {
    findings: findings.filter(({ id }) => id === 'problems'),
    errors: findings.filter(({ state }) => state === 'error'),
    verdict: decideVerdict(findings, false),
    strictVerdict: decideVerdict(findings, true),
  };
}
