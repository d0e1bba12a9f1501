import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoopback, isSameToken, parseCredentials } from '../../../src/http/access.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('parseCredentials', () => {
  it('reads a bearer token, whatever the letter case of the scheme', () => {
    expect(parseCredentials('Bearer abc')).toEqual({ scheme: 'bearer', token: 'abc' });
    expect(parseCredentials('bEARER  abc')).toEqual({ scheme: 'bearer', token: 'abc' });
  });

  it('reads the password of Basic, which may hold colons, under any user name', () => {
    expect(parseCredentials(basic('anyone:a:b'))).toEqual({ scheme: 'basic', token: 'a:b' });
    expect(parseCredentials(basic(':abc'))).toEqual({ scheme: 'basic', token: 'abc' });
  });

  it.each(['', 'Bearer', 'Bearer ', 'Bearer a b', 'Digest abc', 'abc', basic('no colon')])(
    'reads nothing from "%s"',
    (header) => {
      expect(parseCredentials(header)).toBeNull();
    },
  );
});

describe('isSameToken', () => {
  it('is true exactly for equal texts, whatever their lengths', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(isSameToken(a, b)).toBe(a === b);
        expect(isSameToken(a, a)).toBe(true);
      }),
    );
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'])(
    'takes %s',
    (address) => {
      expect(isLoopback(address)).toBe(true);
    },
  );

  it.each(['128.0.0.1', '10.0.0.1', '::2', '::ffff:10.0.0.1', '127.evil.example', '127.0.0.1.evil', ''])(
    'refuses "%s"',
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );
});
