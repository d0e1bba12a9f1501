import type { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import { sign } from '../helpers/deliver.ts';
import type { Settings } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import type { FrontProxy, StartProxy } from './proxy.ts';

export const PATH = '/webhooks/linq?version=2026-02-03';
/** Whoever talks to the proxy. */
export const SENDER = '127.0.0.5';
export const OTHER_SENDER = '127.0.0.6';

interface Asking {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly body?: Buffer | Readable;
  readonly headers?: Record<string, string>;
  readonly via?: Dispatcher;
}

/** The real service, a simulated Linq that it calls, and a proxy before it; `via` are a sender's connections. */
export async function startBoth(startProxy: StartProxy, settings: Settings = {}, isInside = false) {
  const rig = await startRig({ TRUST_PROXY: 'loopback', ...settings });
  const proxy = await startProxy(new URL(rig.reactor.url).host, isInside);
  return { ...rig, proxy, via: proxy.from(SENDER, { connections: 8 }) };
}

export async function ask(proxy: FrontProxy, path: string, asking: Asking = {}) {
  const { method = 'GET', via = proxy.from(SENDER), ...rest } = asking;
  const answer = await request(proxy.url + path, { method, dispatcher: via, ...rest });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}

/** Signs bytes as sent now and posts them. */
export const post = (proxy: FrontProxy, body: Buffer, via: Dispatcher) =>
  ask(proxy, PATH, { method: 'POST', body, via, headers: sign(body, { at: Date.now() }) });
