import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, parseJson } from '../../../src/webhook/parse.ts';

const parse = (text: string | Buffer) => parseJson(Buffer.from(text));
const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
const PAYLOAD = expect.objectContaining({ code: 'REACTOR_PAYLOAD' });

describe('parseJson', () => {
  it('reads an object, a byte order mark aside', () => {
    expect(parse('{"a":[1,"\u{1F600}"]}')).toEqual({ a: [1, '\u{1F600}'] });
    expect(parse('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it.each(['', '{', '{"a":1}}', 'null', '[]', '"text"', '1', '{a:1}', "{'a':1}", '{"a":1,}', '\u0000'])(
    'refuses %j',
    (text) => {
      expect(() => parse(text)).toThrow(PAYLOAD);
    },
  );

  it('refuses bytes that are no UTF-8', () => {
    expect(() => parse(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow(/UTF-8/);
    expect(() =>
      parse(Buffer.from([...Buffer.from('{"a":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')])),
    ).toThrow(/UTF-8/);
  });

  it.each([
    '{"__proto__":{"polluted":1}}',
    '{"a":[{"__proto__":null}]}',
    '{"\\u005f_proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
  ])('refuses %s and leaves the prototype alone', (text) => {
    expect(() => parse(text)).toThrow(PAYLOAD);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('takes these names as values', () => {
    expect(parse('{"a":"__proto__","b":"constructor"}')).toEqual({ a: '__proto__', b: 'constructor' });
  });

  it(`reads ${MAX_DEPTH} levels and refuses one more`, () => {
    expect(parse(nested(MAX_DEPTH))).toHaveProperty('a');
    expect(() => parse(nested(MAX_DEPTH + 1))).toThrow(/nested deeper/);
  });

  it.each([1_000, 100_000, 500_000])('refuses %d levels without harm', (levels) => {
    expect(() => parse(nested(levels))).toThrow(/nested deeper/);
    expect(() => parse(`{"a":${'['.repeat(levels)}`)).toThrow(/nested deeper/);
  });

  it('counts depth, not brackets: wide objects and brackets inside strings are fine', () => {
    expect(parse(`{"a":[${Array(1000).fill('[]').join()}]}`)).toHaveProperty('a');
    expect(parse(JSON.stringify({ a: '[{'.repeat(1000) }))).toHaveProperty('a');
    expect(parse(JSON.stringify({ a: '\\"[{"\\'.repeat(1000) }))).toHaveProperty('a');
  });

  it('never quotes the body in its complaint', () => {
    const complaint = () => {
      try {
        parse('{"text":"secret words", oops}');
      } catch (error) {
        return String(error);
      }
      return 'accepted';
    };
    expect(complaint()).toMatch(/^PayloadError: body/);
    expect(complaint()).not.toMatch(/secret|oops/);
  });
});
