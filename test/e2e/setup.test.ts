import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CARD_EVENTS, CORE_EVENTS } from '../../src/decide/subscription.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { ACCOUNT_KEY, startAccount } from '../helpers/simulated-account.ts';
import { runVerb } from '../helpers/verb.ts';
import { modeOf, NOTHING, PUBLIC_URL, prepare, readEnv, readText, setUp, TARGET } from './setting-up.ts';

describe('a fresh account', () => {
  it('is set up by flags, and the service then takes what Linq sends', async () => {
    const account = await startAccount();
    const directory = createWorkDir();
    writeFileSync(join(directory, 'key'), `${ACCOUNT_KEY}\n`);
    const args = ['setup', '--api-key-file', 'key', '--public-url', PUBLIC_URL];
    const { code, stdout, stderr } = await runVerb(directory, args, { ...NOTHING, ...account.settings });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Webhook subscription: One leads to');
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

  it('is left as it is by a second and a third run', async () => {
    const account = await startAccount();
    const directory = prepare();
    expect((await setUp(directory, account)).report).toMatchObject({ subscription: { action: 'created' } });
    const subscriptions = await account.subscriptions();
    const text = readText(directory);
    for (const args of [[], ['--yes']]) {
      const { code, report } = await setUp(directory, account, ...args);
      expect(code).toBe(0);
      expect(report).toMatchObject({ ok: true, subscription: { action: 'kept' }, envFile: { saved: [] } });
    }
    expect(await account.subscriptions()).toEqual(subscriptions);
    expect(readText(directory)).toBe(text);
  });

  it('is not touched by a dry run', async () => {
    const account = await startAccount();
    account.simulator.addLine('+12025550101', { card: 'none' });
    const directory = prepare();
    const text = readText(directory);
    const card = ['--create-card', '+12025550101', '--first-name', 'Ann'];
    const { code, report } = await setUp(directory, account, '--dry-run', ...card);
    expect([code, report?.subscription?.action]).toEqual([0, 'created']);
    expect(readText(directory)).toBe(text);
    expect(await account.subscriptions()).toEqual([]);
    expect(await account.call('GET', 'contact_card')).toMatchObject({ contact_cards: [{}] });
  });
});

describe('what Linq refuses or loses', () => {
  it('a wrong key ends with 3, and nothing is written', async () => {
    const account = await startAccount();
    const directory = createWorkDir();
    const env = { LINQ_API_KEY: 'wrong-key-wrong-key' };
    const { code, stderr, report } = await setUp(directory, { settings: { ...account.settings, ...env } });
    expect([code, report?.error?.code]).toEqual([3, 'REACTOR_CONFIG']);
    expect(stderr).toContain('Linq rejects the key of the environment');
    expect(stderr).not.toContain('wrong-key');
    expect(existsSync(join(directory, '.env'))).toBe(false);
  });

  it('an API that nobody answers at ends with 5', async () => {
    const settings = { LINQ_API_BASE_URL: 'http://127.0.0.1:9/api/partner' };
    const { code, stderr } = await setUp(prepare(), { settings });
    expect(code).toBe(5);
    expect(stderr).toMatch(/^Linq can't be reached .*LINQ_API_BASE_URL/);
  });

  it('an account without events of contact cards is set up with the others', async () => {
    const account = await startAccount();
    account.simulator.fail({ route: 'webhook_subscriptions', method: 'POST', code: 1005, times: 1 });
    const { code } = await setUp(prepare(), account);
    expect(code).toBe(0);
    const [only, ...others] = await account.subscriptions();
    expect([only?.subscribed_events, others]).toEqual([CORE_EVENTS, []]);
  });

  it('an answer to the create that got lost leaves one subscription, whose secret is saved', async () => {
    const account = await startAccount();
    account.simulator.fail({ route: 'webhook_subscriptions', method: 'POST', drop: 'after', times: 1 });
    const directory = prepare();
    const { code, report } = await setUp(directory, account);
    expect(code).toBe(0);
    const [only, ...others] = await account.subscriptions();
    expect([only?.id, others]).toEqual([report?.subscription?.subscriptionId, []]);
    expect(readEnv(directory).LINQ_WEBHOOK_SECRET).toMatch(/^whsec_[^,]*$/);
  });

  it('a create that is refused leaves the old subscription as it was', async () => {
    const account = await startAccount();
    account.simulator.subscribe({ targetUrl: TARGET });
    const before = await account.subscriptions();
    account.simulator.fail({ route: 'webhook_subscriptions', method: 'POST', code: 2011 });
    expect(await setUp(prepare(), account, '--recreate')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('2011'),
    });
    expect(await account.subscriptions()).toEqual(before);
  });

  it('an old subscription that can’t be deleted is told of', async () => {
    const account = await startAccount();
    account.simulator.subscribe({ targetUrl: TARGET });
    account.simulator.fail({ route: 'webhook_subscriptions', method: 'DELETE', status: 500 });
    const { code, report } = await setUp(prepare(), account, '--recreate');
    expect([code, report?.findings.map((finding) => finding.code)]).toEqual([0, ['subscription_left']]);
  });
});
