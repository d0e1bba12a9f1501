import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { isSameToken } from '../../src/http/access.ts';
import { createVerifier } from '../../src/webhook/verify.ts';
import { OTHER_SECRET, SECRET, sign } from '../helpers/deliver.ts';

const NOW = Date.UTC(2026, 10, 3, 16);
const BODY = Buffer.from('{}');

// what imports it by name sees the spy as well, whenever it was loaded
const compared = vi.spyOn(crypto, 'timingSafeEqual');
syncBuiltinESMExports();
afterAll(() => {
  compared.mockRestore();
  syncBuiltinESMExports();
});

beforeEach(() => void compared.mockClear());

// A comparison of 32 bytes takes nanoseconds, far below what a test could measure: what is held to is the means.

it('compares every signature with every secret in constant time, though the first pair matches', () => {
  const verify = createVerifier({
    secrets: [SECRET, OTHER_SECRET],
    toleranceMs: 300_000,
    acceptLegacySignatures: false,
  });
  const headers = sign(BODY, { at: NOW });
  const wrong = `v1,${Buffer.alloc(32, 7).toString('base64')}`;
  headers['webhook-signature'] += ` ${wrong} ${wrong}`;
  expect(verify(BODY, headers, Object.entries(headers).flat(), NOW).secretIndex).toBe(0);
  expect(compared).toHaveBeenCalledTimes(6);
});

it('compares tokens in constant time, by digests of one length whatever theirs are', () => {
  expect(
    ['', 'a', 'the token', 'the tokeN', 'the token and more'].map((it) => isSameToken(it, 'the token')),
  ).toEqual([false, false, true, false, false]);
  const lengths = compared.mock.calls.flat().map(({ byteLength }) => byteLength);
  expect(lengths).toEqual(Array(10).fill(32));
});
