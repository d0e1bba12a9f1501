import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SECRET } from '../../helpers/deliver.ts';
import { createWorkDir, type Settings } from '../../helpers/process.ts';
import { runVerbHere } from '../../helpers/verb-here.ts';

const NEEDED: Settings = { LINQ_API_KEY: 'a-key-of-this-test', LINQ_WEBHOOK_SECRET: SECRET };

const WRONG: Settings = {
  LINQ_API_KEY: 'Bearer do-not-tell-this',
  LINQ_WEBHOOK_SECRET: 'whsec_do+not+tell+this',
  LINQ_API_BASE_URL: 'https://api.linqapp.com/api/partner/v3',
  PORT: '80800',
  TRUST_PROXY: '1',
  DATABASE_URL: 'postgres://user:do-not-tell-this@host,other/db',
  SHARE_WINDOW: '3s',
  RESHARE_POLICY: 'never',
  LOG_LEVEL: 'loud',
};

describe('wrong settings', () => {
  it.each([['config', 'check'], ['serve']])(
    'are all in one report of `%s %s`, which ends with 3',
    async (...args) => {
      const { code, stdout, stderr } = await runVerbHere(createWorkDir(), args, {
        ...WRONG,
        LINQ_LIENS: '+12025550100',
      });
      expect(code).toBe(3);
      expect(stdout).toBe('');
      // against a wrong address nothing can be said of the window
      const told = Object.keys(WRONG).filter((name) => name !== 'SHARE_WINDOW');
      for (const name of told)
        expect(stderr).toMatch(new RegExp(`^ {2}${name}: expected .*, for example ${name}=`, 'm'));
      expect(stderr).toContain(`${told.length} settings are wrong:`);
      expect(stderr).toContain('LINQ_LIENS isn’t a setting: did you mean LINQ_LINES?');
      expect(stderr).not.toMatch(/do.not.tell.this/);
    },
  );

  it('are a list for machines, too', async () => {
    const { code, stdout, stderr } = await runVerbHere(createWorkDir(), ['config', 'check', '--json'], {
      ...NEEDED,
      PORT: 'x',
    });
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      mistakes: [expect.stringContaining('PORT')],
      warnings: [],
    });
  });
});

describe('the .env file of the working directory', () => {
  it('is read, under the environment', async () => {
    const directory = createWorkDir();
    writeFileSync(join(directory, '.env'), 'PORT=1\nHOST=localhost\n');
    const { code, stdout } = await runVerbHere(directory, ['config', 'show', '--json'], {
      ...NEEDED,
      PORT: '2',
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(
      expect.arrayContaining([
        { name: 'PORT', value: '2', origin: 'environment' },
        { name: 'HOST', value: 'localhost', origin: '.env' },
        { name: 'LINQ_API_KEY', value: 'set (18 characters)', origin: 'environment' },
      ]),
    );
    expect(stdout).not.toContain(NEEDED.LINQ_API_KEY);
  });

  it('with a broken line is a mistake, and the lines after it count', async () => {
    const directory = createWorkDir();
    writeFileSync(join(directory, '.env'), 'do-not-tell-this\nDRY_RUN=perhaps\n');
    const { code, stderr } = await runVerbHere(directory, ['config', 'check'], NEEDED);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^2 settings are wrong:\n {2}\.env, line 1: .*\n {2}DRY_RUN: expected true or false/,
    );
    expect(stderr).not.toContain('do-not-tell-this');
  });

  it('gives way to the one that is named', async () => {
    const directory = createWorkDir();
    writeFileSync(join(directory, '.env'), 'PORT=x\n');
    writeFileSync(join(directory, 'other.env'), 'PORT=1\n');
    const { code, stdout } = await runVerbHere(
      directory,
      ['config', 'check', '--env-file', 'other.env'],
      NEEDED,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'All settings are valid.\n' });
  });

  it('that is named and missing ends with 3, and is named', async () => {
    expect(await runVerbHere(createWorkDir(), ['serve', '--env-file', 'none.env'], NEEDED)).toMatchObject({
      code: 3,
      stderr: 'The settings file none.env can’t be read (ENOENT): check --env-file and its permissions.\n',
    });
  });
});
