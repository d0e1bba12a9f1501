import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { circlesOf, type Import, importsOf, readSources } from '../house/imports.ts';
import { withoutComments } from '../house/recipes.ts';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

const FILES = readSources(SRC);
const IMPORTS = FILES.flatMap(importsOf);

/** The first part of a path: `decide`, `clock.ts`; a package counts as `package`. */
function partOf(path: string): string {
  const isOurs = FILES.some(({ name }) => name === path);
  return isOurs ? (path.split('/')[0] ?? '') : 'package';
}

/**
 * What each part may import beside itself, the lowest part first. `type …` allows types alone.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  decide: [],
  'errors.ts': [],
  'real-path.ts': ['package'],
  'package-files.ts': ['package'],
  'clock.ts': ['decide', 'package'],
  'shared-clock.ts': ['decide', 'clock.ts'],
  'log.ts': ['decide', 'package-files.ts', 'package'],
  'payload.ts': ['decide', 'errors.ts'],
  config: ['decide', 'errors.ts', 'package'],
  http: ['decide', 'errors.ts', 'clock.ts', 'log.ts', 'real-path.ts', 'package'],
  store: ['decide', 'errors.ts', 'clock.ts', 'real-path.ts', 'package-files.ts', 'package'],
  webhook: [
    'decide',
    'errors.ts',
    'clock.ts',
    'log.ts',
    'payload.ts',
    'http',
    'package',
    'type store/store.ts',
  ],
  'recorder.ts': ['decide', 'errors.ts', 'type store'],
  linq: ['decide', 'errors.ts', 'clock.ts', 'payload.ts', 'http/proxy.ts', 'package'],
  dispatch: ['decide', 'errors.ts', 'clock.ts', 'type log.ts', 'type store', 'package'],
  'catch-up': ['decide', 'errors.ts', 'clock.ts', 'type log.ts', 'type store', 'package'],
  status: [
    ...['decide', 'errors.ts', 'clock.ts', 'log.ts', 'package-files.ts', 'http', 'package'],
    ...['type store', 'type dispatch', 'type webhook', 'type config', 'type catch-up'],
    'store/plan/chat-lists.ts', // cursors, and which lists can be sorted
  ],
  setup: ['decide', 'errors.ts', 'config', 'real-path.ts', 'package'],
  simulator: ['clock.ts', 'decide/time.ts', 'package'],
  doctor: [
    ...['decide', 'errors.ts', 'clock.ts', 'config', 'linq', 'store', 'status', 'package'],
    ...[
      'real-path.ts',
      'package-files.ts',
      'http/proxy.ts',
      'webhook/probe.ts',
      'simulator/sign.ts',
      'setup/env-edit.ts',
    ],
  ],
};

function isAllowed({ from, to, isTypeOnly }: Import): boolean {
  const part = partOf(from);
  const allowed = ARROWS[part];
  if (allowed === undefined || partOf(to) === part) return true;
  const matches = (rule: string) => rule === to || rule === partOf(to);
  return allowed.some((rule) => matches(rule) || (isTypeOnly && matches(rule.replace(/^type /, ''))));
}

describe('imports', () => {
  it('are found at all, types told from values', () => {
    expect(IMPORTS.length).toBeGreaterThan(200);
    expect(IMPORTS).toContainEqual({ from: 'dispatch/turns.ts', to: 'store/turn.ts', isTypeOnly: true });
    expect(IMPORTS).toContainEqual({ from: 'decide/share.ts', to: 'decide/facts.ts', isTypeOnly: false });
    for (const part of Object.keys(ARROWS)) expect(FILES.map(({ name }) => partOf(name))).toContain(part);
  });

  it.each(Object.keys(ARROWS))('of %s point only where they may', (part) => {
    const own = IMPORTS.filter(({ from }) => partOf(from) === part);
    expect(own.filter((entry) => !isAllowed(entry))).toEqual([]);
  });

  it('lead back to no file, types included', () => {
    expect(circlesOf(FILES)).toEqual([]);
  });

  it('of what the doctor judges by lead to nothing that looks at the world', () => {
    const judging = IMPORTS.filter(({ from, isTypeOnly }) => from.startsWith('doctor/judge/') && !isTypeOnly);
    const allowed =
      /^(doctor\/(judge\/|finding\.ts)|decide\/|status\/(problems\/(signs|problem-words)|view\/wording)\.ts|node:net$)/;
    expect(judging.length).toBeGreaterThan(15);
    expect(judging.filter(({ to }) => !allowed.test(to))).toEqual([]);
  });

  it('reach the composition root and the command line from nowhere below them', () => {
    const above = ['app', 'main.ts', 'cli', 'demo']; // the demo starts the whole service, as `serve` does
    const below = IMPORTS.filter(({ from }) => !above.includes(partOf(from)));
    expect(below.filter(({ to }) => above.includes(partOf(to)))).toEqual([]);
  });

  it('lead to SQLite’s native module in one place, which keeps its handles', () => {
    const native = IMPORTS.filter(({ to, isTypeOnly }) => to === 'better-sqlite3' && !isTypeOnly);
    expect(native.map(({ from }) => from)).toEqual(['store/sqlite/native.js']);
  });

  it('lead to pg in the PostgreSQL store alone, which nothing loads before it is opened', () => {
    const drivers = IMPORTS.filter(({ to, isTypeOnly }) => to === 'pg' && !isTypeOnly);
    expect(drivers.map(({ from }) => from)).toEqual([
      'store/postgres/database.ts',
      'store/postgres/examine.ts',
    ]);
    const opensIt = /\bimport\(\s*'[^']*store\/postgres\//;
    const loaders = IMPORTS.filter(({ to, isTypeOnly }) => to.startsWith('store/postgres/') && !isTypeOnly)
      .map(({ from }) => from)
      .filter((from) => !from.startsWith('store/postgres/'));
    for (const from of loaders) expect(FILES.find(({ name }) => name === from)?.text).toMatch(opensIt);
  });

  it('name a file of ours with its ending', () => {
    const unknown = IMPORTS.filter(({ to }) => /^(\w|-)+\//.test(to) && partOf(to) === 'package');
    const isOurFolder = (to: string) => FILES.some(({ name }) => name.startsWith(`${to.split('/')[0]}/`));
    expect(unknown.filter(({ to }) => isOurFolder(to))).toEqual([]);
  });
});

describe('system time', () => {
  /** A timer or a reading of the clock; `setImmediate` waits for no time. */
  const TIME =
    /\b(Date\.now|performance\.now|process\.hrtime|process\.uptime|setTimeout|setInterval)\b|\bnew Date\(\s*\)/;

  it('is read and waited for by the clock alone, but for what runs in a browser', () => {
    const readers = FILES.filter(({ text }) => TIME.test(withoutComments(text))).map(({ name }) => name);
    expect(readers).toEqual(['clock.ts', 'status/page/assets/live.js']);
  });
});

describe('an apostrophe that people read', () => {
  it('is typographic', () => {
    const straight = /[a-z0-9_}]'(s|t|re|ve|ll|d|m)\b/gi;
    const found = FILES.flatMap(({ name, text }) =>
      [
        ...withoutComments(text)
          .replaceAll(/ \/\/ .*$/gm, '')
          .matchAll(straight),
      ].map(([words]) => `${name}: ${words}`),
    );
    expect(found).toEqual([]);
  });
});
