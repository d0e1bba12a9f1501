import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { parseEnvFile } from '../../../src/config/sources.ts';
import { ConfigError } from '../../../src/errors.ts';

const SOUND = { cutLines: [], isBinary: false };
const name = fc.constantFrom('PORT', 'DRY_RUN', 'LINQ_API_KEY', 'other.name', 'x-y', '_z');
/** Values without quotes, comments and line breaks: what they mean is beyond doubt. */
const plain = fc.stringMatching(/^[\w+/=:. -]{0,20}$/);
const assignment = fc
  .oneof(
    fc.tuple(name, plain).map(([n, value]) => [`${n}=${value}`, n, value.trim()]),
    fc.tuple(name, plain).map(([n, value]) => [`export ${n} = ${value}`, n, value.trim()]),
    fc
      .tuple(name, plain)
      .map(([n, value]) => [`  export\t${n} = "${value} # none"  # a comment`, n, `${value} # none`]),
    fc
      .tuple(name, plain, plain)
      .map(([n, a, b]) => [`${n}='${a}\nnot a line\n=\n${b}'`, n, `${a}\nnot a line\n=\n${b}`]),
  )
  .map(([text = '', means = '', value = '']) => ({ text, kind: 'assignment', means, value }));
const silent = fc
  .constantFrom('', '   ', '# PORT 1', '  # =', '  # note', "# it's")
  .map((text) => ({ text, kind: 'silent' }));
const broken = fc
  .constantFrom('PORT', 'PORT 8080', 'PORT: 8080', '=', ' = 8080', 'DRY RUN=true', '1=2', '"', '- x')
  .map((text) => ({ text, kind: 'broken' }));

describe('a line of the .env file that is no assignment', () => {
  it('is told by its number, and costs no other line its value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(assignment, silent, broken)),
        fc.constantFrom('\n', '\r\n'),
        (parts, lineBreak) => {
          const joined = parts.map(({ text }) => text).join('\n');
          let line = 1;
          const brokenLines: number[] = [];
          for (const { text, kind } of parts) {
            if (kind === 'broken') brokenLines.push(line);
            line += text.split('\n').length;
          }
          const variables = Object.fromEntries(
            parts.flatMap((part) => ('means' in part ? [[part.means, part.value]] : [])),
          );
          expect(parseEnvFile(joined.replaceAll('\n', lineBreak))).toEqual({
            variables,
            brokenLines,
            ...SOUND,
          });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('is a mistake beside all others', () => {
    const envFileMistakes = ['.env, line 3: expected NAME=value'];
    const sources = { env: { LINQ_API_KEY: 'abc' }, envFile: {}, envFileMistakes, readFile: () => '' };
    const load = () => loadConfig(sources, false);
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/^2 settings are wrong:\n {2}\.env, line 3.*\n {2}LINQ_WEBHOOK_SECRET: expected/);
  });
});

describe('a .env file', () => {
  it('is read the same with a byte order mark', () => {
    expect(parseEnvFile('\uFEFFPORT=1\nHOST=::')).toEqual({
      variables: { PORT: '1', HOST: '::' },
      brokenLines: [],
      ...SOUND,
    });
  });

  it('takes a quote that is never closed for a part of its line’s value', () => {
    const { variables, brokenLines } = parseEnvFile('A="x\nPORT=1\nnonsense\nHOST=::');
    expect(variables).toEqual({ A: '"x', PORT: '1', HOST: '::' });
    expect(brokenLines).toEqual([3]);
  });

  it.each(['A= ', 'A=\t', 'export A =  ', 'A= \r'])(
    'takes nothing from the line below for an empty value: %j',
    (line) => {
      expect(parseEnvFile(`${line}\nPORT=1`)).toEqual({
        variables: { A: '', PORT: '1' },
        brokenLines: [],
        ...SOUND,
      });
    },
  );

  it('that is empty says nothing', () => {
    expect(parseEnvFile('')).toEqual({ variables: {}, brokenLines: [], ...SOUND });
  });

  it.each([
    ['A="x', '"x'],
    ["A='x # y", "'x"],
    ['A=x"', 'x"'],
    ["A=''x''", ''],
    ['A="x\\ny"', 'x\ny'],
    ["A='x\\ny'", 'x\\ny'],
    ['A=`x"y\'z`', 'x"y\'z'],
    ['A=x="y"', 'x="y"'],
    ['A= x # y', 'x'],
    ['A=x # y # z', 'x'],
  ])('reads %j as the same value on every version of Node.js', (line, value) => {
    expect(parseEnvFile(`${line}\nB=1`).variables).toEqual({ A: value, B: '1' });
  });

  it('lets an open quote swallow no other setting, while text in quotes may go on over lines', () => {
    const { variables } = parseEnvFile('STATUS_TOKEN="x\nPORT="1"\nOTHER="{\n  a = b\n}"\nHOST=::');
    expect(variables).toEqual({ STATUS_TOKEN: '"x', PORT: '1', OTHER: '{\n  a = b\n}', HOST: '::' });
    const pem = '-----BEGIN KEY-----\nMIIE0\nABC=\n-----END KEY-----';
    expect(parseEnvFile(`KEY="${pem}"`).variables).toEqual({ KEY: pem });
  });

  it.each([
    ['A=x#y', 'x'],
    ['A=#y', ''],
    ['A="x"y', 'x'],
    ["A='x' y # z", 'x'],
    ['A=x#y # z', 'x'],
  ])('tells of %j that only a part of it is the value', (line, value) => {
    expect(parseEnvFile(`B=1\n${line}`)).toMatchObject({
      variables: { A: value, B: '1' },
      cutLines: [{ line: 2, name: 'A' }],
    });
  });

  it.each(['A=x', 'A=x #y', 'A= #y', 'A="x#y"', "A='x'#y", 'A="x" # y', 'A=', '# A=x#y'])(
    'is silent of %j',
    (line) => {
      expect(parseEnvFile(line).cutLines).toEqual([]);
    },
  );

  it.each(['utf16le', 'utf16be with a mark'])(
    'in %s is told as that, and nothing of it is believed',
    (form) => {
      const bytes = Buffer.from(`${form === 'utf16le' ? '' : '\uFEFF'}PORT=1\nHOST=::\n`, 'utf16le');
      const text = (form === 'utf16le' ? bytes : bytes.swap16()).toString('utf8');
      expect(parseEnvFile(text)).toEqual({ variables: {}, brokenLines: [], cutLines: [], isBinary: true });
    },
  );
});
