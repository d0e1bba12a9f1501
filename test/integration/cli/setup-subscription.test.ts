import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CORE_EVENTS } from '../../../src/decide/subscription.ts';
import type { Finding } from '../../../src/doctor/finding.ts';
import {
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

describe('a subscription that leads here already', () => {
  it('whose secret nobody knows is not touched without being told to, and no second one is made', async () => {
    const account = await startAccount();
    account.simulator.subscribe({ targetUrl: TARGET });
    const before = await account.subscriptions();
    const directory = prepare();
    for (const args of [[], ['--yes']]) {
      const { code, stderr, report } = await setUp(directory, account, ...args);
      expect(code).toBe(1);
      expect(stderr).toMatch(/Nothing was changed\..*--recreate/);
      expect(report).toMatchObject({ ok: false, error: { code: 'REACTOR_SETUP' } });
    }
    expect(await account.subscriptions()).toEqual(before);
    expect(readEnv(directory)).toEqual({ LINQ_API_KEY: ACCOUNT_KEY, PUBLIC_URL: PUBLIC_URL });
  });

  it('is replaced with --recreate, and deliveries signed with the old secret still pass', async () => {
    const account = await startAccount();
    const old = account.simulator.subscribe({ targetUrl: TARGET, signingSecret: SECRET });
    account.simulator.subscribe({ targetUrl: 'https://elsewhere.example.com/hook' });
    const directory = prepare(
      `# mine\nLINQ_API_KEY=${ACCOUNT_KEY}\nPUBLIC_URL=${PUBLIC_URL}\nLINQ_WEBHOOK_SECRET=${SECRET}\n`,
    );
    const { code, report } = await setUp(directory, account, '--recreate');
    expect([code, report?.subscription?.action]).toEqual([0, 'recreated']);
    const [created = '', ...others] = readEnv(directory).LINQ_WEBHOOK_SECRET?.split(',') ?? [];
    expect(created).toMatch(/^whsec_/);
    expect(others).toEqual([SECRET]);
    const left = await account.subscriptions();
    expect(left.map(({ target_url: url }) => url)).toEqual([
      'https://elsewhere.example.com/hook',
      `${TARGET}&n=2`,
    ]);
    expect(left.map(({ id }) => id)).not.toContain(old.subscriptionId);
    expect(readText(directory)).toMatch(/^# mine\n/);
    expect((await setUp(directory, account)).report).toMatchObject({ subscription: { action: 'kept' } });
  });

  it.each([
    ['inactive', { is_active: false }, { is_active: true }],
    ['missing events', { subscribed_events: ['message.sent', 'reaction.added'] }, {}],
    ['without a version', { target_url: `${PUBLIC_URL}/webhooks/linq` }, { target_url: TARGET }],
    ['limited to another line', { phone_numbers: ['+12025550177'] }, { phone_numbers: null }],
  ])('but is %s is corrected in place, once that is agreed to', async (_, wrong, right) => {
    const account = await startAccount();
    const { subscriptionId: id } = account.simulator.subscribe({ targetUrl: TARGET });
    await account.call('PUT', `webhook-subscriptions/${id}`, wrong);
    const directory = prepare(
      `LINQ_API_KEY=${ACCOUNT_KEY}\nPUBLIC_URL=${PUBLIC_URL}\nLINQ_WEBHOOK_SECRET=${SECRET}\n`,
    );
    const { code, report } = await setUp(directory, account, '--yes');
    expect([code, report?.subscription]).toMatchObject([0, { action: 'updated', subscriptionId: id }]);
    const [after, ...others] = await account.subscriptions();
    expect(others).toEqual([]);
    expect(after).toMatchObject({ id, is_active: true, target_url: TARGET, ...right });
    expect(after?.subscribed_events).toEqual(expect.arrayContaining([...CORE_EVENTS]));
    expect(readEnv(directory).LINQ_WEBHOOK_SECRET).toBe(SECRET);
  });

  it('but is not as it has to be stays so until that is agreed to', async () => {
    const account = await startAccount();
    account.simulator.subscribe({ targetUrl: TARGET, events: ['message.sent'] });
    const before = await account.subscriptions();
    const settings = { ...account.settings, LINQ_WEBHOOK_SECRET: SECRET };
    const { code, stderr } = await setUp(prepare(), { settings });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/lacks events\..*--yes/)]);
    expect(await account.subscriptions()).toEqual(before);
  });

  it('has another secret than the one that is set: doctor says so, and its remedy mends it', async () => {
    const account = await startAccount();
    const directory = prepare();
    await setUp(directory, account);
    const { LINQ_WEBHOOK_SECRET: right = '' } = readEnv(directory);
    writeFileSync(join(directory, '.env'), readText(directory).replace(right, SECRET));
    const examine = async () => {
      const args = ['doctor', '--json', '--no-round-trip'];
      const { stdout } = await runVerbHere(directory, args, { ...NOTHING, ...account.settings });
      const { findings } = JSON.parse(stdout) as { findings: Finding[] };
      return findings.find(({ id }) => id === 'webhook_secret');
    };
    const finding = await examine();
    expect(finding).toMatchObject({ state: 'error', code: 'secret_differs' });
    expect(JSON.stringify(finding)).not.toContain(SECRET.slice(6, 14));
    const [, command = ''] = /`contact-card-reactor setup ([^`]+)`/.exec(finding?.remedy ?? '') ?? [];
    expect((await setUp(directory, account, ...command.split(' '))).code).toBe(0);
    expect(await examine()).toMatchObject({ state: 'ok' });
    expect(await account.subscriptions()).toHaveLength(1);
  });

  it('was made anew by somebody else: the old secret isn’t taken for its own', async () => {
    const account = await startAccount();
    const directory = prepare();
    await setUp(directory, account);
    const [ours] = await account.subscriptions();
    await account.call('DELETE', `webhook-subscriptions/${ours?.id}`);
    account.simulator.subscribe({ targetUrl: TARGET });
    expect(await setUp(directory, account)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--recreate'),
    });
  });
});
