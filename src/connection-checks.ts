import type { Server } from 'node:http';
import { HOUR } from './decide/duration.ts';

/**
 * Node looks for connections that are too slow even while there is none, which would wake an idle machine all the time.
 * Makes it look every `everyMs` only while there is one. Node has no other means for that than what it does itself
 * when the server begins to listen; where another version of it works otherwise, it just goes on looking.
 */
export function checkWhileConnected(server: Server, everyMs: number): void {
  const startChecks = server.listeners('listening').find(({ name }) => name === 'setupConnectionsTracking');
  if (startChecks === undefined) return;
  let open = 0;

  /** Replaces the timer that is there. */
  function check(ms: number): void {
    Object.assign(server, { connectionsCheckingInterval: ms });
    startChecks?.call(server);
  }

  server.on('listening', () => check(open === 0 ? HOUR : everyMs));
  server.on('connection', (socket) => {
    if (open++ === 0) check(everyMs);
    socket.once('close', () => {
      if (--open === 0 && server.listening) check(HOUR);
    });
  });
}
