import type { Socket } from 'node:net';
import { type Readable, Writable } from 'node:stream';
import fastify, { LogController } from 'fastify';
import { onTestFinished } from 'vitest';
import type { ReactorEvent } from '../../../src/decide/event.ts';
import { handleOnePerTurn } from '../../../src/http/request-turns.ts';
import type { QuarantinedDelivery } from '../../../src/store/store.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import { sealDelivery } from '../../../src/webhook/quarantine.ts';
import { createDeliveryLog, createWebhookCounters } from '../../../src/webhook/report.ts';
import { type WebhookDeps, webhookRoute } from '../../../src/webhook/route.ts';
import { createVerifier } from '../../../src/webhook/verify.ts';
import { type Answered, deliver, OTHER_SECRET, post, SECRET, type Signing } from '../../helpers/deliver.ts';

export const NOW = Date.UTC(2026, 10, 3, 16, 20, 5);

export interface ErrorBody {
  readonly statusCode: number;
  readonly code: string;
  readonly error: string;
  readonly message: string;
}

/** The webhook route alone, listening on loopback, with a store that is played by functions. */
export async function startRoute(overrides: Partial<WebhookDeps> = {}) {
  const recorded: ReactorEvent[] = [];
  const quarantined: QuarantinedDelivery[] = [];
  const stale: number[] = [];
  const lines: string[] = [];
  const time = { now: NOW };
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const deps: WebhookDeps = {
    verify: createVerifier({
      secrets: [SECRET, OTHER_SECRET],
      toleranceMs: 300_000,
      acceptLegacySignatures: true,
    }),
    parse: parseDelivery,
    record: async (event) => {
      recorded.push(event);
      return 'stored';
    },
    seal: (raw, index) => sealDelivery(raw, [SECRET, OTHER_SECRET][index] ?? ''),
    quarantine: async (row) => {
      quarantined.push(row);
    },
    clock: { now: () => time.now, systemNow: () => time.now, monotonic: () => time.now },
    onStale: (skewMs) => stale.push(skewMs),
    linqDateOffMs: () => null,
    isDraining: () => false,
    rateLimit: 0,
    counters: createWebhookCounters(),
    deliveries: createDeliveryLog(),
    ...overrides,
  };
  const app = fastify({
    logger: { level: 'debug', stream },
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: 'loopback',
  });
  handleOnePerTurn(app.server);
  const sockets: Socket[] = [];
  app.server.on('connection', (socket) => sockets.push(socket));
  await app.register(webhookRoute, deps);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    app.server.closeAllConnections(); // some tests leave uploads under way
    await app.close();
  });
  return {
    url,
    time,
    recorded,
    quarantined,
    stale,
    counters: deps.counters,
    deliveries: deps.deliveries,
    /** What all connections together brought so far, heads included. */
    bytesRead: () => sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    /** The log's lines, parsed. */
    logged: () =>
      lines.map((line): Record<string, unknown> => JSON.parse(line)).filter(({ msg }) => isOurs(msg)),
    logText: () => lines.join(''),
    deliver: (event: unknown, signing: Partial<Signing> = {}) =>
      deliver(url, event, { at: time.now, ...signing }),
    post: (body: string | Buffer | Readable, headers: Record<string, string | string[]>) =>
      post(url, body, headers),
  };
}

const isOurs = (message: unknown) => String(message).startsWith('delivery.');

export const errorOf = (answered: Answered): ErrorBody => JSON.parse(answered.body);
