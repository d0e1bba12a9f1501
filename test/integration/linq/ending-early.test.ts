import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { LinqClient, LinqClientOptions } from '../../../src/linq/client.ts';
import { createTestClient, http, type Respond, startRawServer } from './raw-server.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function setUp(respond: Respond, options: Partial<LinqClientOptions> = {}) {
  const server = await startRawServer(respond);
  const client: LinqClient = createTestClient(server.origin, options);
  cleanUps.push(client.close, server.stop);
  return { server, client };
}

const unanswered = (mayHaveArrived: boolean, cause: string) => ({
  kind: 'unanswered',
  mayHaveArrived,
  cause,
});

describe('ending a share call early', () => {
  it('may have arrived once it was sent, and is aborted at once', async () => {
    const stop = new AbortController();
    const { client } = await setUp(() => stop.abort());
    expect(await client.shareContactCard('c1', stop.signal)).toEqual(unanswered(true, 'aborted'));
  });

  it('never arrives while it waits for a connection', async () => {
    const stop = new AbortController();
    let answerFirst = () => {};
    const { server, client } = await setUp(
      (socket, _, count) => {
        if (count > 1) socket.write(http(204));
        else {
          answerFirst = () => socket.write(http(204));
          stop.abort();
        }
      },
      { connections: 1 },
    );
    const first = client.shareContactCard('c1');
    expect(await client.shareContactCard('c2', stop.signal)).toEqual(unanswered(false, 'aborted'));
    answerFirst();
    expect(await first).toMatchObject({ httpStatus: 204 });
    expect(await client.shareContactCard('c3')).toMatchObject({ httpStatus: 204 });
    expect(server.requests.filter(({ line }) => line.includes('/c2/'))).toEqual([]);
  });

  it('sends nothing when it was ended before', async () => {
    const { server, client } = await setUp((socket) => socket.write(http(204)));
    expect(await client.shareContactCard('c1', AbortSignal.abort())).toEqual(unanswered(false, 'aborted'));
    expect(await client.shareContactCard('c2')).toMatchObject({ httpStatus: 204 });
    expect(server.requests.filter(({ line }) => line.includes('/c1/'))).toEqual([]);
  });

  it('ends all calls that share a signal, which gets one listener, and leaves answered ones alone', async () => {
    const stop = new AbortController();
    const share = (chatId: string) => client.shareContactCard(chatId, stop.signal);
    const { client } = await setUp(
      (socket, _, count) => {
        if (count <= 8) socket.write(http(204));
        else if (count === 16) stop.abort();
      },
      { connections: 16 },
    );
    const answered = await Promise.all(Array.from('abcdefgh', share));
    const held = Array.from('ijklmnop', share);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
    expect(await Promise.all(held)).toEqual(Array(8).fill(unanswered(true, 'aborted')));
    expect(answered).toEqual(Array(8).fill(expect.objectContaining({ httpStatus: 204 })));
  });

  it('closing ends running calls, and later ones at once', async () => {
    let closing: Promise<void> | undefined;
    const { server, client } = await setUp(() => {
      closing = client.close();
    });
    expect(await client.shareContactCard('c1')).toEqual(unanswered(true, 'closed'));
    await closing;
    expect(await client.shareContactCard('c2')).toEqual(unanswered(false, 'closed'));
    expect(server.requests).toHaveLength(1);
  });
});
