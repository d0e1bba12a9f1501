import { describe, expect, it } from 'vitest';
import { csvCell, parseChatQuery, unknownParameter } from '../../../../src/status/api/chat-routes.ts';
import { LINE, OTHER_LINE } from '../../../helpers/builders.ts';

const KNOWN = [LINE, OTHER_LINE];
const parse = (query: object) => parseChatQuery({ limit: 50, ...query }, KNOWN);

describe('parseChatQuery', () => {
  it('filters by nothing unless asked to', () => {
    expect(parse({})).toEqual({ filter: { state: null, reason: null, lines: null }, cursor: null });
  });

  it('combines everything it is given', () => {
    expect(parse({ state: 'held', reason: 'paused', line: LINE, cursor: '7' })).toEqual({
      filter: { state: 'held', reason: 'paused', lines: [LINE] },
      cursor: '7',
    });
  });

  it('reads a plus sign that arrived as a space', () => {
    expect(parse({ line: ' 12025550100' })).toMatchObject({ filter: { lines: [LINE] } });
  });

  it('finds no line for a number that is well formed but not known', () => {
    expect(parse({ line: '+12025550199' })).toMatchObject({ filter: { lines: [] } });
    expect(parse({ line: '+1•••••0199' })).toMatchObject({ filter: { lines: [] } });
  });

  it.each(['', '12025550100', '+1 202 555 0100', 'all', '+1***0100'])('refuses the line "%s"', (line) => {
    expect(parse({ line })).toEqual({ wrong: expect.stringContaining('"line" must be') });
  });

  it.each(['', '0', '-1', '1e3', 'abc'])('refuses the cursor "%s"', (cursor) => {
    expect(parse({ cursor })).toEqual({ wrong: '"cursor" must be the nextCursor of the previous page.' });
  });
});

describe('csvCell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1•••••0100', "'+1•••••0100"],
    ['-', "'-"],
    ['@x', "'@x"],
    ['＝1+1', "'＝1+1"],
    ['\tx', "'\tx"],
    ['a=b', 'a=b'],
    ['a "b", c', '"a ""b"", c"'],
    ['=a,b', '"\'=a,b"'],
    [null, ''],
    [7, '7'],
    [false, 'false'],
  ])('writes %j as %j', (value, expected) => {
    expect(csvCell(value)).toBe(expected);
  });
});

describe('unknownParameter', () => {
  it('names a misspelt parameter and those that are allowed', () => {
    expect(unknownParameter({ stat: 'due' })).toBe(
      'Unknown parameter "stat"; allowed are state, reason, line, limit, cursor, prefix, sort, order.',
    );
  });

  it('lets every parameter of the route pass', () => {
    expect(
      unknownParameter({ state: 'due', reason: 'window', line: '', limit: '1', cursor: '1' }),
    ).toBeNull();
  });
});
