import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseEnvFile } from '../../../src/config/sources.ts';
import { createWorkDir } from '../../helpers/process.ts';
import {
  modeOf,
  NOTHING,
  PUBLIC_URL,
  prepare,
  readEnv,
  readText,
  SECRET,
  setUp,
  TARGET,
} from '../../helpers/setting-up.ts';
import { ACCOUNT_KEY, startAccount } from '../../helpers/simulated-account.ts';
import { runVerbHere } from '../../helpers/verb-here.ts';

describe('the settings file', () => {
  it('that others could read is shut, even if nothing else changes', async () => {
    const account = await startAccount();
    const directory = prepare();
    await setUp(directory, account);
    chmodSync(join(directory, '.env'), 0o644);
    const args = ['setup', '--no-check'];
    const { stdout } = await runVerbHere(directory, args, { ...NOTHING, ...account.settings });
    expect(stdout).toContain('could be read by others (mode 0644)');
    expect(modeOf(directory)).toBe(0o600);
  });

  it('keeps its comments and other settings, and its lines', async () => {
    const account = await startAccount();
    const own = '# mine\nPORT=9000 # not 8080\nTEXT="a\n# b"\nbroken line\n';
    const directory = prepare(`${own}LINQ_API_KEY=${ACCOUNT_KEY}\nPUBLIC_URL=${PUBLIC_URL}\n`);
    const { report } = await setUp(directory, account, '--lines', '+12025550100');
    expect(report?.findings).toMatchObject([{ code: 'settings_odd' }]);
    expect(readText(directory).startsWith(own)).toBe(true);
    expect(readEnv(directory).LINQ_LINES).toBe('+12025550100');
    await setUp(directory, account, '--lines', 'all');
    expect(readEnv(directory).LINQ_LINES).toBeUndefined();
  });

  it('may be another one', async () => {
    const account = await startAccount();
    const directory = createWorkDir();
    writeFileSync(join(directory, 'other.env'), `LINQ_API_KEY=${ACCOUNT_KEY}\n`);
    const args = ['--env-file', 'other.env', '--public-url', PUBLIC_URL];
    expect(await setUp(directory, account, ...args)).toMatchObject({ code: 0 });
    const { code, report } = await setUp(directory, account, ...args, '--recreate');
    expect([code, report?.findings]).toEqual([0, []]);
    const { LINQ_WEBHOOK_SECRET } = parseEnvFile(
      readFileSync(join(directory, 'other.env'), 'utf8'),
    ).variables;
    expect(LINQ_WEBHOOK_SECRET?.split(',')).toHaveLength(2);
    expect(existsSync(join(directory, '.env'))).toBe(false);
  });

  it('is overruled by the environment, which is told', async () => {
    const account = await startAccount();
    const settings = { ...account.settings, LINQ_WEBHOOK_SECRET: SECRET };
    const directory = prepare();
    account.simulator.subscribe({ targetUrl: TARGET });
    const { code, report } = await setUp(directory, { settings }, '--recreate');
    expect([code, report?.findings]).toMatchObject([0, [{ code: 'environment_wins' }]]);
    expect(JSON.stringify(report)).not.toContain('whsec_');
  });

  it('gives way to the file that LINQ_WEBHOOK_SECRET_FILE names', async () => {
    const account = await startAccount();
    const directory = prepare();
    const settings = { ...account.settings, LINQ_WEBHOOK_SECRET_FILE: 'secret' };
    writeFileSync(join(directory, 'secret'), `${SECRET}\n`, { mode: 0o644 });
    const { code } = await setUp(directory, { settings }, '--recreate');
    expect(code).toBe(0);
    expect(readFileSync(join(directory, 'secret'), 'utf8')).toMatch(new RegExp(`^whsec_[^,]+,${SECRET}\n$`));
    expect(statSync(join(directory, 'secret')).mode & 0o777).toBe(0o600);
    expect(readEnv(directory).LINQ_WEBHOOK_SECRET).toBeUndefined();
    expect((await setUp(directory, { settings })).report).toMatchObject({ subscription: { action: 'kept' } });
  });
});
