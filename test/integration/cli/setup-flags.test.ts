import { describe, expect, it } from 'vitest';
import { NOTHING, prepare, readEnv, setUp } from '../../helpers/setting-up.ts';
import { ACCOUNT_KEY, startAccount } from '../../helpers/simulated-account.ts';
import { runVerbHere } from '../../helpers/verb-here.ts';

describe('without a terminal', () => {
  it.each([
    ['the key', '', [], '--api-key-file'],
    ['the public PUBLIC_URL', `LINQ_API_KEY=${ACCOUNT_KEY}\n`, [], '--public-url'],
    [
      'the name on a card',
      `LINQ_API_KEY=${ACCOUNT_KEY}\n`,
      ['--create-card', '+12025550100'],
      '--first-name',
    ],
  ])('%s that is missing ends with 2 and names its flag', async (_, text, args, flag) => {
    const account = await startAccount();
    const { code, stderr } = await setUp(prepare(text), account, ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(flag)]);
  });

  it.each([
    ['--public-url', 'http://cards.example.com'],
    ['--public-url', 'https://cards.example.com/?key=secret-word'],
    ['--lines', '+12025550199'],
    ['--first-name', 'Ann'],
    ['--create-card', '+12025550199'],
    ['--create-card', '+1•••••0199'],
  ])('%s %s is refused with 2, and nothing is repeated of it', async (flag, value) => {
    const account = await startAccount();
    const name = flag === '--create-card' ? ['--first-name', 'Ann'] : [];
    const { code, stderr } = await setUp(prepare(), account, flag, value, ...name);
    expect([code, stderr]).toEqual([2, expect.stringContaining(flag)]);
    expect(stderr).not.toContain('secret-word');
    expect(await account.subscriptions()).toEqual([]);
  });

  it('the token isn’t shown, even if it is asked for', async () => {
    const account = await startAccount();
    const directory = prepare();
    const args = ['setup', '--no-check', '--show-token'];
    const { code, stdout } = await runVerbHere(directory, args, { ...NOTHING, ...account.settings });
    expect([code, stdout]).toEqual([0, expect.stringContaining('isn’t shown here')]);
    expect(stdout).not.toContain(readEnv(directory).STATUS_TOKEN);
  });
});

describe('cards', () => {
  const CARD = ['--create-card', '+12025550101', '--first-name', 'Harbor'];

  async function startWithout() {
    const account = await startAccount();
    account.simulator.addLine('+12025550101', { card: 'none' });
    return account;
  }

  it('that are missing are reported, with what to do', async () => {
    const { report } = await setUp(prepare(), await startWithout());
    expect(report?.findings).toMatchObject([
      { code: 'card_missing', remedy: expect.stringContaining('--create-card') },
    ]);
  });

  it('are created where that is asked for, and not twice', async () => {
    const account = await startWithout();
    const directory = prepare();
    expect((await setUp(directory, account, ...CARD)).report?.findings).toEqual([]);
    expect(await account.call('GET', 'contact_card?phone_number=%2B12025550101')).toMatchObject({
      contact_cards: [{ first_name: 'Harbor', is_active: true }],
    });
    expect(await setUp(directory, account, ...CARD)).toMatchObject({ code: 0 });
  });

  it('are created for a line that is named as it is shown', async () => {
    const account = await startWithout();
    const named = ['--lines', '+1•••••0101', '--create-card', '+1•••••0101', '--first-name', 'Harbor'];
    const directory = prepare();
    expect(await setUp(directory, account, ...named)).toMatchObject({ code: 0, report: { findings: [] } });
    expect(readEnv(directory).LINQ_LINES).toBe('+12025550101');
    expect(await account.call('GET', 'contact_card?phone_number=%2B12025550101')).toMatchObject({
      contact_cards: [{ first_name: 'Harbor', is_active: true }],
    });
  });

  it('are created for a line on which nothing is to be shared yet', async () => {
    const account = await startWithout();
    const { code, report } = await setUp(prepare(), account, '--lines', '1', ...CARD);
    expect([code, report?.findings]).toEqual([0, []]);
    expect(await account.call('GET', 'contact_card?phone_number=%2B12025550101')).toMatchObject({
      contact_cards: [{ first_name: 'Harbor', is_active: true }],
    });
  });

  it('are created for none of several lines that are shown alike', async () => {
    const account = await startWithout();
    account.simulator.addLine('+13105550101', { card: 'none' });
    for (const flag of ['--lines', '--create-card']) {
      const args = [flag, '+1•••••0101', ...(flag === '--lines' ? [] : ['--first-name', 'Harbor'])];
      const { code, stderr } = await setUp(prepare(), account, ...args);
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining(`${flag}: several lines match: +12•••••0101, +13•••••0101`),
      ]);
    }
  });

  it('are not tried a second time when Linq limits it, which would only extend the limit', async () => {
    const account = await startWithout();
    account.simulator.fail({ route: 'contact_card', method: 'POST', code: 4004, times: 1 });
    const { code, report } = await setUp(prepare(), account, ...CARD);
    const error = { code: 'REACTOR_SETUP', message: expect.stringContaining('Wait 10 minutes') };
    expect([code, report?.error]).toEqual([1, error]);
  });

  it('that Linq has not put on the line yet are told of', async () => {
    const account = await startWithout();
    account.simulator.behave({ newCard: 'inactive' });
    expect((await setUp(prepare(), account, ...CARD)).report?.findings).toMatchObject([
      { code: 'card_inactive' },
    ]);
  });
});
