import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fixture, setUp } from './raw-client.ts';
import type { Respond } from './raw-server.ts';

const MIB = 1024 * 1024;

/** An answer whose body is of bytes. */
function bytes(status: number, body: Buffer, encoding: string): Respond {
  const head = `HTTP/1.1 ${status} x\r\ncontent-length: ${body.length}\r\ncontent-encoding: ${encoding}\r\n\r\n`;
  return (socket) => socket.write(Buffer.concat([Buffer.from(head), body]));
}

const ENCODED: readonly (readonly [string, (text: string) => Buffer])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['deflate, gzip', (text) => gzipSync(deflateSync(text))],
  ['identity', Buffer.from],
];
const REFUSAL = fixture('error-2012-404-contact-card-not-found.json');

describe.each(ENCODED)('an answer encoded as %s, which nobody asked for', (encoding, encode) => {
  it('is read when it refuses a share, brings a card, or lists', async () => {
    const refused = await setUp(bytes(404, encode(REFUSAL), encoding));
    expect(await refused.client.shareContactCard('c1')).toMatchObject({ httpStatus: 404, linqCode: 2012 });
    const card = await setUp(bytes(200, encode(fixture('contact_card.active.json')), encoding));
    expect(await card.client.contactCards(null)).toMatchObject({
      kind: 'cards',
      cards: [{ isActive: true }],
    });
    const list = await setUp(bytes(200, encode('{"phone_numbers":[]}'), encoding));
    expect(await list.client.lines()).toEqual({ kind: 'lines', lines: [] });
  });

  it('is read with a byte order mark in front', async () => {
    const { client } = await setUp(bytes(404, encode(`\uFEFF${REFUSAL}`), encoding));
    expect(await client.shareContactCard('c1')).toMatchObject({ linqCode: 2012, hasEnvelope: true });
  });
});

describe('an answer that unpacks to more than is read', () => {
  const bomb = (encode: (text: string) => Buffer, size: number) => encode(`{"x":"${'x'.repeat(size)}"}`);

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ] as const)('as %s is not read', async (encoding, encode) => {
    const body = bomb(encode, 48 * MIB);
    const refused = await setUp(bytes(404, body, encoding));
    const list = await setUp(bytes(200, body, encoding));
    expect(await refused.client.shareContactCard('c1')).toMatchObject({ httpStatus: 404, isJson: false });
    expect(await list.client.lines()).toMatchObject({ answer: { cause: 'unreadable' } });
  });

  it('is read up to the limit of its kind', async () => {
    const most = await setUp(bytes(404, bomb(gzipSync, 64 * 1024 - 8), 'gzip'));
    expect(await most.client.shareContactCard('c1')).toMatchObject({ isJson: true });
    const more = await setUp(bytes(404, bomb(gzipSync, 64 * 1024 - 7), 'gzip'));
    expect(await more.client.shareContactCard('c1')).toMatchObject({ isJson: false });
  });
});

it.each([
  ['is broken', Buffer.from('no gzip'), 'gzip'],
  ['is cut off', gzipSync(REFUSAL).subarray(0, 40), 'gzip'],
  ['is said, but wasn’t applied', Buffer.from(REFUSAL), 'br'],
  ['is unknown', Buffer.from(REFUSAL), 'zstd'],
  ['is one of many', gzipSync(gzipSync(gzipSync(REFUSAL))), 'gzip, gzip, gzip'],
])('an answer whose encoding %s is still an answer, without its body', async (_, body, encoding) => {
  const refused = await setUp(bytes(404, body, encoding));
  expect(await refused.client.shareContactCard('c1')).toMatchObject({
    kind: 'answered',
    httpStatus: 404,
    hasEnvelope: false,
  });
  const read = await setUp(bytes(200, body, encoding));
  expect(await read.client.chats(null, null)).toMatchObject({ answer: { cause: 'unreadable' } });
});

it('a success without a body may name an encoding', async () => {
  const { client } = await setUp(bytes(200, Buffer.alloc(0), 'gzip'));
  expect(await client.deleteSubscription('s1')).toEqual({ kind: 'deleted' });
});
