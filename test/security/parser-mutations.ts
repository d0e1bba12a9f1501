import { readdirSync, readFileSync } from 'node:fs';
import type { Seeded } from '../helpers/seed.ts';

const FOLDER = new URL('../fixtures/linq/webhooks/', import.meta.url);
const FIXTURES: readonly unknown[] = ['2025-01-01', '2026-02-03'].flatMap((version) =>
  readdirSync(new URL(version, FOLDER)).map((file) =>
    JSON.parse(readFileSync(new URL(`${version}/${file}`, FOLDER), 'utf8')),
  ),
);
const EVENT_TYPES = [...new Set(FIXTURES.map((one) => (one as { event_type: string }).event_type))];

/** Deeper than any stack bears; a quarter of a million bytes. */
const DEEPEST = 100_000;
const MEBIBYTE = 1024 * 1024;

/** A mutated payload, and what can be told of its fate without reading it as the service does. */
export interface Mutated {
  readonly raw: Buffer;
  /** Must be put aside: it is no JSON, or pollutes, or is too deep. */
  readonly isUnreadable: boolean;
}

const POLLUTING = [
  '"__proto__":{"polluted":true}',
  '"__proto__":null',
  '"\\u005f_proto__":{"polluted":true}',
  '"constructor":{"prototype":{"polluted":true}}',
  '"constructor":{"\\u0070rototype":{"polluted":true}}',
];
const HARMLESS_KEYS = [
  '"constructor":1',
  '"prototype":{"a":1}',
  '"toString":null',
  '"hasOwnProperty":false',
  '"valueOf":{}',
  '"then":{}',
  '"":0',
  '"\\u0000":0',
  '"\\ud800":1',
];
const NUMBERS = [
  '9007199254740993',
  '-9007199254740993',
  '1e999',
  '-1e999',
  '1e-999',
  '-0',
  '0.1',
  `1${'0'.repeat(400)}`,
];
const STRINGS = [
  '""',
  '" "',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"a\\u0000b"',
  '"__proto__"',
  '"constructor"',
  '"+12025550100"',
  '"STOP"',
  '"OPTED_OUT"',
  '"outbound"',
  '"2026-11-03T16:20:04.902Z"',
  '"9999-12-31T23:59:59.999999999Z"',
  '"0000-01-01T00:00:00Z"',
  '"-271821-04-20T00:00:00Z"',
  '"\u202e\u200b\ufeff"',
  '"\\r\\nx: y"',
  `"${'x'.repeat(129)}"`,
];
const OTHERS = ['null', 'true', 'false', '[]', '{}', '[null]', '[[]]', '{"a":{"b":[{}]}}', '[1,2,3]'];
/** No JSON, wherever it stands. */
const BROKEN = [
  'NaN',
  'undefined',
  "'x'",
  '"\t"',
  '01',
  '+1',
  '.5',
  '1.',
  '0x10',
  '"\\x"',
  '/**/1',
  '[1,]',
  '{"a":1,}',
  '{a:1}',
  '"\u0001"',
];

/** Mutates all fixtures by JSON's own grammar, so that most cases get past the first look. */
export function createPayloadMaker(seeded: Seeded): () => Mutated {
  const make = createMutation(seeded);
  return () => {
    let made = make();
    while (made.raw.length > MEBIBYTE) made = make(); // two long values at once: refused for its size, unread
    return made;
  };
}

function createMutation({ between, pick, random }: Seeded): () => Mutated {
  const choose = (items: readonly string[]) => pick(items) ?? '';

  function nested(levels: number): string {
    const [open, close] = random() < 0.5 ? ['[', ']'] : ['{"a":', '}'];
    return `${open.repeat(levels)}${open === '[' ? '' : '1'}${close.repeat(levels)}`;
  }

  /** Text that takes a value's place; null: the value is left out. */
  function oddValue(): { text: string; isUnreadable: boolean } {
    const roll = between(0, 999);
    if (roll < 3) return { text: nested(DEEPEST), isUnreadable: true };
    if (roll < 5) return { text: `"${'x'.repeat(MEBIBYTE - 20_000)}"`, isUnreadable: false };
    if (roll < 60) {
      const levels = between(1, 200);
      // the fixtures' own levels come on top, so only beyond the limit is it certain
      return { text: nested(levels), isUnreadable: levels > 64 };
    }
    if (roll < 110) return { text: choose(BROKEN), isUnreadable: true };
    if (roll < 300) return { text: choose(NUMBERS), isUnreadable: false };
    if (roll < 400) return { text: JSON.stringify(choose(EVENT_TYPES)), isUnreadable: false };
    return { text: choose(roll < 750 ? STRINGS : OTHERS), isUnreadable: false };
  }

  /** Up to eight bytes put in somewhere, or over what stood there: mostly no JSON any more, but not always. */
  function garbled(raw: Buffer): Buffer {
    const at = between(0, raw.length - 1);
    const bytes = Buffer.from(Array.from({ length: between(1, 8) }, () => between(0, 255)));
    const rest = raw.subarray(random() < 0.5 ? at : Math.min(at + bytes.length, raw.length));
    return Buffer.concat([raw.subarray(0, at), bytes, rest]);
  }

  return () => {
    const fixture = pick(FIXTURES);
    let isUnreadable = false;
    const size = count(fixture);
    const targets = new Set(Array.from({ length: between(0, 3) }, () => between(1, size - 1)));
    const widened = random() < 0.3 ? between(0, size - 1) : -1;
    let index = -1;

    /** A key more in an object: one that pollutes, one that doesn't, or one that is there already. */
    function oddKey(keys: readonly string[]): string {
      const roll = between(0, 9);
      if (roll < 3) {
        isUnreadable = true;
        return choose(POLLUTING);
      }
      if (roll < 6) return choose(HARMLESS_KEYS);
      return `${JSON.stringify(choose(keys))}:${choose(OTHERS)}`;
    }

    function write(value: unknown): string {
      index++;
      const here = index;
      if (targets.has(here)) {
        const odd = oddValue();
        if (odd.isUnreadable) isUnreadable = true;
        index += count(value) - 1;
        return odd.text;
      }
      if (Array.isArray(value)) return `[${value.map(write).join()}]`;
      if (typeof value !== 'object' || value === null) return JSON.stringify(value);
      const members = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${write(inner)}`);
      if (here === widened) members.splice(between(0, members.length), 0, oddKey(Object.keys(value)));
      return `{${members.join()}}`;
    }

    const text = write(fixture);
    const raw = Buffer.from(text);
    const roll = between(0, 99);
    if (roll === 0) return { raw: raw.subarray(0, between(0, raw.length - 1)), isUnreadable: true };
    if (roll === 1) return { raw: Buffer.concat([raw, Buffer.from('}')]), isUnreadable: true };
    if (roll === 2) return { raw: Buffer.concat([Buffer.of(0xff, 0xfe), raw]), isUnreadable: true };
    if (roll < 6) return { raw: garbled(raw), isUnreadable: false }; // it may have hit the very reason
    return { raw, isUnreadable };
  };
}

/** How many values a tree holds, itself included. */
function count(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, inner) => sum + count(inner), 1);
}
