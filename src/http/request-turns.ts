import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** What requests may hold while they wait, 64 MiB: as much again as bodies in flight. Others are handled at once. */
const MAX_WAITING = 4_096;
const MAX_WAITING_BYTES = 16 * 1024;

/**
 * Handles one request per turn of the event loop, in the order of arrival. libuv accepts one connection per turn: if
 * 2,000 clients connect at once and a turn handles everything that has arrived, the first ones send request after
 * request, and the last one is accepted half a minute later.
 *
 * Never several in one go: a limit that is counted asynchronously would count all of them before it refuses any.
 */
export function handleOnePerTurn(server: Server): void {
  const handlers = server.listeners('request');
  server.removeAllListeners('request');
  const waiting: (readonly [IncomingMessage, ServerResponse])[] = [];
  let isTurnUsed = false;

  function handle(request: IncomingMessage, response: ServerResponse): void {
    for (const handler of handlers) handler.call(server, request, response);
  }

  function useTurn(request: IncomingMessage, response: ServerResponse): void {
    isTurnUsed = true;
    setImmediate(takeNext);
    handle(request, response);
  }

  function takeNext(): void {
    let next = waiting.shift();
    while (next?.[0].socket.destroyed) next = waiting.shift(); // no one to answer; Linq sends it again
    if (next === undefined) isTurnUsed = false;
    else useTurn(...next);
  }

  server.on('request', (request, response) => {
    if (!isTurnUsed) useTurn(request, response);
    else if (waiting.length < MAX_WAITING && isSmall(request)) waiting.push([request, response]);
    else handle(request, response);
  });
}

/** Node reads such a body ahead. It may read more of a larger one, and that is counted only once it is handled. */
function isSmall({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return false;
  return Number(headers['content-length'] ?? 0) <= MAX_WAITING_BYTES;
}
