import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvFile } from '../../src/config/sources.ts';
import { createWorkDir, type Settings } from './process.ts';
import { ACCOUNT_KEY, type SimulatedAccount } from './simulated-account.ts';
import { runVerbHere } from './verb-here.ts';

export const PUBLIC_URL = 'http://127.0.0.1:8099';
export const TARGET = `${PUBLIC_URL}/webhooks/linq?version=2026-02-03`;
export const SECRET = 'whsec_aPlbNKJRU8iekHIyc5UGk0UIguq5T5BiwFG57aAXRlA=';
/** So that nothing but what the test says is set: a verb in a test has settings of its own. */
export const NOTHING: Settings = { LINQ_API_KEY: '', LINQ_WEBHOOK_SECRET: '', STATUS_TOKEN: '' };
/** What a first setup would have been told. */
export const TOLD = `LINQ_API_KEY=${ACCOUNT_KEY}\nPUBLIC_URL=${PUBLIC_URL}\n`;

/** Part of what `setup --json` prints. */
export interface Report {
  readonly ok: boolean;
  readonly subscription: { readonly action: string; readonly subscriptionId: string } | null;
  readonly envFile: { readonly saved: readonly string[] };
  readonly findings: readonly { readonly code: string }[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A directory with this settings file. */
export function prepare(text = TOLD): string {
  const directory = createWorkDir();
  writeFileSync(join(directory, '.env'), text, { mode: 0o600 });
  return directory;
}

/** Runs `setup --json` without a terminal. */
export async function setUp(
  directory: string,
  { settings }: Pick<SimulatedAccount, 'settings'>,
  ...args: string[]
) {
  const all = ['setup', '--no-check', '--json', ...args];
  const ended = await runVerbHere(directory, all, { ...NOTHING, ...settings });
  const report: Report | null = ended.stdout === '' ? null : JSON.parse(ended.stdout);
  return { ...ended, report };
}

export const readText = (directory: string) => readFileSync(join(directory, '.env'), 'utf8');
export const readEnv = (directory: string) => parseEnvFile(readText(directory)).variables;
export const modeOf = (directory: string) => statSync(join(directory, '.env')).mode & 0o777;
