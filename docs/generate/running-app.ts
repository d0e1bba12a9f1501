import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { startApp } from '../../src/app/app.ts';
import { VERSION } from '../../src/cli/version.ts';
import { createSystemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { SECRET } from '../../test/helpers/deliver.ts';

export const STATUS_TOKEN = 'status-token-of-the-documents';

export interface RunningApp {
  readonly server: FastifyInstance;
  /** Every route that it serves, as `GET /status/chats/:chatId`; without the HEAD that goes with each GET. */
  readonly routes: readonly string[];
  stop(): Promise<void>;
}

/** The whole service in this process, on a database of its own; by default no Linq answers it. */
export async function startRunningApp(settings: Readonly<Record<string, string>> = {}): Promise<RunningApp> {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-'));
  const env = {
    LINQ_API_KEY: 'test-api-key',
    LINQ_API_BASE_URL: 'http://127.0.0.1:9',
    LINQ_WEBHOOK_SECRET: SECRET,
    DATABASE_URL: `file:${join(directory, 'reactor.db')}`,
    STATUS_TOKEN,
    PORT: '0',
    ...settings,
  };
  const { config } = loadConfig({ env, envFile: {}, readFile: () => '' }, false);
  const servers: FastifyInstance[] = [];
  const routes: string[] = [];
  const listen = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance };
    servers.push(fastify);
    fastify.addHook('onRoute', ({ method, url }) => {
      const methods = [method].flat().filter((one) => one !== 'HEAD');
      routes.push(...methods.map((one) => `${one} ${url}`));
    });
  };
  subscribe('fastify.initialization', listen);
  const logStream = new Writable({ write: (_chunk, _encoding, done) => done() });
  const app = await startApp({
    config,
    clock: createSystemClock(),
    version: VERSION,
    onFatal: () => {},
    logStream,
  }).finally(() => unsubscribe('fastify.initialization', listen));
  const [server] = servers;
  if (server === undefined) throw new Error('no server was made');
  return {
    server,
    routes,
    async stop() {
      await app.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
