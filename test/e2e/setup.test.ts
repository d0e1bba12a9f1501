import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { CARD_EVENTS, CORE_EVENTS } from '../../src/decide/subscription.ts';
import { createWorkDir, type Settings, startReactor } from '../helpers/process.ts';
import {
  modeOf,
  NOTHING,
  PUBLIC_URL,
  prepare,
  readEnv,
  readText,
  TARGET,
  TOLD,
} from '../helpers/setting-up.ts';
import { ACCOUNT_KEY, startAccount } from '../helpers/simulated-account.ts';
import { runVerb } from '../helpers/verb.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

it('a fresh account is set up by flags, and the service then takes what Linq sends', async () => {
  const account = await startAccount();
  const directory = createWorkDir();
  writeFileSync(join(directory, 'key'), `${ACCOUNT_KEY}\n`);
  const args = ['setup', '--api-key-file', 'key', '--public-url', PUBLIC_URL];
  const { code, stdout, stderr } = await runVerb(directory, args, { ...NOTHING, ...account.settings });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('Webhook subscription: One points to');
  expect(modeOf(directory)).toBe(0o600);
  const [subscription, ...others] = await account.subscriptions();
  expect(others).toEqual([]);
  expect(subscription).toMatchObject({ target_url: TARGET, is_active: true, phone_numbers: null });
  expect(subscription?.subscribed_events).toEqual([...CORE_EVENTS, ...CARD_EVENTS]);
  const env = readEnv(directory);
  expect(Object.keys(env).toSorted()).toEqual([
    ...['LINQ_API_BASE_URL', 'LINQ_API_KEY', 'LINQ_WEBHOOK_SECRET', 'PUBLIC_URL', 'STATUS_TOKEN'],
  ]);
  for (const secret of [ACCOUNT_KEY, env.LINQ_WEBHOOK_SECRET, env.STATUS_TOKEN, '+12025550100'])
    expect(stdout).not.toContain(secret);
  const { LINQ_API_KEY = '', LINQ_WEBHOOK_SECRET = '' } = env;
  const reactor = await startReactor(directory, { ...account.settings, LINQ_API_KEY, LINQ_WEBHOOK_SECRET });
  await account.call('PUT', `webhook-subscriptions/${subscription?.id}`, {
    target_url: `${reactor.url}/webhooks/linq?version=2026-02-03`,
  });
  const { chatId } = account.simulator.createChat({ line: '+12025550100' });
  account.simulator.sendMessage(chatId);
  await account.simulator.when(() => account.simulator.sharesOf(chatId).length === 1);
});

it('a settings file that can’t take the secret costs the new subscription, and nothing else', async () => {
  const account = await startAccount();
  account.simulator.subscribe({ targetUrl: 'https://elsewhere.example.com/hook' });
  const before = await account.subscriptions();
  const padding = `# ${'x'.repeat(740)}\n`; // as far as the limit, the secret apart
  const directory = prepare(`${padding}${TOLD}`);
  const { code, stderr } = await runWithFileLimit(directory, account.settings);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^The signing secret can’t be saved: .*EFBIG.*deleted again; nothing is left behind/,
  );
  expect(stderr).not.toContain('whsec_');
  expect(await account.subscriptions()).toEqual(before);
  expect(readText(directory).startsWith(padding)).toBe(true);
  expect(readEnv(directory).LINQ_WEBHOOK_SECRET).toBeUndefined();
  expect(readdirSync(directory)).toEqual(['.env']);
});

/** Runs `setup` as a process that can write no file of more than 1 KiB. */
function runWithFileLimit(directory: string, settings: Settings) {
  const command = 'ulimit -f 2 && exec "$0" "$@"';
  const args = ['-c', command, process.execPath, MAIN, 'setup', '--no-check'];
  const options = { cwd: directory, env: { PATH: process.env.PATH, ...settings } };
  return new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile('sh', args, options, (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
  });
}
