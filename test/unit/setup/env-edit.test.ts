import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEnvFile } from '../../../src/config/sources.ts';
import {
  editEnvFile,
  findSecretOwner,
  noteSecretOwner,
  UnwritableSetting,
} from '../../../src/setup/env-edit.ts';

/** Lines that say nothing of `PORT`, each whole. */
const otherLine = fc.oneof(
  fc.constantFrom(
    '',
    '   ',
    '# note',
    '# PORT is below',
    "# it's",
    '#PORTS=1',
    'export HOST = "::" # here',
    'PORTS=1',
  ),
  fc.constantFrom(
    'a broken line',
    'PORT: 8080',
    '=',
    'XPORT=1',
    "HOST='::'",
    "TEXT='two\nlines'",
    'A="x\n\n# y"',
  ),
  fc.stringMatching(/^[A-Z]{1,3}X=[\w+/=:. -]{0,20}$/),
);
const ownLine = fc.constantFrom('PORT=1', 'export PORT = 2', "  PORT='3' # x", "PORT='4\n5'", 'PORT=');
const lineBreaks = fc.constantFrom('\n', '\r\n');
/** What any setting of ours may hold, and more. */
const value = fc.stringMatching(/^[\x21-\x7e]{1,40}$/).filter((text) => !/['"`]/.test(text));

const isOwn = (line: string) => /^\s*(export\s+)?PORT\s*=/.test(line);

describe('editing a settings file', () => {
  it('keeps every other line byte for byte, in its order, and says what was wanted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(otherLine, ownLine)),
        lineBreaks,
        fc.boolean(),
        value,
        (lines, br, isOpen, port) => {
          const whole = lines.map((line) => line.replaceAll('\n', br));
          const text = whole.join(br) + (isOpen || whole.length === 0 ? '' : br);
          const edited = editEnvFile(text, [{ name: 'PORT', value: port }]);
          const others = whole.filter((line) => !isOwn(line));
          const kept = edited
            .split(/(?<=\n)/)
            .filter((line) => !isOwn(line))
            .join('');
          expect(kept.replaceAll(br, '\n').trimEnd()).toBe(others.join('\n').replaceAll(br, '\n').trimEnd());
          for (const line of others) expect(edited).toContain(line);
          expect(parseEnvFile(edited).variables.PORT).toBe(port);
          expect(edited.split(/(?<=\n)/).filter(isOwn)).toHaveLength(1);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('changes nothing more the second time', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(otherLine, ownLine)), lineBreaks, value, (lines, br, port) => {
        const once = editEnvFile(lines.join('\n').replaceAll('\n', br), [{ name: 'PORT', value: port }]);
        expect(editEnvFile(once, [{ name: 'PORT', value: port }])).toBe(once);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes a setting out without a trace of it, and with nothing else', () => {
    const text = '# a\nPORT=1\nHOST=::\nexport PORT="2\n3" # x\n# b\n';
    expect(editEnvFile(text, [{ name: 'PORT', value: null }])).toBe('# a\nHOST=::\n# b\n');
  });

  it('puts a setting where it was, the last of several, and below its commented-out line otherwise', () => {
    expect(editEnvFile('PORT=1\nA=2\nPORT=3\nB=4\n', [{ name: 'PORT', value: '5' }])).toBe(
      'A=2\nPORT=5\nB=4\n',
    );
    const example = '# Port.\n# PORT=8080\n\n# HOST=::\n';
    expect(editEnvFile(example, [{ name: 'PORT', value: '5' }])).toBe(
      '# Port.\n# PORT=8080\nPORT=5\n\n# HOST=::\n',
    );
    expect(editEnvFile('A=1', [{ name: 'PORT', value: '5' }])).toBe('A=1\nPORT=5\n');
    expect(editEnvFile('', [{ name: 'PORT', value: '5' }])).toBe('PORT=5\n');
  });

  it('leaves a byte order mark in front', () => {
    expect(editEnvFile('\uFEFFPORT=1\n', [{ name: 'PORT', value: '5' }])).toBe('\uFEFFPORT=5\n');
    expect(editEnvFile('\uFEFF', [{ name: 'PORT', value: '5' }])).toBe('\uFEFFPORT=5\n');
  });

  it('drops what else means the same', () => {
    const aliases = ['OLD_PORT', 'PORT_FILE'];
    expect(editEnvFile('OLD_PORT=1\nPORT_FILE=/a\nA=1\n', [{ name: 'PORT', value: '5', aliases }])).toBe(
      'PORT=5\nA=1\n',
    );
  });

  it.each([
    ['a#b', `PORT='a#b'`],
    [`a#'b`, `PORT="a#'b"`],
    ['a b', 'PORT=a b'],
    [' a', `PORT=' a'`],
    ["'a'", `PORT="'a'"`],
  ])('quotes %s only as far as it has to', (text, line) => {
    expect(editEnvFile('', [{ name: 'PORT', value: text }])).toBe(`${line}\n`);
  });

  it.each(['a\nb', 'a\r', `#'"\``])('refuses %j, which no quoting carries', (text) => {
    expect(() => editEnvFile('A=1\n', [{ name: 'PORT', value: text }])).toThrow(UnwritableSetting);
  });
});

const SECRET = 'whsec_aPlbNKJRU8iekHIyc5UGk0UIguq5T5BiwFG57aAXRlA=';
const OTHER = 'whsec_bPlbNKJRU8iekHIyc5UGk0UIguq5T5BiwFG57aAXRlA=';

it('names the subscription of a secret, and of no other', () => {
  const text = noteSecretOwner(`A=1\nLINQ_WEBHOOK_SECRET=${SECRET}\n`, SECRET, '4a63ca45');
  expect(text).toMatch(/^A=1\n# LINQ_WEBHOOK_SECRET: .*4a63ca45\.\nLINQ_WEBHOOK_SECRET=whsec_/);
  expect(findSecretOwner(text, SECRET)).toBe('4a63ca45');
  expect(findSecretOwner(text, OTHER)).toBeNull();
  expect(findSecretOwner('A=1\n', SECRET)).toBeNull();
});

it('is replaced by the next one, in its place', () => {
  const first = noteSecretOwner('A=1\r\nLINQ_WEBHOOK_SECRET=x\r\nB=2\r\n', SECRET, 's1');
  const second = noteSecretOwner(first, OTHER, 's2');
  expect(second.split('\r\n')).toHaveLength(first.split('\r\n').length);
  expect([findSecretOwner(second, SECRET), findSecretOwner(second, OTHER)]).toEqual([null, 's2']);
});

it('goes to the end where the secret is kept elsewhere', () => {
  expect(noteSecretOwner('A=1', SECRET, 's1')).toMatch(/^A=1\n# .*\.\n$/);
});

it('changes no setting, and tells nothing of the secret', () => {
  const line = fc.constantFrom(
    'A=1',
    '# LINQ_WEBHOOK_SECRET=',
    '',
    'LINQ_WEBHOOK_SECRET=a',
    "B='x\ny'",
    ' #',
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = lines.join('\n');
      const noted = noteSecretOwner(text, SECRET, 's1');
      expect(parseEnvFile(noted)).toMatchObject({ variables: parseEnvFile(text).variables });
      expect(noted).not.toContain(SECRET.slice(6, 14));
    }),
  );
});

it.each(['', 'a b', 'a\nNODE_OPTIONS=--require=x.js', 'a\r', 'a\u0085b', 'a\u2028b'])(
  'isn’t written for %j, which could break out of its line',
  (id) => {
    expect(() => noteSecretOwner('LINQ_WEBHOOK_SECRET=x\n', SECRET, id)).toThrow(TypeError);
  },
);
