import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SETTING_NOTES } from '../../../docs/generate/settings-notes.ts';
import { parseEnvFile } from '../../../src/config/env-file.ts';
import { ALL_SETTINGS } from '../../../src/config/settings.ts';
import { load, loadBare, NEEDED } from './loading.ts';

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

describe('.env.example', () => {
  const example = read('.env.example');

  it('asks for what is required and changes nothing else', () => {
    const variables = { LINQ_API_KEY: '', LINQ_WEBHOOK_SECRET: '' };
    expect(parseEnvFile(example)).toEqual({ variables, brokenLines: [], cutLines: [], isBinary: false });
  });

  it('says what is in force already: taking every line in leads to the defaults', () => {
    const { variables: all } = parseEnvFile(example.replaceAll(/^# (?=[A-Z_]+=)/gm, ''));
    expect(Object.keys(all)).toHaveLength(ALL_SETTINGS.length);
    const { config, warnings } = loadBare(NEEDED, { envFile: all });
    expect(config).toEqual(load());
    expect(warnings).toEqual([]);
  });
});

describe('the README’s table of settings', () => {
  /** [variable, default] pairs; a row may hold several, comma-separated in both cells. */
  const rows = [...read('README.md').matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \| ([^|]+) \|/gm)].flatMap(
    ([, names = '', defaults = '']) => {
      const values = defaults.split(',').map((text) => text.trim());
      return names.split(', ').map((name, index) => [name.replaceAll('`', ''), values[index] ?? ''] as const);
    },
  );

  /** As the table words a default that isn't a value. */
  const IN_WORDS: Readonly<Record<string, string>> = {
    LINQ_API_KEY: 'required',
    LINQ_WEBHOOK_SECRET: 'required',
    HTTPS_PROXY: 'none',
    HTTP_PROXY: 'none',
    NO_PROXY: 'none',
    LINQ_LINES: 'all',
    STATUS_TOKEN: 'none',
    METRICS_TOKEN: 'none',
    PUBLIC_URL: 'none',
    ALERT_WEBHOOK_URL: 'none',
    LOG_FORMAT: '`json`',
  };

  it('has exactly the settings that there are, with their defaults', () => {
    const expected = ALL_SETTINGS.map(({ name, fallback }) => [
      name,
      fallback === null ? IN_WORDS[name] : `\`${fallback}\``,
    ]);
    expect(rows.toSorted()).toEqual(expected.toSorted());
  });
});

describe('the notes of docs/settings.md', () => {
  it('are on settings that there are', () => {
    const names = ALL_SETTINGS.map(({ name }) => name);
    expect(Object.keys(SETTING_NOTES).filter((name) => !names.includes(name))).toEqual([]);
  });
});
