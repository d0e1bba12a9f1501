import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CORE_EVENTS } from '../../../src/decide/subscription.ts';
import { createWorkDir } from '../../helpers/process.ts';
import { prepare, readEnv, readText, setUp, TARGET } from '../../helpers/setting-up.ts';
import { startAccount } from '../../helpers/simulated-account.ts';

describe('a fresh account', () => {
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
    expect(stderr).toContain('Linq rejects the key from the environment');
    expect(stderr).not.toContain('wrong-key');
    expect(existsSync(join(directory, '.env'))).toBe(false);
  });

  it('an API that nobody answers at ends with 5', async () => {
    const settings = { LINQ_API_BASE_URL: 'http://127.0.0.1:9/api/partner' };
    const { code, stderr } = await setUp(prepare(), { settings });
    expect(code).toBe(5);
    expect(stderr).toMatch(/^Linq can’t be reached .*LINQ_API_BASE_URL/);
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
