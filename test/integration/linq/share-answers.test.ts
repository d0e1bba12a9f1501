import { afterEach, describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { MINUTE } from '../../../src/decide/time.ts';
import { createClockGuard } from '../../../src/dispatch/clock-guard.ts';
import type { LinqClient, LinqClientOptions } from '../../../src/linq/client.ts';
import { createFakeClock } from '../../helpers/clock.ts';
import { createTestClient, http, type Respond, startRawServer } from './raw-server.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function setUp(respond: Respond, options: Partial<LinqClientOptions> = {}) {
  const server = await startRawServer(respond);
  const client: LinqClient = createTestClient(`${server.origin}/api/partner`, options);
  cleanUps.push(client.close, server.stop);
  return { server, client };
}

const ENVELOPE = '{"success":false,"error":{"status":404,"code":2012,"message":"x"},"trace_id":"t1"}';
const answered = (httpStatus: number, more: object = {}) => ({
  kind: 'answered',
  httpStatus,
  linqCode: null,
  traceId: null,
  hasEnvelope: false,
  isJson: false,
  retryAfterMs: null,
  ...more,
});

describe('an answer to a share call', () => {
  it('comes from one POST without a body or content type, with the key', async () => {
    const { server, client } = await setUp((socket) => socket.write(http(204, '', 'x-trace-id: t1')));
    expect(await client.shareContactCard('6f2a9c4e-1b7d')).toEqual(answered(204, { traceId: 't1' }));
    expect(server.requests).toHaveLength(1);
    const [request] = server.requests;
    expect(request?.line).toBe('POST /api/partner/v3/chats/6f2a9c4e-1b7d/share_contact_card HTTP/1.1');
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      host: server.origin.slice('http://'.length),
      connection: 'keep-alive',
      authorization: 'Bearer key-for-tests',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'cache-control': 'no-cache',
      'content-length': '0',
    });
    expect(request?.body).toBe('');
  });

  it.each([
    ['200 with JSON', http(200, '{"ok":true}', 'content-type: application/json')],
    ['200 without the JSON it announces', http(200, '', 'content-type: application/json')],
    ['200 with broken JSON', http(200, '{"ok":', 'content-type: application/json')],
    ['202', http(202)],
    ['204 after an early hint', `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${http(204)}`],
  ])('is a success for %s', async (_, bytes) => {
    const { client } = await setUp((socket) => socket.write(bytes));
    const answer = await client.shareContactCard('c1');
    expect(answer.kind === 'answered' && answer.httpStatus >= 200 && answer.httpStatus < 300).toBe(true);
  });

  it.each([
    ['is cut off', (end: () => void) => end()],
    ['never ends', () => {}],
  ])('is a success although the body of its 200 %s', async (_, after) => {
    const respond: Respond = (socket) => {
      const half = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"half';
      socket.write(half, () => after(() => socket.destroy()));
    };
    const { client } = await setUp(respond, { deadlineMs: 600_000 });
    expect(await client.shareContactCard('c1')).toEqual(answered(200));
  });

  it("carries Linq's code, trace id and Retry-After", async () => {
    const { client } = await setUp((socket, _, count) =>
      socket.write(count === 1 ? http(404, ENVELOPE) : http(429, '', 'retry-after: 45', 'x-trace-id: t2')),
    );
    const envelope = { linqCode: 2012, traceId: 't1', hasEnvelope: true, isJson: true };
    expect(await client.shareContactCard('c1')).toEqual(answered(404, envelope));
    expect(await client.shareContactCard('c1')).toEqual(
      answered(429, { retryAfterMs: 45_000, traceId: 't2' }),
    );
  });

  it('carries no trace id in which a server echoes the key', async () => {
    const { client } = await setUp((socket, { headers }) => {
      const key = headers.get('authorization')?.replace('Bearer ', '');
      socket.write(http(204, '', `x-trace-id: ${key}`));
    });
    expect(await client.shareContactCard('c1')).toEqual(answered(204));
  });

  it('carries an envelope that comes in pieces', async () => {
    const { client } = await setUp((socket) => {
      socket.write(
        `HTTP/1.1 404 x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n${ENVELOPE.slice(0, 5)}\r\n`,
        () => {
          const rest = ENVELOPE.slice(5);
          socket.write(`${rest.length.toString(16)}\r\n${rest}\r\n0\r\n\r\n`);
        },
      );
    });
    expect(await client.shareContactCard('c1')).toMatchObject({ httpStatus: 404, linqCode: 2012 });
  });

  it('reads the Retry-After date by the wall clock it was given', async () => {
    const clock = { wallNow: () => Date.parse('2026-11-22T12:00:00Z'), monotonic: () => performance.now() };
    const bytes = http(503, '', 'retry-after: Sun, 22 Nov 2026 12:00:30 GMT');
    const { client } = await setUp((socket) => socket.write(bytes), { clock });
    expect(await client.shareContactCard('c1')).toEqual(answered(503, { retryAfterMs: 30_000 }));
  });

  it('says of HTML that it is no JSON', async () => {
    const { client } = await setUp((socket) => socket.write(http(502, '<html>502 Bad Gateway</html>')));
    expect(await client.shareContactCard('c1')).toEqual(answered(502));
  });

  it.each([301, 302, 303, 307, 308])('follows no redirect: %i is the answer', async (status) => {
    const { server, client } = await setUp((socket) =>
      socket.write(http(status, '', `location: ${server.origin}/elsewhere`)),
    );
    expect(await client.shareContactCard('c1')).toEqual(answered(status));
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['500', http(500, ENVELOPE)],
    ['503', http(503)],
    ['429', http(429, '', 'retry-after: 1')],
    ['a hint to retry', http(500, '', 'x-should-retry: true')],
  ])('is the only one: %s is not retried', async (_, bytes) => {
    const { server, client } = await setUp((socket) => socket.write(bytes));
    await client.shareContactCard('c1');
    expect(server.requests).toHaveLength(1);
  });

  it('reads 64 KiB of a body and no more, and drops the connection', async () => {
    const filled = (bytes: number) => `{"error":{"code":2012},"x":"${'x'.repeat(bytes - 30)}"}`;
    const { server, client } = await setUp((socket, _, count) =>
      socket.write(http(404, filled(64 * 1024 + (count === 1 ? 0 : 1)))),
    );
    expect(filled(64 * 1024)).toHaveLength(64 * 1024);
    expect(await client.shareContactCard('c1')).toMatchObject({
      httpStatus: 404,
      linqCode: 2012,
      isJson: true,
    });
    expect(await client.shareContactCard('c1')).toEqual(answered(404));
    expect(server.requests).toHaveLength(2);
  });

  it.each([200, 500])('is not held up by a %i with an endless body', async (status) => {
    let closed = () => {};
    const dropped = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { client } = await setUp((socket) => {
      const pour = () => {
        while (!socket.destroyed && socket.write('x'.repeat(1024)));
      };
      socket.on('drain', pour).on('close', closed);
      socket.write(`HTTP/1.1 ${status} x\r\n\r\n`, pour);
    });
    expect(await client.shareContactCard('c1')).toEqual(answered(status));
    await dropped;
  });

  it('is told with the Date of the server and our readings around it', async () => {
    const readings: object[] = [];
    let now = 1_000;
    const { client } = await setUp(
      (socket, _, count) => {
        const date = ['date: Sun, 22 Nov 2026 12:00:00 GMT', 'date: soon', 'x: y'][count - 1] ?? '';
        socket.write(http(204, '', date));
      },
      {
        clock: { wallNow: () => now++, monotonic: () => now },
        onDate: (reading) => readings.push(reading),
      },
    );
    const answers: LinqAnswer[] = [];
    for (let i = 0; i < 3; i++) answers.push(await client.shareContactCard('c1'));
    expect(answers).toEqual([answered(204), answered(204), answered(204)]);
    expect(readings).toEqual([
      { serverAt: Date.parse('2026-11-22T12:00:00Z'), requestedAt: 1_000, receivedAt: 1_001, tookMs: 1 },
    ]);
  });

  it.each([
    ['600', 'out of a cache', false],
    ['1', 'out of a cache', false],
    ['soon', 'out of a cache', false],
    ['0', 'just fetched', true],
    ['', 'just fetched', true],
  ])('with Age "%s" is %s: that it tells the time is %s', async (age, _, isTold) => {
    const clock = createFakeClock();
    const guard = createClockGuard({ clock, lastHeartbeatAt: null, onCorrected: () => {} });
    const date = new Date(clock.systemNow() - 10 * MINUTE).toUTCString();
    const { client } = await setUp((socket) => socket.write(http(204, '', `date: ${date}`, `age: ${age}`)), {
      clock,
      onDate: guard.heard,
    });
    await client.shareContactCard('c1');
    expect([guard.isDistrusted(), guard.linqDateOffMs() !== null]).toEqual([isTold, isTold]);
  });

  it('comes for any chat id, which stays one part of the path', async () => {
    const { server, client } = await setUp((socket) => socket.write(http(204)));
    await client.shareContactCard('../a b?c#d');
    await client.shareContactCard('\ud800');
    expect(server.requests.map(({ line }) => line.split(' ')[1])).toEqual([
      '/api/partner/v3/chats/..%2Fa%20b%3Fc%23d/share_contact_card',
      '/api/partner/v3/chats/%EF%BF%BD/share_contact_card',
    ]);
  });
});
