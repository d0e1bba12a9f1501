import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { errorOf, load, mistakesIn, NEEDED } from './loading.ts';

/** One wrong setting of each sort, and what is to be told of it. */
const MANY_MISTAKES = {
  LINQ_API_KEY: 'Bearer abc',
  LINQ_LINES: '2025550100',
  PORT: '80800',
  TRUST_PROXY: '1',
  DATABASE_URL: 'postgres://user:hunter2@db,db2/reactor',
  SHARE_WINDOW: '3s',
  RESHARE_POLICY: 'never',
  CARD_TTL: '10',
  LOG_LEVEL: 'loud',
} as const;

describe('mistakes', () => {
  it('are all in one report, each on a line of its own, the missing ones too', () => {
    const { message, mistakes, code } = errorOf(MANY_MISTAKES);
    const names = [...Object.keys(MANY_MISTAKES), 'LINQ_WEBHOOK_SECRET'];
    expect(mistakes.map((mistake) => mistake.split(':')[0]).toSorted()).toEqual(names.toSorted());
    const [head, ...lines] = message.split('\n');
    expect(head).toBe(`${names.length} settings are wrong:`);
    expect(lines.map((line) => line.trim())).toEqual(mistakes);
    expect(code).toBe('REACTOR_CONFIG');
  });

  it('are counted in words when there is one', () => {
    expect(errorOf({ ...NEEDED, PORT: 'x' }).message.split('\n')).toEqual([
      'One setting is wrong:',
      '  PORT: expected a port from 0 to 65535 (got x), for example PORT=8080',
    ]);
  });

  it('come with the warnings, which may explain them', () => {
    const { message, warnings } = errorOf({ ...NEEDED, LINQ_API_KEY: '', LINQ_API_KEYS: 'abc' });
    expect(warnings).toEqual(['LINQ_API_KEYS isn’t a setting: did you mean LINQ_API_KEY?']);
    expect(message).toContain(`\nwarning: ${warnings[0]}`);
  });
});

describe('an error about settings', () => {
  it('is its own only mistake when it names no others', () => {
    const error = new ConfigError('The file is gone.');
    expect(error.mistakes).toEqual(['The file is gone.']);
    expect(error.warnings).toEqual([]);
  });
});

describe('where a value comes from', () => {
  it('is the environment before the .env file', () => {
    expect(load({ PORT: '1' }, { envFile: { PORT: '2' } }).server.port).toBe(1);
    expect(load({}, { envFile: { PORT: '2' } }).server.port).toBe(2);
  });

  it('is the environment alone: a wrong value there isn’t mended by the file', () => {
    expect(mistakesIn({ PORT: 'x' }, { envFile: { PORT: '2' } })).toHaveLength(1);
    expect(load({ PORT: '1' }, { envFile: { PORT: 'x' } }).server.port).toBe(1);
  });

  it.each(['', ' ', '\t\n'])('counts %j as unset, in both places', (blank) => {
    expect(load({ PORT: blank }).server.port).toBe(8080);
    expect(load({ PORT: blank }, { envFile: { PORT: '2' } }).server.port).toBe(2);
    expect(load({}, { envFile: { PORT: blank } }).server.port).toBe(8080);
    expect(mistakesIn({ LINQ_API_KEY: blank })[0]).toContain('LINQ_API_KEY: expected');
  });

  it('is trimmed, in both places', () => {
    expect(load({ LINQ_API_KEY: ' abc\n' }).linq.apiKey).toBe('abc');
    expect(load({}, { envFile: { HOST: ' localhost\t' } }).server.host).toBe('localhost');
  });
});

describe('the log’s format', () => {
  it.each([
    [undefined, true, 'pretty'],
    [undefined, false, 'json'],
    ['json', true, 'json'],
    ['pretty', false, 'pretty'],
  ])('LOG_FORMAT=%s with a terminal: %s → %s', (LOG_FORMAT, isTerminal, expected) => {
    expect(load({ LOG_FORMAT }, { isTerminal }).log.format).toBe(expected);
  });
});

describe('the result', () => {
  it('can’t be changed, however deep', () => {
    const config = load({ LINQ_LINES: '+12025550100', TRUST_PROXY: 'loopback' });
    expect(openPartsOf(config)).toEqual([]);
    const { lines } = config.policy;
    expect(() => (lines as Set<string>).add('+12025550101')).toThrow(TypeError);
    expect(() => (lines as Set<string>).delete('+12025550100')).toThrow(TypeError);
    expect(() => (lines as Set<string>).clear()).toThrow(TypeError);
    expect([...(lines ?? [])]).toEqual(['+12025550100']);
  });

  it('leaves the defaults as they were for the next reader', () => {
    expect(load({ TRUST_PROXY: 'loopback' })).toEqual(load({ TRUST_PROXY: 'loopback' }));
  });
});

/** Paths of the objects in it that aren't frozen. */
function openPartsOf(value: unknown, path = 'config'): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([name, part]) => openPartsOf(part, `${path}.${name}`));
  return Object.isFrozen(value) ? inner : [path, ...inner];
}
