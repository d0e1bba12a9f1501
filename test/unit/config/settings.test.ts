import fc from 'fast-check';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import type { Setting } from '../../../src/config/setting.ts';
import { ALL_SETTINGS } from '../../../src/config/settings.ts';
import { load, mistakesIn } from './loading.ts';
import { CASES } from './setting-cases.ts';

const cases = Object.entries(CASES);
const settingOf = (name: string): Setting<unknown> => {
  const setting = ALL_SETTINGS.find((candidate) => candidate.name === name);
  if (setting === undefined) throw new Error(`no setting ${name}`);
  return setting;
};

describe('every setting', () => {
  it('has its cases here', () => {
    expect(Object.keys(CASES).toSorted()).toEqual(ALL_SETTINGS.map(({ name }) => name).toSorted());
  });

  it.each(cases)('%s has its default when it is unset', (_name, { pick, fallback }) => {
    expect(pick(load())).toEqual(fallback);
  });

  it.each(
    cases.flatMap(([name, { pick, valid }]) => valid.map(([text, value]) => ({ name, text, value, pick }))),
  )('$name takes $text', ({ name, text, value, pick }) => {
    expect(pick(load({ [name]: text }))).toEqual(value);
  });

  it.each(cases.flatMap(([name, { invalid }]) => invalid.map(([text, says]) => ({ name, text, says }))))(
    '$name refuses $text and says why',
    ({ name, text, says }) => {
      const { kind, example } = settingOf(name);
      const [mistake = '', ...others] = mistakesIn({ [name]: text });
      expect(others).toEqual([]);
      expect(mistake).toContain(`${name}: expected ${kind.expects}`);
      expect(mistake).toContain(says);
      expect(mistake.endsWith(`, for example ${example}`)).toBe(true);
      expect(example.startsWith(`${name}=`)).toBe(true);
    },
  );

  it.each(ALL_SETTINGS)(
    '$name refuses a value with a quote on either end, wherever it is from',
    ({ name, isSecret, fallback, example }) => {
      const value = fallback ?? example.slice(name.length + 1);
      for (const text of [
        `"${value}"`,
        `'${value}'`,
        `\`${value}\``,
        `"${value}`,
        `${value}'`,
        `“${value}”`,
      ]) {
        const expected = [
          expect.stringMatching(new RegExp(`^${name}: .*begins or ends with a quote: remove it`)),
        ];
        expect(mistakesIn({ [name]: text })).toEqual(expected);
        expect(mistakesIn({ [name]: undefined }, { envFile: { [name]: text } })).toEqual(expected);
        if (!isSecret) continue;
        const inFile = { [name]: undefined, [`${name}_FILE`]: '/s' };
        expect(mistakesIn(inFile, { files: { '/s': `${text}\n` } })).toEqual(expected);
        expect(mistakesIn({ [name]: undefined, [`${name}_FILE`]: '"/s"' })).toEqual([
          expect.stringContaining(`${name}_FILE: it begins or ends with a quote`),
        ]);
      }
    },
  );

  it.each(ALL_SETTINGS.filter(({ isSecret }) => isSecret))(
    '$name is read from a file with a byte order mark and line ends, and refused in UTF-16',
    ({ name }) => {
      const [text = ''] = CASES[name]?.valid[0] ?? [];
      const from = (content: string) => ({ files: { '/s': content } });
      const env = { [name]: undefined, [`${name}_FILE`]: '/s' };
      expect(load(env, from(`\uFEFF${text}\r\n\n`))).toEqual(load({ [name]: text }));
      expect(mistakesIn(env, from(Buffer.from(`\uFEFF${text}`, 'utf16le').toString('utf8')))).toEqual([
        expect.stringContaining(`the file of ${name}_FILE: it isn’t UTF-8 text`),
      ]);
    },
  );

  it.each(ALL_SETTINGS.filter(({ isRequired }) => isRequired))('$name is required', ({ name, example }) => {
    const [mistake = '', ...others] = mistakesIn({ [name]: undefined });
    expect(others).toEqual([]);
    expect(mistake).toContain(`${name}: expected`);
    expect(mistake).toContain('(it is not set)');
    expect(mistake).toContain(example);
  });

  it('accepts its own default and, unless it is a secret, its own example', () => {
    for (const { name, kind, fallback, example, isSecret } of ALL_SETTINGS) {
      if (fallback !== null) expect(kind.parse(fallback), name).toHaveProperty('value');
      if (!isSecret) expect(kind.parse(example.slice(name.length + 1)), name).toHaveProperty('value');
    }
  });
});

describe('SHARE_WINDOW below 24h', () => {
  const short = { SHARE_WINDOW: '3s' };

  it.each([
    'http://localhost:4010',
    'http://127.0.0.1:4010/api/partner',
    'http://127.8.9.10:4010',
    'https://[::1]:4010',
  ])('is possible against %s', (LINQ_API_BASE_URL) => {
    expect(load({ ...short, LINQ_API_BASE_URL }).policy.windowMs).toBe(3_000);
  });

  it.each([undefined, 'https://api.linqapp.com/api/partner', 'https://localhost.example.com'])(
    'is refused against %s, with the reason',
    (LINQ_API_BASE_URL) => {
      const [mistake = '', ...others] = mistakesIn({ ...short, LINQ_API_BASE_URL });
      expect(others).toEqual([]);
      expect(mistake).toMatch(
        /^SHARE_WINDOW: expected .* ignores shares within 24 hours .*SHARE_WINDOW=24h$/,
      );
    },
  );

  it('is refused below a second even on loopback, and at 24h less a second elsewhere', () => {
    const LINQ_API_BASE_URL = 'http://localhost:4010';
    expect(mistakesIn({ SHARE_WINDOW: '0s', LINQ_API_BASE_URL })[0]).toContain('it is too short');
    expect(mistakesIn({ SHARE_WINDOW: '86399s' })).toHaveLength(1);
    expect(load({ SHARE_WINDOW: '86400s' }).policy.windowMs).toBe(86_400_000);
  });

  it('adds no second mistake when the address is wrong itself', () => {
    const mistakes = mistakesIn({ ...short, LINQ_API_BASE_URL: 'nowhere' });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain('LINQ_API_BASE_URL');
  });
});

describe('TRUST_PROXY', () => {
  it('passes on nothing that the HTTP server would refuse', () => {
    const prefixed = (address: fc.Arbitrary<string>, bits: number) =>
      fc.tuple(address, fc.integer({ min: -1, max: bits + 2 })).map(([ip, n]) => (n < 0 ? ip : `${ip}/${n}`));
    const entry = fc.oneof(prefixed(fc.ipV4(), 32), prefixed(fc.ipV6(), 128), fc.constant('loopback'));
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 3 }), (entries) => {
        const parsed = settingOf('TRUST_PROXY').kind.parse(entries.join(','));
        if ('wrong' in parsed) return;
        accepted++;
        const trustProxy = load({ TRUST_PROXY: entries.join(',') }).server.trustProxy;
        if (trustProxy === false) throw new Error('a list of proxies was taken for none');
        expect(() => fastify({ trustProxy: [...trustProxy] })).not.toThrow();
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
