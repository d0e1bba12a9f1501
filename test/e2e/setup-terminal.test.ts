import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorkDir } from '../helpers/process.ts';
import { PUBLIC_URL as ADDRESS, readEnv, SECRET, TARGET } from '../helpers/setting-up.ts';
import { ACCOUNT_KEY, startAccount } from '../helpers/simulated-account.ts';
import { runInTerminal } from '../helpers/terminal.ts';

const LINES = ['+12025550100', '+12025550101'];
const SETUP = ['setup', '--no-check'];
const KEY = { after: 'API key (hidden): ', type: `${ACCOUNT_KEY}\r` };
const PUBLIC_URL = { after: 'Public URL: ', type: `${ADDRESS}\r` };

/** Colours and bold; a prompt moves the cursor with other sequences. */
const SGR = '\u001b[';
const isColoured = (output: string) =>
  output.split(SGR).some((part, index) => index > 0 && /^[0-9;]+m/.test(part));

async function startTwoLines() {
  const account = await startAccount();
  account.simulator.addLine('+12025550101', { card: 'none' });
  return account;
}

describe('whoever sets up at a terminal', () => {
  it('is asked for everything, again where an answer is wrong, and never sees the key', async () => {
    const { settings, subscriptions, call } = await startTwoLines();
    const directory = createWorkDir();
    const wrong = 'linq-key-that-is-wrong';
    const { code, output, lines } = await runInTerminal(
      directory,
      SETUP,
      [
        { after: 'API key (hidden): ', type: `Bearer ${ACCOUNT_KEY}\r` },
        { after: 'API key (hidden): ', type: `${wrong}\r` },
        KEY,
        { after: 'Enter for all: ', type: '3\r' },
        { after: 'Enter for all: ', type: '2\r' },
        { after: 'Create a card for +1•••••0101? [y/N] ', type: 'perhaps\r' },
        { after: 'Create a card for +1•••••0101? [y/N] ', type: 'y\r' },
        { after: 'First name on the card: ', type: '\r' },
        { after: 'First name on the card: ', type: 'Harbor\r' },
        { after: 'Last name (Enter: none): ', type: 'Bakery\r' },
        { after: 'Image address (Enter: none): ', type: 'http://example.com/a.jpg\r' },
        { after: 'Image address (Enter: none): ', type: '\r' },
        { after: 'Public URL: ', type: 'http://cards.example.com\r' },
        { after: 'Public URL: ', type: 'https://u:p@cards.example.com\r' },
        { after: 'Public URL: ', type: 'cards.example.com/\r' },
      ],
      { env: settings },
    );
    expect(code).toBe(0);
    for (const secret of [ACCOUNT_KEY, wrong, 'whsec_', ...LINES]) expect(output).not.toContain(secret);
    expect(isColoured(output)).toBe(true);
    expect(lines).toContain('  ✓ Linq will deliver to https://cards.example.com/webhooks/linq.');
    const { LINQ_WEBHOOK_SECRET, STATUS_TOKEN, ...rest } = readEnv(directory);
    expect(LINQ_WEBHOOK_SECRET).toMatch(/^whsec_/);
    expect(STATUS_TOKEN).toMatch(/^[\w-]{43}$/);
    expect(rest).toEqual({
      LINQ_API_BASE_URL: settings.LINQ_API_BASE_URL,
      LINQ_API_KEY: ACCOUNT_KEY,
      LINQ_LINES: '+12025550101',
      PUBLIC_URL: 'https://cards.example.com',
    });
    expect(statSync(join(directory, '.env')).mode & 0o777).toBe(0o600);
    expect(await subscriptions()).toHaveLength(1);
    expect(await call('GET', 'contact_card?phone_number=%2B12025550101')).toMatchObject({
      contact_cards: [{ first_name: 'Harbor', last_name: 'Bakery', is_active: true }],
    });
  });

  it('can read it on a narrow terminal, and without colours', async () => {
    const { settings } = await startTwoLines();
    const steps = [
      KEY,
      { after: 'Enter for all: ', type: '\r' },
      { after: '[y/N] ', type: '\r' },
      PUBLIC_URL,
    ];
    const env = { ...settings, NO_COLOR: '1' };
    const { code, output, lines } = await runInTerminal(createWorkDir(), SETUP, steps, { columns: 40, env });
    expect(code).toBe(0);
    expect(isColoured(output)).toBe(false);
    const tooLong = lines.filter((line) => [...line].length > 40 && !/https?:|npx |_/.test(line));
    expect(tooLong).toEqual([]);
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain(
      'No contact card, so nothing can be shared: +1•••••0101.',
    );
  });

  it('sees the token and the lines when they ask for it', async () => {
    const { settings } = await startAccount();
    const directory = createWorkDir();
    const args = [...SETUP, '--show-token', '--show-numbers'];
    const { lines } = await runInTerminal(directory, args, [KEY, PUBLIC_URL], { env: settings });
    expect(lines.map((line) => line.trim())).toContain(readEnv(directory).STATUS_TOKEN);
    expect(lines.join('\n')).toContain('+12025550100');
  });

  it('changes nothing by declining to replace a subscription whose secret they don’t have', async () => {
    const { settings, simulator, subscriptions } = await startAccount();
    simulator.subscribe({ targetUrl: TARGET });
    const before = await subscriptions();
    const directory = createWorkDir();
    const steps = [KEY, PUBLIC_URL, { after: '(hidden): ', type: '\r' }, { after: '[y/N] ', type: '\r' }];
    const { code, lines } = await runInTerminal(directory, SETUP, steps, { env: settings });
    expect(code).toBe(1);
    expect(lines.join('\n')).toContain('Nothing was changed.');
    expect(existsSync(join(directory, '.env'))).toBe(false);
    expect(await subscriptions()).toEqual(before);
  });

  it('keeps a subscription by handing in its secret, which isn’t shown', async () => {
    const { settings, simulator, subscriptions } = await startAccount();
    simulator.subscribe({ targetUrl: TARGET, signingSecret: SECRET });
    const before = await subscriptions();
    const directory = createWorkDir();
    const kept = { after: 'if you kept it (hidden): ', type: `${SECRET}\r` };
    const steps = [KEY, PUBLIC_URL, { ...kept, type: 'nonsense\r' }, kept];
    const { code, output } = await runInTerminal(directory, SETUP, steps, { env: settings });
    expect([code, readEnv(directory).LINQ_WEBHOOK_SECRET]).toEqual([0, SECRET]);
    expect(output).not.toContain('whsec_a');
    expect(await subscriptions()).toEqual(before);
  });

  it('replaces a subscription by agreeing to it', async () => {
    const { settings, simulator, subscriptions } = await startAccount();
    const old = simulator.subscribe({ targetUrl: TARGET });
    const directory = createWorkDir();
    const steps = [KEY, PUBLIC_URL, { after: '(hidden): ', type: '\r' }, { after: '[y/N] ', type: 'y\r' }];
    const { code } = await runInTerminal(directory, SETUP, steps, { env: settings });
    expect(code).toBe(0);
    const [left, ...more] = await subscriptions();
    expect([left?.target_url, more]).toEqual([`${TARGET}&n=2`, []]);
    expect(left?.id).not.toBe(old.subscriptionId);
  });
});

describe('whoever stops at a terminal', () => {
  const SIGINT = 2;

  it.each([
    ['Ctrl-C', '\u0003', { code: null, signal: SIGINT }],
    ['Ctrl-D', '\u0004', { code: 1, signal: null }],
  ])('with %s at a question leaves nothing behind', async (_, type, end) => {
    const { settings, subscriptions } = await startAccount();
    const directory = createWorkDir();
    const steps = [KEY, { after: 'Public URL: ', type }];
    expect(await runInTerminal(directory, SETUP, steps, { env: settings })).toMatchObject(end);
    expect(existsSync(join(directory, '.env'))).toBe(false);
    expect(await subscriptions()).toEqual([]);
  });

  it('while the subscription is created still has its secret saved', async () => {
    const { settings, simulator, subscriptions } = await startAccount();
    simulator.fail({ route: 'webhook_subscriptions', method: 'POST', latencyMs: 1_500 });
    const directory = createWorkDir();
    const steps = [KEY, PUBLIC_URL, { after: 'mode 0600', type: '\u0003' }];
    const { signal, output } = await runInTerminal(directory, SETUP, steps, { env: settings });
    expect(output).toContain('One moment');
    expect(signal).toBe(SIGINT);
    expect(await subscriptions()).toHaveLength(1);
    expect(readEnv(directory).LINQ_WEBHOOK_SECRET).toMatch(/^whsec_/);
  });
});

it('a settings file that is there is read, and needs no answers', async () => {
  const { settings } = await startAccount();
  const directory = createWorkDir();
  writeFileSync(join(directory, '.env'), `LINQ_API_KEY=${ACCOUNT_KEY}\nPUBLIC_URL=${ADDRESS}\n`);
  expect(await runInTerminal(directory, SETUP, [], { env: settings })).toMatchObject({ code: 0 });
});
