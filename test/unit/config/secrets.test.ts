import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { showSettings } from '../../../src/config/load.ts';
import { ALL_SETTINGS } from '../../../src/config/settings.ts';
import type { Variables } from '../../../src/config/sources.ts';
import { errorOf, type Given, sourcesOf } from './loading.ts';

/** Long enough that a piece of it doesn't appear in a report by chance. */
const PIECE = 8;

/** What keys and tokens look like. They are digests, as generated texts now and then hold what any report holds. */
const textOf = (minLength: number) =>
  fc
    .tuple(fc.nat(), fc.integer({ min: minLength, max: 64 }), fc.constantFrom('hex', 'base64url', 'uuid'))
    .map(([seed, length, form]) => {
      const digest = createHash('sha512').update(`${seed}`);
      if (form === 'base64url') return digest.digest(form).slice(0, length);
      const hex = digest.digest('hex');
      return form === 'hex' ? hex.slice(0, length) : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, UUID);
    });
const UUID = '$1-$2-$3-$4-$5';
const secret = textOf(16);
/** What is too short for a token, but a secret all the same. */
const shortSecret = textOf(PIECE);

const inItsPlace = (text: string) => [
  text,
  `Bearer ${text}`,
  `${text} ${text}`,
  `${text}é`,
  `whsec_${text}`,
  `whsec_${text}====`,
  `,${text},nonsense`,
  `"${text}"`,
  `'${text}`,
  `${text}\n${text}`,
  Buffer.from(`\uFEFF${text}`, 'utf16le').toString('utf8'),
];

const SECRET_NAMES = ALL_SETTINGS.filter(({ isSecret }) => isSecret).flatMap(({ name, aliases }) => [
  name,
  ...aliases,
]);
const OTHER_NAMES = ALL_SETTINGS.filter(({ isSecret }) => !isSecret).flatMap(({ name, aliases }) => [
  name,
  ...aliases,
]);

/** Slips that carry a secret into a setting which is none. */
const SLIPS: readonly (readonly [name: string, write: (text: string) => string])[] = [
  ...OTHER_NAMES.flatMap(
    (name) =>
      [
        [name, (text: string) => text],
        [name, (text: string) => `whsec_${text}`],
        [name, (text: string) => `Bearer ${text}`],
      ] as const,
  ),
  ['DATABASE_URL', (text) => `postgres://user:${text}@host/db`],
  ['DATABASE_URL', (text) => `file://user:${text}@host/db`],
  ['DATABASE_URL', (text) => `file:reactor.db?key=${text}`],
  ['LINQ_API_BASE_URL', (text) => `https://user:${text}@example.com`],
  ['LINQ_API_BASE_URL', (text) => `https://${text}@example.com`],
  ['LINQ_API_BASE_URL', (text) => `https://example.com/?key=${text}`],
  ['LINQ_API_BASE_URL', (text) => `https://example.com/#${text}`],
  ['LINQ_LINES', (text) => `+12025550100,${text}`],
  ['TRUST_PROXY', (text) => `10.0.0.0/8,${text}`],
];

/** Everything that is told of these settings: by the error, however it is printed, and by `config show`. */
function toldOf(env: Variables, given: Given = {}): string {
  // a sure mistake, so that there is a report whatever became of the secret
  const error = errorOf({ ...env, SHARE_CONCURRENCY: env.SHARE_CONCURRENCY ?? 'none' }, given);
  const shown = showSettings(sourcesOf(env, given));
  const { message, cause } = error;
  return [message, inspect({ ...error, cause }, { depth: null }), JSON.stringify([error, shown])].join('\n');
}

function expectUntold(text: string, told: string): void {
  for (let at = 0; at + PIECE <= text.length; at++) {
    const piece = text.slice(at, at + PIECE);
    if (told.includes(piece)) expect.fail(`"${piece}" of the secret is in the report:\n${told}`);
  }
}

it('no report holds a piece of a secret, right or wrong, from wherever it was read', () => {
  const places = fc.constantFrom('environment', '.env', 'file');
  fc.assert(
    fc.property(
      fc.constantFrom(...SECRET_NAMES),
      fc.oneof(secret, shortSecret),
      fc.nat(10),
      places,
      (name, text, form, place) => {
        const value = inItsPlace(text)[form] ?? text;
        if (place === 'environment') expectUntold(text, toldOf({ [name]: value }));
        else if (place === '.env') expectUntold(text, toldOf({}, { envFile: { [name]: value } }));
        else expectUntold(text, toldOf({ [`${name}_FILE`]: '/s' }, { files: { '/s': value } }));
      },
    ),
    { numRuns: 1_000 },
  );
});

it('no report holds a piece of a secret that was given in place of its file’s path', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SECRET_NAMES), secret, (name, text) => {
      expectUntold(text, toldOf({ [`${name}_FILE`]: text }));
    }),
  );
});

it('no report holds a piece of a secret that differs from its alias or its file', () => {
  fc.assert(
    fc.property(secret, secret, (one, other) => {
      const told = [
        toldOf({ LINQ_API_KEY: one, LINQ_API_V3_API_KEY: other }),
        toldOf({ LINQ_API_KEY: one, LINQ_API_KEY_FILE: '/s' }, { files: { '/s': other } }),
      ].join('\n');
      expectUntold(one, told);
      expectUntold(other, told);
    }),
  );
});

it('no report holds a piece of a key or token that was given to a setting which is no secret', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SLIPS), secret, ([name, write], text) => {
      expectUntold(text, toldOf({ [name]: write(text) }));
    }),
    { numRuns: 2_000 },
  );
});
