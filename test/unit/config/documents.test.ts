import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SETTING_NOTES } from '../../../docs/generate/settings-notes.ts';
import { ALL_SETTINGS } from '../../../src/config/settings.ts';
import { parseEnvFile } from '../../../src/config/sources.ts';
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

/** `[variable, default]` of each row of a document's tables of settings, code marks left out. */
function defaultsIn(name: string): string[][] {
  const rows = read(name).matchAll(/^\| (?:\[(?=`))?`([A-Z_]+)`(?:\]\(#[a-z_]+\))? \| ([^|]+) \|/gm);
  return [...rows].map(([, variable = '', value = '']) => [variable, value.trim()]);
}

describe('the tables of docs/settings.md', () => {
  it('have exactly the settings that there are, in their order, with their defaults', () => {
    const expected = ALL_SETTINGS.map(({ name, fallback, isRequired }) => [
      name,
      isRequired ? 'required' : fallback === null ? 'unset' : `\`${fallback}\``,
    ]);
    expect(defaultsIn('docs/settings.md')).toEqual(expected);
  });
});

describe('the README’s table of settings', () => {
  /** As the table words a default that isn't a value. */
  const IN_WORDS: Readonly<Record<string, string>> = { LINQ_LINES: 'all', ALERT_WEBHOOK_URL: 'none' };
  const rows = defaultsIn('README.md');

  it('has what is required', () => {
    const required = ALL_SETTINGS.filter(({ isRequired }) => isRequired).map(({ name }) => [
      name,
      'required',
    ]);
    expect(required).toHaveLength(2);
    expect(rows.filter(([, value]) => value === 'required')).toEqual(required);
  });

  it('has settings that there are, with their defaults', () => {
    const defaults = Object.fromEntries(
      ALL_SETTINGS.map(({ name, fallback, isRequired }) => [
        name,
        isRequired ? 'required' : fallback === null ? IN_WORDS[name] : `\`${fallback}\``,
      ]),
    );
    expect(rows.length).toBeGreaterThan(4);
    expect(rows).toEqual(rows.map(([name = '']) => [name, defaults[name]]));
  });
});

describe('the notes of docs/settings.md', () => {
  it('are on settings that there are', () => {
    const names = ALL_SETTINGS.map(({ name }) => name);
    expect(Object.keys(SETTING_NOTES).filter((name) => !names.includes(name))).toEqual([]);
  });
});
