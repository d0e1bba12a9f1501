import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { deliver, message2026, post, sign } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { readOverview } from '../helpers/status.ts';

const MIB = 1024 * 1024;
const CANARY = 'canary-4711';
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const eventWith = (data: unknown) => JSON.stringify({ ...message2026(), data });

/** Authentic, but nothing that this version can read. */
const UNREADABLE: Readonly<Record<string, string | Buffer>> = {
  'an empty body': '',
  'text that is no JSON': `${CANARY} {`,
  'a list': '[]',
  'a number': '42',
  null: 'null',
  'bytes that are no UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  'no event_type': JSON.stringify({ data: {}, text: CANARY }),
  'an event_type that is no word': JSON.stringify({ event_type: 'a b', data: {} }),
  'sixty-five levels': `{"event_type":"message.sent","data":${nested(64)}}`,
  'half a million levels': nested(MIB / 2),
  'a __proto__ key': '{"event_type":"message.sent","__proto__":{"isAdmin":true}}',
  'a message without data': JSON.stringify({ event_type: 'message.sent', event_id: 'x' }),
  'a message without chat': eventWith({ direction: 'outbound', parts: [] }),
  'a chat id that is a number': eventWith({ chat: { id: 7 }, direction: 'outbound', parts: [] }),
  'a chat id of 129 characters': JSON.stringify(message2026({ chatId: 'x'.repeat(129) })),
  'a chat id that turns the text around it': JSON.stringify(message2026({ chatId: `${CANARY}\u202e\u2028` })),
  'no time at all': JSON.stringify(message2026()).replaceAll(
    /"(sent|created)_at":"2026/g,
    '"$1_at":"tomorrow',
  ),
};

describe('an authentic delivery that cannot be read', () => {
  it('is answered 202 and put aside, sealed; no fact comes of it', async () => {
    const { reactor, directory } = await startRig();
    await deliver(reactor.url, message2026({ isOutbound: false }));
    const { quarantine: none, ...before } = dumpRows(directory);
    expect(none).toEqual([]);

    const statuses: Record<string, number> = {};
    for (const [name, body] of Object.entries(UNREADABLE)) {
      statuses[name] = (await post(reactor.url, body, sign(body, { at: Date.now() }))).status;
    }

    expect(statuses).toEqual(Object.fromEntries(Object.keys(UNREADABLE).map((name) => [name, 202])));
    const { quarantine = [], ...after } = dumpRows(directory);
    expect(after).toEqual(before);
    expect(quarantine).toHaveLength(Object.keys(UNREADABLE).length);
    for (const row of quarantine as readonly { cause: string; sealed: Buffer }[]) {
      expect(row.cause).not.toBe('');
      expect(row.cause).not.toContain(CANARY);
      expect(row.sealed.includes(CANARY)).toBe(false);
    }
    expect(reactor.output()).not.toContain(CANARY);
    const { webhooks, problems } = await readOverview(reactor.url);
    expect(webhooks).toMatchObject({ accepted: 1, quarantined: quarantine.length });
    expect(problems.map(({ code }) => code)).toContain('unreadable_deliveries');
  });
});

const BODY = JSON.stringify(message2026());
const LARGE = Buffer.alloc(MIB + 1, 0x20);

interface Unfit {
  readonly name: string;
  readonly body: string | Buffer | Readable;
  readonly headers: Record<string, string>;
  readonly status: 413 | 415;
  readonly says: RegExp;
}

const unfit = (): readonly Unfit[] => {
  const good = sign(BODY, { at: Date.now() });
  const { 'content-type': _, ...untyped } = good;
  const typed = (type: string) => ({ ...good, 'content-type': type });
  const gzipped = gzipSync(BODY);
  return [
    ...['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip'].map((encoding) => ({
      name: `content-encoding ${encoding}`,
      body: gzipped,
      headers: { ...sign(gzipped, { at: Date.now() }), 'content-encoding': encoding },
      status: 415 as const,
      says: /without a Content-Encoding/,
    })),
    ...['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'json'].map((type) => ({
      name: `content-type ${type}`,
      body: BODY,
      headers: typed(type),
      status: 415 as const,
      says: /Send application\/json/,
    })),
    { name: 'no content-type', body: BODY, headers: untyped, status: 415, says: /Send application\/json/ },
    {
      name: 'one byte over 1 MiB',
      body: LARGE,
      headers: sign(LARGE, { at: Date.now() }),
      status: 413,
      says: /1048576 bytes/,
    },
    {
      name: 'one byte over 1 MiB, its length not told',
      body: Readable.from([LARGE.subarray(0, MIB), LARGE.subarray(MIB)]),
      headers: sign(LARGE, { at: Date.now() }),
      status: 413,
      says: /1048576 bytes/,
    },
  ];
};

describe('a body that is not taken', () => {
  it('is refused by size, type or encoding, told what to do, and nothing of it is stored', async () => {
    const { reactor, directory } = await startRig();
    await deliver(reactor.url, message2026({ isOutbound: false }));
    const before = dumpRows(directory);

    for (const { name, body, headers, status, says } of unfit()) {
      const answer = await post(reactor.url, body, headers);
      expect({ name, status: answer.status, message: JSON.parse(answer.body).message }).toEqual({
        name,
        status,
        message: expect.stringMatching(says),
      });
    }

    expect(dumpRows(directory)).toEqual(before);
    expect((await readOverview(reactor.url)).webhooks.rejected).toMatchObject({ size: 2, type: 10 });
  });

  it('1 MiB and parameters of the content type are still taken', async () => {
    const { reactor } = await startRig();
    const event = JSON.stringify(message2026({ isOutbound: false }));
    const padded = event.padEnd(MIB, ' ');
    const headers = sign(padded, { at: Date.now() });
    const typed = { ...headers, 'content-type': 'Application/JSON; charset=utf-8' };

    expect((await post(reactor.url, padded, typed)).status).toBe(204);
  });
});
