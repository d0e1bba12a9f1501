import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSystemClock } from '../../../src/clock.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../../src/simulator/simulator.ts';

export const API_KEY = 'test-api-key';
export const LINE = '+12025550100';

/** The system's clock with domain time that a test can move. */
function createMovableClock() {
  const clock = createSystemClock();
  let offset = 0;
  return {
    ...clock,
    now: () => clock.now() + offset,
    sleepUntil: (until: number, maxRealMs: number, signal: AbortSignal) =>
      clock.sleepUntil(until - offset, maxRealMs, signal),
    move(ms: number) {
      offset += ms;
    },
  };
}

/** A running simulator with one line, and a way to speak to it as any HTTP client would. */
export async function startSimulator(options: Partial<SimulatorOptions> = {}) {
  const clock = createMovableClock();
  const simulator = createSimulator({ clock, apiKey: API_KEY, lines: [LINE], ...options });
  await simulator.start();
  return { simulator, clock, ...callers(simulator) };
}

function callers(simulator: Simulator) {
  const authorization = `Bearer ${API_KEY}`;
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${simulator.baseUrl}/v3/${path}`, {
      method,
      headers: { authorization, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const control = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(new URL(`/_sim/${path}`, simulator.baseUrl), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  const share = (chatId: string) => call('POST', `chats/${chatId}/share_contact_card`);
  return { call, control, share };
}

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: {
    event_type: string;
    event_id: string;
    created_at: string;
    webhook_version: string;
    data: unknown;
  };
}

/** In the list of a receiver's statuses: takes the delivery and keeps silent. */
export const NO_ANSWER = 0;

/** A webhook endpoint: keeps what arrives, answers what it is told (in order, the last one from then on). */
export async function startReceiver(...statuses: number[]) {
  const received: Received[] = [];
  const answered: OutgoingHttpHeaders = {};
  let arrived = () => {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      received.push({ headers: request.headers, body, event: JSON.parse(body) });
      arrived();
      const status = statuses[Math.min(received.length, statuses.length) - 1] ?? 204;
      if (status !== NO_ANSWER) response.writeHead(status, answered).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    received,
    /** Headers of every answer. */
    answered,
    url: `http://127.0.0.1:${port}/webhooks/linq`,
    /** Resolves with the next delivery. */
    next: () =>
      new Promise<void>((resolve) => {
        arrived = resolve;
      }),
    types: () => received.map(({ event }) => event.event_type),
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

type Options = Partial<SimulatorOptions>;

/** Starts pairs of a simulator and a receiver that it delivers to, redelivering at once; `stopAll` ends them. */
export function createPairs() {
  const stops: (() => Promise<unknown>)[] = [];
  return {
    async start(options: Options = {}, statuses: number[] = [204], query = '') {
      const linq = await startSimulator({ redeliveryMs: Array(9).fill(1), ...options });
      const receiver = await startReceiver(...statuses);
      stops.push(linq.simulator.stop, receiver.stop);
      const subscription = linq.simulator.subscribe({ targetUrl: receiver.url + query });
      return { ...linq, receiver, subscription };
    },
    async stopAll() {
      for (const stop of stops.splice(0)) await stop();
    },
  };
}
