import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEnvFile } from '../../../src/config/sources.ts';
import { editEnvFile, UnwritableSetting } from '../../../src/setup/env-edit.ts';

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
