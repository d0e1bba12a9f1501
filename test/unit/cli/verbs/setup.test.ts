import { describe, expect, it } from 'vitest';
import { parseChoice, parseUrl } from '../../../../src/cli/verbs/setup-account.ts';
import { run } from '../terminal.ts';

const LINES = ['+12025550100', '+12025550101', '+12025550102'];

describe('the lines that somebody chooses', () => {
  it.each<[string, readonly string[] | null]>([
    ['', null],
    [' All ', null],
    ['2', [LINES[1] ?? '']],
    ['3, 1', [LINES[2] ?? '', LINES[0] ?? '']],
    ['1 2', LINES.slice(0, 2)],
    ['+12025550101,+12025550101', [LINES[1] ?? '']],
    ['+1•••••0101, +12025550100', [LINES[1] ?? '', LINES[0] ?? '']],
  ])('%j', (text, chosen) => {
    expect(parseChoice(text, LINES)).toEqual(chosen);
  });

  it.each(['0', '4', '+12025550199', 'one', '12025550100', '+1•••••0199', '1;2'])('%j are none', (text) => {
    expect(parseChoice(text, LINES)).toEqual(expect.any(String));
  });
});

describe('the public URL', () => {
  it.each([
    ['https://cards.example.com', 'https://cards.example.com/webhooks/linq'],
    [' cards.example.com/ ', 'https://cards.example.com/webhooks/linq'],
    ['cards.example.com:8443/a', 'https://cards.example.com:8443/a/webhooks/linq'],
    ['https://cards.example.com/webhooks/linq/', 'https://cards.example.com/webhooks/linq'],
    ['http://localhost:8080', 'http://localhost:8080/webhooks/linq'],
  ])('%s leads to %s', (text, webhookUrl) => {
    expect(parseUrl(text)).toBe(webhookUrl);
  });

  it.each([
    '',
    'cards',
    'http://cards.example.com',
    'ftp://a.example',
    'https://u:p@a.example',
    'https://a.example/?b',
  ])('can’t be %j', (text) => {
    expect(parseUrl(text)).toEqual({ wrong: expect.stringContaining('https://') });
  });
});

describe('setup', () => {
  it('takes no key on the command line, where others could read it', async () => {
    expect(await run('setup --api-key abc')).toMatchObject({ code: 2, out: '' });
    expect((await run('setup --help')).out).toContain('--api-key-file');
  });

  it('without a terminal and a key ends with 2 before anything is asked of Linq', async () => {
    const { code, err } = await run('setup');
    expect([code, err]).toEqual([2, expect.stringContaining('--api-key-file')]);
  });
});
