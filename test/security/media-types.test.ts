import { readFileSync } from 'node:fs';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { message2026, post, sign } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { readOverview } from '../helpers/status.ts';
import { speak } from './raw-socket.ts';

const MEBIBYTE = 1024 * 1024;
const BODY = JSON.stringify(message2026({ isOutbound: false }));

/** The most memory that a process ever had, in MiB. */
function peakMebibytes(pid: number): number {
  const [, kib = ''] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

describe('a compressed body', () => {
  it('is refused unread whatever its label, and never unpacked', async () => {
    const { reactor, directory } = await startRig();
    const zeros = Buffer.alloc(128 * MEBIBYTE);
    const bomb = gzipSync(zeros, { level: 9 });
    const packed: readonly (readonly [string, Buffer])[] = [
      ['gzip', bomb],
      ['x-gzip', bomb],
      ['GZip', bomb],
      ['br', brotliCompressSync(BODY)],
      ['deflate', deflateSync(zeros)],
      ['zstd', Buffer.from('28b52ffd0400010000', 'hex')],
      ['compress', Buffer.from(BODY)],
      ['gzip, gzip', gzipSync(bomb)],
      ['identity, gzip', bomb],
      ['gzip, identity', bomb],
      ['identity;q=1', Buffer.from(BODY)],
      ['none', Buffer.from(BODY)],
      // a label that is wrong
      ['gzip', Buffer.from(BODY)],
      ['br', bomb],
      ['', bomb],
    ];
    const before = peakMebibytes(reactor.pid);
    const seen: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (const [encoding, body] of packed) {
        const headers = { ...sign(body, { at: Date.now() }), 'content-encoding': encoding };
        seen.push(`${encoding}: ${(await post(reactor.url, body, headers)).status}`);
      }
    }

    expect([...new Set(seen)]).toEqual([...new Set(packed.map(([encoding]) => `${encoding}: 415`))]);
    expect(dumpRows(directory)).toMatchObject({ chats: [], quarantine: [] });
    // without a label it is bytes that are signed, and no JSON
    expect((await post(reactor.url, bomb, sign(bomb, { at: Date.now() }))).status).toBe(202);
    // one of these unpacked would take 128 MiB
    expect(peakMebibytes(reactor.pid) - before).toBeLessThan(64);
  });
});

const TYPES: readonly (readonly [string, number])[] = [
  ['application/json', 204],
  ['Application/JSON', 204],
  ['application/json; charset=utf-8', 204],
  ['application/json;charset=UTF-8', 204],
  ['application/json;', 204],
  ['application/json ;', 204],
  ['application/json\t;x', 204],
  [' application/json', 204],
  ['\tapplication/json\t', 204],
  ['application/json;;a=";"', 204],
  ['application/json; charset=utf-7', 204], // bytes are read as UTF-8, whatever they are called
  ['', 415],
  [';application/json', 415],
  ['application /json', 415],
  ['application/ json', 415],
  ['application/json, text/plain', 415],
  ['application/json text/plain', 415],
  ['application/json\ttext/plain', 415],
  ['application/jsonx', 415],
  ['application/x-json', 415],
  ['application/vnd.api+json', 415],
  ['text/json', 415],
  ['text/plain;application/json', 415],
  ['*/*', 415],
  ['application/*', 415],
  ['"application/json"', 415],
  ['multipart/form-data; boundary=application/json', 415],
  ['application/x-www-form-urlencoded', 415],
  ['__proto__', 415],
  ['application/json\x0b', 400],
  ['application/json\0', 400],
];

describe('the content type of an authentic delivery', () => {
  it('is application/json before the first semicolon, or it is refused', async () => {
    const { reactor } = await startRig();
    const rows = [...TYPES, ['text/plain\r\ncontent-type: application/json', 415] as const];
    const seen: [string, number | undefined][] = [];
    for (const [type] of rows) {
      const signed = Object.entries(sign(BODY, { at: Date.now() })).filter(
        ([name]) => name !== 'content-type',
      );
      const lines = [
        'POST /webhooks/linq HTTP/1.1',
        'host: reactor',
        'connection: close',
        `content-length: ${BODY.length}`,
        `content-type: ${type}`,
        ...signed.map(([name, value]) => `${name}: ${value}`),
      ];
      const { statuses } = await speak(reactor.url, `${lines.join('\r\n')}\r\n\r\n${BODY}`);
      seen.push([type, statuses[0]]);
    }
    expect(seen).toEqual(rows);
    expect((await readOverview(reactor.url)).webhooks.rejected.type).toBe(
      rows.filter(([, status]) => status === 415).length,
    );
  });
});
