import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SimulatorError } from './errors.ts';
import { createStop } from './pause.ts';
import { API_PATH, createApiServer, type ServerParts } from './server.ts';

/** The server's life: listens on loopback only, and after a stop takes the same port again. */
export interface Listener {
  /** @throws SimulatorError before the first start */
  baseUrl(): string;
  start(): Promise<string>;
  stop(): Promise<void>;
}

/** @param port 0 takes any free one */
export function createListener(port: number, parts: Omit<ServerParts, 'stopSignal'>): Listener {
  let boundPort: number | null = null;
  let running: { readonly server: Server; readonly stopping: AbortController } | null = null;

  const baseUrl = (): string => {
    if (boundPort === null) throw new SimulatorError('the simulator has no address before start()');
    return `http://127.0.0.1:${boundPort}${API_PATH}`;
  };
  return {
    baseUrl,
    start() {
      if (running !== null) throw new SimulatorError('the simulator is running already');
      const stopping = createStop();
      const server = createApiServer({ ...parts, stopSignal: stopping.signal });
      return new Promise((resolve, reject) => {
        server.once('error', (cause) => {
          reject(
            new SimulatorError(`can't listen on 127.0.0.1:${boundPort ?? port}: ${cause.message}`, { cause }),
          );
        });
        server.listen(boundPort ?? port, '127.0.0.1', () => {
          running = { server, stopping };
          boundPort = (server.address() as AddressInfo).port;
          resolve(baseUrl());
        });
      });
    },
    async stop() {
      if (running === null) return;
      const { server, stopping } = running;
      running = null;
      stopping.abort();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
