import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIRST_IMESSAGE_AT } from '../../../src/decide/time.ts';
import { PayloadError } from '../../../src/errors.ts';
import { type ParsedDelivery, parseDelivery } from '../../../src/webhook/parse.ts';
import type { Tree } from './parsing.ts';

const RUNS = Number(process.env.PARSE_RUNS ?? 20_000);
const folder = new URL('../../fixtures/linq/webhooks/', import.meta.url);
const fixtures = ['2025-01-01', '2026-02-03'].flatMap((version) =>
  readdirSync(new URL(version, folder)).map((file) =>
    readFileSync(new URL(`${version}/${file}`, folder), 'utf8'),
  ),
);
const eventTypes = [...new Set(fixtures.map((text) => String(JSON.parse(text).event_type)))];

const prototypeKeys = () => Reflect.ownKeys(Object.prototype).map(String).sort().join();
let before = '';
beforeAll(() => {
  before = prototypeKeys();
});
afterAll(() => expect(prototypeKeys()).toBe(before));

/** Every path in a JSON tree, to place a mutation anywhere. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaceAt(tree: unknown, path: readonly string[], change: (old: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof tree !== 'object' || tree === null) return change(tree);
  const copy = (Array.isArray(tree) ? [...tree] : { ...tree }) as Tree;
  const next = replaceAt(copy[key], rest, change);
  if (next === REMOVED) delete copy[key];
  else copy[key] = next;
  return copy;
}

const REMOVED = Symbol('removed');

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    2 ** 53 + 2,
    Number.MAX_VALUE,
    '',
    ' ',
    '..',
    REMOVED,
    [],
    {},
    [[]],
    [null],
  ),
  fc.constantFrom(
    '2026-11-03T16:20:04.902Z',
    '2026-02-30T00:00:00Z',
    '9999-12-31T23:59:59-23:59',
    '1969-12-31T23:59:59Z',
    '2011-10-11T23:59:59.999Z',
  ),
  fc.constantFrom(
    'outbound',
    'inbound',
    'STOP',
    'OPTED_OUT',
    'iMessage',
    '\ud800',
    'a\u0000b',
    'a\u2028b',
    '__proto__',
    'x'.repeat(200),
  ),
  fc.constantFrom(...eventTypes),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.jsonValue({ maxDepth: 3 }),
);

const mutated = fc
  .tuple(fc.constantFrom(...fixtures), fc.array(fc.tuple(fc.nat(), oddValue), { minLength: 1, maxLength: 4 }))
  .map(([text, mutations]) =>
    mutations.reduce((tree: unknown, [where, value]) => {
      const paths = pathsOf(tree);
      return replaceAt(tree, paths[where % paths.length] ?? [], () => value);
    }, JSON.parse(text)),
  )
  .filter((tree) => tree !== REMOVED);

/** Bytes flipped, cut, doubled or inserted: mostly no JSON any more. */
const garbled = fc
  .tuple(fc.constantFrom(...fixtures), fc.nat(), fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 8 }))
  .map(([text, where, how, bytes]) => {
    const raw = Buffer.from(text);
    const at = where % raw.length;
    const [head, tail] = [raw.subarray(0, at), raw.subarray(at)];
    if (how === 0) return Buffer.concat([head, bytes, tail.subarray(bytes.length)]);
    if (how === 1) return Buffer.concat([head, bytes, tail]);
    return how === 2 ? head : Buffer.concat([head, tail, tail]);
  });

/** Throws unless the outcome is one of the three, and sound. */
function classify(raw: Buffer): string {
  let parsed: ParsedDelivery;
  try {
    parsed = parseDelivery(raw);
  } catch (error) {
    if (error instanceof PayloadError) return 'unreadable';
    throw error;
  }
  if (parsed.kind === 'ignored') return parsed.kind;
  const { event } = parsed;
  const instants =
    event.kind !== 'chat'
      ? [event.kind === 'line' ? event.at : null]
      : [event.outbound?.at, event.inbound?.at, event.health?.at, event.leftAt, event.joinedAt];
  for (const at of instants) {
    if (at !== undefined && at !== null && !(Number.isSafeInteger(at) && at >= FIRST_IMESSAGE_AT))
      throw new Error(`instant ${at}`);
  }
  const id = event.kind === 'chat' ? event.chatId : event.line;
  if (id.length === 0 || [...id].length > 128 || /[\p{C}\p{Z}]/u.test(id)) throw new Error('id');
  return parsed.kind;
}

describe('parseDelivery, given anything that carries a valid signature', () => {
  it('classifies mutated payloads: an event, ignored, or unreadable', { timeout: 60_000 }, () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(mutated, (tree) => {
        const verdict = classify(Buffer.from(JSON.stringify(tree) ?? 'null'));
        seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
      }),
      { numRuns: RUNS },
    );
    // each verdict is reached, or the property shows nothing
    for (const verdict of ['event', 'ignored', 'unreadable'])
      expect(seen.get(verdict)).toBeGreaterThan(RUNS / 50);
  });

  it('classifies garbled bytes', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(garbled, (raw) => ['event', 'ignored', 'unreadable'].includes(classify(raw))),
      { numRuns: RUNS / 2 },
    );
  });

  it.each(['{"__proto__":{"polluted":true}', '{"constructor":{"prototype":{"polluted":true}}'])(
    'never pollutes the prototype: %s',
    (start) => {
      for (const text of fixtures)
        expect(classify(Buffer.from(text.replace(/^\{/, `${start},`)))).toBe('unreadable');
      expect(({} as Tree).polluted).toBeUndefined();
    },
  );

  it('takes the last of duplicate keys, as JSON.parse does', () => {
    for (const text of fixtures) {
      expect(parseDelivery(Buffer.from(text.replace(/^\{/, '{"event_type":5,"data":null,')))).toEqual(
        parseDelivery(Buffer.from(text)),
      );
    }
  });

  it('bears a text of 1 MiB', () => {
    const [text = ''] = fixtures.filter((fixture) => fixture.includes('"value": "STOP"'));
    expect(classify(Buffer.from(text.replace('"STOP"', JSON.stringify('[{'.repeat(500_000)))))).toBe('event');
  });
});
