import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Variables } from '../../../src/config/sources.ts';
import { ConfigError, SetupError } from '../../../src/errors.ts';
import { modeOf } from '../../../src/setup/private-file.ts';
import { openSettingsFile } from '../../../src/setup/settings-file.ts';
import { createWorkDir } from '../../helpers/process.ts';

const SECRET = 'whsec_aPlbNKJRU8iekHIyc5UGk0UIguq5T5BiwFG57aAXRlA=';
const OTHER = 'whsec_bPlbNKJRU8iekHIyc5UGk0UIguq5T5BiwFG57aAXRlA=';

function setUp(text: string | null, env: Variables = {}) {
  const directory = createWorkDir();
  const path = join(directory, '.env');
  if (text !== null) writeFileSync(path, text);
  const open = () => openSettingsFile({ path, env, readFile: (one) => readFileSync(one, 'utf8') });
  return { directory, path, open, file: open(), read: () => readFileSync(path, 'utf8') };
}

describe('a settings file', () => {
  it('that isn’t there begins with a line that says what it is', () => {
    const { file, read, path } = setUp(null);
    file.write({ PORT: '9000' });
    expect(read()).toMatch(/^# .*contact-card-reactor.*\nPORT=9000\n$/);
    expect(modeOf(path)).toBe(0o600);
  });

  it('tells what would change, and what not', () => {
    const { file } = setUp('PORT=9000\nHOST=::\n');
    expect(file.changes({ PORT: '9000', HOST: null, LINQ_LINES: null, LINQ_API_KEY: 'k' })).toEqual([
      'HOST',
      'LINQ_API_KEY',
    ]);
  });

  it('says one thing of a setting, whatever names and files it had', () => {
    const { file, read } = setUp('LINQ_API_V3_API_KEY=old\nLINQ_API_KEY_FILE=/run/key\n');
    file.write({ LINQ_API_KEY: 'new' });
    expect(read()).toBe('LINQ_API_KEY=new\n');
  });

  it('isn’t written where the environment contradicts it', () => {
    const { file, read } = setUp('PORT=1\n', { LINQ_API_KEY_FILE: '/run/key' });
    expect(() => file.changes({ LINQ_API_KEY: 'new' })).toThrow(ConfigError);
    expect(() => file.write({ LINQ_API_KEY: 'new' })).toThrow(/LINQ_API_KEY_FILE/);
    expect(read()).toBe('PORT=1\n');
  });

  it('tells which of its settings the environment overrules', () => {
    const { file } = setUp('', { PORT: '1', HOST: '::' });
    const values = { PORT: '2', HOST: '::', LINQ_LINES: null };
    file.write(values);
    expect(file.overridden(values)).toEqual(['PORT']);
  });

  it.each([
    [0o644, '0644'],
    [0o640, '0640'],
    [0o600, null],
  ])('with mode %o from before tells %s', (mode, told) => {
    const { path, open } = setUp('PORT=1\n');
    chmodSync(path, mode);
    const file = open();
    expect(file.openMode).toBe(told);
    file.shut();
    expect(modeOf(path)).toBe(0o600);
  });

  it('that can’t be read is a mistake', () => {
    const { path, open } = setUp(null);
    mkdirSync(path);
    expect(open).toThrow(ConfigError);
  });

  it('whose directory is gone can’t be written, in a sentence', () => {
    const { directory, file } = setUp(null);
    rmSync(directory, { recursive: true });
    expect(() => file.write({ PORT: '1' })).toThrow(SetupError);
    expect(() => file.write({ PORT: '1' })).toThrow(
      /^Can’t write .*\.env \(ENOENT\): its directory does not exist\.$/,
    );
  });
});

describe('a new signing secret', () => {
  it('goes before the old ones, and its subscription is noted', () => {
    const { file, open, read } = setUp(`A=1\nLINQ_WEBHOOK_SECRET=${SECRET}\nB=2\n`);
    expect(file.ownerOf(SECRET)).toBeNull();
    file.writeSecret(OTHER, 's2', [SECRET]);
    expect(read()).toMatch(new RegExp(`^A=1\n# .*s2\\.\nLINQ_WEBHOOK_SECRET=${OTHER},${SECRET}\nB=2\n$`));
    expect([open().ownerOf(OTHER), open().ownerOf(SECRET)]).toEqual(['s2', null]);
  });

  it('isn’t listed twice', () => {
    const { file, read } = setUp(`LINQ_WEBHOOK_SECRET=${SECRET}\n`);
    file.writeSecret(SECRET, 's1', [SECRET]);
    expect(read()).toContain(`LINQ_WEBHOOK_SECRET=${SECRET}\n`);
  });

  it('goes to the file that the settings name for it', () => {
    const secrets = join(createWorkDir(), 'secret');
    writeFileSync(secrets, OTHER);
    const { file, open, read } = setUp(`LINQ_WEBHOOK_SECRET_FILE=${secrets}\n`);
    file.writeSecret(SECRET, 's1', [OTHER]);
    expect([readFileSync(secrets, 'utf8'), modeOf(secrets)]).toEqual([`${SECRET},${OTHER}\n`, 0o600]);
    expect(read()).not.toContain('whsec_');
    expect(open().ownerOf(SECRET)).toBe('s1');
  });
});
