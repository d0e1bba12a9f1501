import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerParent } from '../child.ts';

export type ApiStubQuestion =
  | { readonly kind: 'listen' }
  /** From now on, when calls arrive is noted; `arrivals` gives it. */
  | { readonly kind: 'watch' }
  | { readonly kind: 'arrivals' };

export interface ApiStubAnswer {
  readonly port: number;
  /** Chat and when its share call arrived, epoch ms. */
  readonly arrivals: readonly (readonly [chatId: string, at: number])[];
}

/** A Linq that answers every call at once: shares with 204, and every line has an active card. */
const SHARE = /^\/v3\/chats\/([^/]+)\/share_contact_card$/;

let arrivals: [string, number][] = [];
let isWatching = false;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '';
  if (request.method === 'POST') {
    if (isWatching) arrivals.push([SHARE.exec(url)?.[1] ?? url, Date.now()]);
    response.writeHead(204).end();
    return;
  }
  const line = new URL(url, 'http://localhost').searchParams.get('phone_number');
  const cards = line === null ? [] : [{ phone_number: line, first_name: 'Bench', is_active: true }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ contact_cards: cards }));
}

const server = createServer({ keepAliveTimeout: 60_000 }, answer);

answerParent<ApiStubQuestion, ApiStubAnswer>(async ({ kind }) => {
  if (kind === 'listen') {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  } else if (kind === 'watch') {
    isWatching = true;
    arrivals = [];
  }
  return { port: (server.address() as AddressInfo).port, arrivals: kind === 'arrivals' ? arrivals : [] };
});
