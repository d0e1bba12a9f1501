import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { handleOnePerTurn } from '../../../src/http/request-turns.ts';

const SMALL = { 'content-length': '2000' };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A server to which nobody connects: requests are put before it, each with a name. */
function createTurns() {
  const handled: string[] = [];
  const server = createServer(({ url }) => void handled.push(url ?? ''));
  handleOnePerTurn(server);
  return {
    handled,
    arrive(name: string, headers: Readonly<Record<string, string>> = SMALL): Socket {
      const socket = new Socket();
      const request = new IncomingMessage(socket);
      Object.assign(request, { url: name, headers });
      server.emit('request', request, new ServerResponse(request));
      return socket;
    },
    async rest() {
      for (let known = -1; known < handled.length; await turn()) known = handled.length;
    },
  };
}

it('handles the first request at once and those that wait one per turn, in the order of arrival', async () => {
  const { handled, arrive } = createTurns();
  for (const name of ['a', 'b', 'c']) arrive(name);
  expect(handled).toEqual(['a']);
  await turn();
  expect(handled).toEqual(['a', 'b']);
  arrive('d');
  await turn();
  expect(handled).toEqual(['a', 'b', 'c']);
  await turn();
  expect(handled).toEqual(['a', 'b', 'c', 'd']);
  await turn();
  arrive('e');
  expect(handled.at(-1)).toBe('e');
});

it('does not handle requests whose client has disconnected, nor use a turn for them', async () => {
  const { handled, arrive } = createTurns();
  arrive('a');
  arrive('b').destroy();
  arrive('c').destroy();
  arrive('d');
  await turn();
  expect(handled).toEqual(['a', 'd']);
});

it.each<[string, Readonly<Record<string, string>>]>([
  ['a large body', { 'content-length': '16385' }],
  ['a body of unknown length', { 'transfer-encoding': 'chunked' }],
])(
  'lets no request with %s wait: what has arrived of it is counted only once it is handled',
  (_, headers) => {
    const { handled, arrive } = createTurns();
    arrive('a');
    arrive('b');
    arrive('large', headers);
    expect(handled).toEqual(['a', 'large']);
  },
);

it('lets requests without a body wait', () => {
  const { handled, arrive } = createTurns();
  arrive('a');
  arrive('b', {});
  expect(handled).toEqual(['a']);
});

it('lets no more than 4,096 wait, and forgets none', async () => {
  const { handled, arrive, rest } = createTurns();
  arrive('first');
  for (let n = 0; n < 4_096; n++) arrive(`waits ${n}`);
  expect(handled).toEqual(['first']);
  arrive('one too many');
  expect(handled).toEqual(['first', 'one too many']);
  await rest();
  expect(handled).toHaveLength(4_098);
});
