import { describe, expect, it } from 'vitest';
import { ALL_SETTINGS } from '../../../../src/config/settings.ts';
import { SECRET } from '../../../helpers/deliver.ts';
import { run } from '../terminal.ts';

const API_KEY = 'the-key-of-this-test';
const env = { LINQ_API_KEY: API_KEY, LINQ_WEBHOOK_SECRET: SECRET };

describe('config check', () => {
  it('says that all is fine, with what is odd', async () => {
    const { code, out, err } = await run('config check', { env: { ...env, LINQ_LINE: '3' } });
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(
      'warning: LINQ_LINE isn’t a setting: did you mean LINQ_LINES?\nAll settings are valid.\n',
    );
  });

  it('reports all mistakes on standard error and ends with 3', async () => {
    const { code, out, err } = await run('config check', {
      env: { PORT: 'x', CARD_TTL: '1', LINQ_LINE: 'x' },
    });
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/^4 settings are wrong:\n/);
    for (const name of ['LINQ_API_KEY', 'LINQ_WEBHOOK_SECRET', 'PORT', 'CARD_TTL'])
      expect(err).toContain(`\n  ${name}: expected `);
    expect(err).toContain('\nwarning: LINQ_LINE isn’t a setting: did you mean LINQ_LINES?\n');
  });

  it('--json says that all is fine, with what is odd', async () => {
    const { code, out, err } = await run('config check --json', { env: { ...env, LINQ_LINE: '3' } });
    expect([code, err]).toEqual([0, '']);
    const warnings = ['LINQ_LINE isn’t a setting: did you mean LINQ_LINES?'];
    expect(JSON.parse(out)).toEqual({ ok: true, mistakes: [], warnings });
  });

  it('--json lists all mistakes on standard output and ends with 3', async () => {
    const given = { env: { ...env, PORT: 'x', CARD_TTL: '1', LINQ_LINE: '3' } };
    const { code, out, err } = await run('config check --json', given);
    expect([code, err]).toEqual([3, '']);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      mistakes: [
        'PORT: expected a port from 0 to 65535 (got x), for example PORT=8080',
        expect.stringMatching(/^CARD_TTL: expected .* for example CARD_TTL=10m$/),
      ],
      warnings: ['LINQ_LINE isn’t a setting: did you mean LINQ_LINES?'],
    });
  });

  it('--json takes a settings file that can’t be read for a mistake', async () => {
    const { code, out } = await run('--env-file /none config check --json', { env });
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      mistakes: [expect.stringContaining('/none can’t be read')],
    });
  });

  it('reads the .env file, or the one that is named, behind the verb as well', async () => {
    const files = {
      '.env': `LINQ_API_KEY=abc\nLINQ_WEBHOOK_SECRET=${SECRET}\n`,
      '/other': 'LINQ_API_KEY=abc\n',
    };
    expect((await run('config check', { files })).code).toBe(0);
    expect((await run('--env-file /other config check', { files })).code).toBe(3);
    expect((await run('config check --env-file=/other', { files })).code).toBe(3);
  });
});

describe('config show', () => {
  const given = {
    env: { ...env, PORT: '9000', LINQ_LINES: '+12025550100', STATUS_TOKEN_FILE: '/token' },
    files: { '.env': 'CARD_TTL=1m', '/token': '0123456789abcdef' },
  };

  it('prints each setting with its value and origin, and no secret', async () => {
    const { code, out, err } = await run('config show', given);
    expect([code, err]).toEqual([0, '']);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(ALL_SETTINGS.length);
    const squeezed = lines.map((line) => line.replace(/ +/g, ' '));
    expect(squeezed).toEqual(
      expect.arrayContaining([
        'LINQ_API_KEY set (20 characters) (environment)',
        'LINQ_LINES +1•••••0100 (environment)',
        'PORT 9000 (environment)',
        'CARD_TTL 1m (.env)',
        'STATUS_TOKEN set (16 characters) (STATUS_TOKEN_FILE)',
        'SHARE_WINDOW 24h (default)',
        'METRICS_TOKEN – (unset)',
      ]),
    );
    expect(out).not.toContain(API_KEY);
    expect(out).not.toContain(SECRET);
  });

  it('--json prints the same for machines', async () => {
    const { code, out } = await run('config show --json', given);
    expect(code).toBe(0);
    const shown: unknown[] = JSON.parse(out);
    expect(shown).toHaveLength(ALL_SETTINGS.length);
    expect(shown).toContainEqual({ name: 'PORT', value: '9000', origin: 'environment' });
    expect(shown).toContainEqual({ name: 'METRICS_TOKEN', value: null, origin: 'unset' });
  });

  it('works with mistakes: they are what one looks for', async () => {
    const { code, out } = await run('config show', { env: { PORT: 'x', LINQ_API_KEY_FILE: '/none' } });
    expect(code).toBe(0);
    expect(out).toMatch(/^PORT +x +\(environment\)$/m);
    expect(out).toMatch(/^LINQ_API_KEY +– +\(mistake\)$/m);
  });
});

it('config alone prints its usage and ends with 2', async () => {
  const { code, err } = await run('config');
  expect(code).toBe(2);
  expect(err).toContain('Usage: contact-card-reactor config');
});
