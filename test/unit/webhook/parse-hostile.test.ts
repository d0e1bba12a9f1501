import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PayloadError } from '../../../src/errors.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import type { Tree } from './parsing.ts';

const folder = new URL('../../fixtures/linq/webhooks/', import.meta.url);
const fixtures = ['2025-01-01', '2026-02-03'].flatMap((version) =>
  readdirSync(new URL(version, folder)).map((file) =>
    readFileSync(new URL(`${version}/${file}`, folder), 'utf8'),
  ),
);

function classify(raw: Buffer): string {
  try {
    return parseDelivery(raw).kind;
  } catch (error) {
    if (error instanceof PayloadError) return 'unreadable';
    throw error;
  }
}

// random payloads are for `security/parser-fuzz`
describe('parseDelivery, given anything that carries a valid signature', () => {
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
