import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseEnvFile } from '../../../src/config/sources.ts';
import { findSecretOwner, noteSecretOwner } from '../../../src/setup/secret-note.ts';

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
