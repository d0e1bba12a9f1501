import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../../src/app/app.ts';
import { createSystemClock } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createSimulator } from '../../../src/simulator/simulator.ts';
import { deliver, message2026, SECRET } from '../../helpers/deliver.ts';
import { API_KEY } from '../../helpers/process.ts';
import { type Machine, runVerb } from '../status/api/verbs-harness.ts';
import { listVerbs, type Place, VERB_CASES, type VerbCase } from './verbs.ts';

const VERBS = Object.keys(VERB_CASES);
const LINE = '+12025550100';
const CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';
const ESCAPE = '\u001b';

const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-'));
const place: Place = { directory, chatId: CHAT, line: LINE };
const simulator = createSimulator({ clock: createSystemClock(), apiKey: API_KEY, lines: [LINE] });
let app: App;
let env: Record<string, string> = {};

beforeAll(async () => {
  env = {
    LINQ_API_KEY: API_KEY,
    LINQ_API_BASE_URL: await simulator.start(),
    LINQ_WEBHOOK_SECRET: SECRET,
    STATUS_TOKEN: 'a-token-of-this-very-test',
    DATABASE_URL: `file:${join(directory, 'reactor.db')}`,
    CATCH_UP_EVERY: '0',
    PORT: '0',
  };
  const { config } = loadConfig({ env, envFile: {}, readFile: () => '' }, false);
  const logStream = new Writable({ write: (_chunk, _encoding, done) => done() });
  app = await startApp({ config, clock: createSystemClock(), version: '0', onFatal: () => {}, logStream });
  env.PORT = new URL(app.url).port;
  simulator.createChat({ chatId: CHAT, line: LINE });
  await deliver(app.url, message2026({ chatId: CHAT, line: LINE, sentAt: Date.now() - 1_000 }));
});
afterAll(async () => {
  await app.stop();
  await simulator.stop();
  rmSync(directory, { recursive: true, force: true });
});

const caseOf = (verb: string): VerbCase => VERB_CASES[verb]?.(place) ?? expect.fail(`no case for ${verb}`);
const run = (verb: string, flags: readonly string[] = [], machine: Machine = {}) =>
  runVerb([...verb.split(' '), ...(caseOf(verb).args ?? []), ...flags], { env, ...machine });
const verbsWith = (situation: keyof VerbCase) => VERBS.filter((verb) => caseOf(verb)[situation] !== null);

it('every verb has its case here', async () => {
  expect(VERBS.toSorted()).toEqual((await listVerbs()).toSorted());
});

describe.each(VERBS)('%s', (verb) => {
  it('explains itself with --help', async () => {
    const { exitCode, out, error } = await runVerb([...verb.split(' '), '--help']);
    expect([exitCode, error]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage: contact-card-reactor ${verb}\\b`));
    expect(out).not.toContain(ESCAPE);
  });

  it('refuses an option that it doesn’t have', async () => {
    const { exitCode, out, error } = await runVerb([
      ...verb.split(' '),
      ...(caseOf(verb).args ?? []),
      '--bogus',
    ]);
    expect([exitCode, out]).toEqual([2, '']);
    expect(error).toContain("unknown option '--bogus'");
  });
});

describe('with --json nothing but JSON is printed, on a terminal or not:', () => {
  it.each(verbsWith('json'))('%s', async (verb) => {
    for (const isTerminal of [false, true]) {
      const force = verb === 'backup' ? ['--force'] : [];
      const { exitCode, out, error } = await run(verb, ['--json', ...force], { isTerminal });
      expect([exitCode, error]).toEqual([caseOf(verb).json, '']);
      expect(() => JSON.parse(out)).not.toThrow();
      expect(out).not.toContain(ESCAPE);
    }
  });
});

describe('for people there are no escape codes with NO_COLOR, and no progress without a terminal:', () => {
  it.each(verbsWith('json'))('%s', async (verb) => {
    const force = verb === 'backup' ? ['--force'] : [];
    const coloured = await run(verb, force, { isTerminal: true, env: { ...env, NO_COLOR: '1' } });
    expect(coloured.out + coloured.error).not.toContain(ESCAPE);
    const piped = await run(verb, force);
    expect(piped.exitCode).toBe(caseOf(verb).json);
    expect(piped.out + piped.error).not.toContain(ESCAPE);
    expect(piped.out).not.toContain('\r');
    expect(piped.out).not.toMatch(/\+\d{8,}.*\+\d{8,}/s);
  });
});

describe('settings that are wrong end with 3:', () => {
  it.each(verbsWith('misconfigured'))('%s', async (verb) => {
    const broken = { ...env, HOST: 'no host', PORT: 'no port', DATABASE_URL: 'no database' };
    const { exitCode, error, out } = await run(verb, [], { env: broken });
    expect(exitCode).toBe(caseOf(verb).misconfigured);
    if (verb !== 'config show') expect(error + out).toMatch(/PORT|HOST|DATABASE_URL/);
  });
});

describe('a service that doesn’t answer ends with 5:', () => {
  it.each(verbsWith('unreachable'))('%s', async (verb) => {
    const nowhere = { ...env, PORT: '9' };
    const { exitCode, out } = await run(verb, ['--json'], { env: nowhere });
    expect(exitCode).toBe(5);
    if (verb !== 'doctor') expect(out).toBe('');
  });
});
