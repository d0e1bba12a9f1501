import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { OWN_LINE, PERSON, SECRETS } from './canaries.ts';

export interface LeakyLinq {
  readonly baseUrl: string;
  /** Calls so far, as `METHOD path`. */
  readonly calls: readonly string[];
  /** What reached the address of redirects. */
  readonly strayed: readonly string[];
}

/** Everything that a careless server or proxy could say back. */
const GOSSIP = { ...SECRETS, ...PERSON, line: OWN_LINE };

const CHAT = {
  id: 'c-listed',
  display_name: PERSON.name,
  service: 'iMessage',
  is_group: false,
  handles: [
    { handle: OWN_LINE, is_me: true },
    { handle: PERSON.number, is_me: false },
  ],
  gossip: GOSSIP,
};

/** The share answers, by the chat that is asked for. */
const SHARES: Readonly<Record<string, { readonly status: number; readonly code?: number }>> = {
  'c-bad-request': { status: 400, code: 1003 },
  'c-unauthorized': { status: 401, code: 2004 },
  'c-forbidden': { status: 403, code: 2024 },
  'c-gone': { status: 404, code: 2001 },
  'c-bare': { status: 404 },
  'c-odd': { status: 418 },
  'c-broken': { status: 500, code: 3006 },
  'c-redirected': { status: 307 },
  'c-html': { status: 502 },
  'c-limited': { status: 429, code: 1007 },
};

/** A Linq whose every answer repeats the key it was asked with, other secrets, and people's data. */
export async function startLeakyLinq(): Promise<LeakyLinq> {
  const calls: string[] = [];
  const strayed: string[] = [];
  const stray = createServer((request, response) => {
    strayed.push(`${request.method} ${request.url}`);
    response.end();
  });
  const strayPort = await listen(stray);

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '' } = request;
    calls.push(`${method} ${url}`);
    const headers = {
      'content-type': 'application/json',
      'x-trace-id': `trace-${SECRETS.apiKey}`,
      'x-gossip': Object.values(GOSSIP).join('; '),
      'www-authenticate': request.headers.authorization ?? '',
      location: `http://127.0.0.1:${strayPort}/${SECRETS.apiKey}`,
    };
    const { status, body } = reply(method, url);
    const code = SHARES[url.split('/')[3] ?? '']?.code;
    const error = { status, ...(code === undefined ? {} : { code }), message: JSON.stringify(GOSSIP) };
    response.writeHead(status, headers);
    if (body === null) response.end();
    else if (url.includes('c-html')) response.end(`<html>${JSON.stringify(GOSSIP)}</html>`);
    else
      response.end(
        JSON.stringify(body ?? { error, trace_id: SECRETS.apiKey, request: request.headers, GOSSIP }),
      );
  };
  const port = await listen(createServer(answer));
  return { baseUrl: `http://127.0.0.1:${port}`, calls, strayed };
}

/** `undefined`: an error that tells all. */
function reply(method: string, url: string): { status: number; body: object | null | undefined } {
  if (method === 'POST') {
    const status = SHARES[url.split('/')[3] ?? '']?.status ?? 204;
    return { status, body: status === 204 ? null : undefined };
  }
  if (url.startsWith('/v3/contact_card')) {
    const card = {
      phone_number: OWN_LINE,
      first_name: PERSON.name,
      image_url: PERSON.email,
      is_active: true,
    };
    return { status: 200, body: { contact_cards: [{ ...card, gossip: GOSSIP }] } };
  }
  if (url.includes('/messages')) return { status: 200, body: { messages: [MESSAGE], next_cursor: null } };
  if (url.startsWith('/v3/chats'))
    return { status: 200, body: { chats: [CHAT], next_cursor: null, ...CHAT } };
  return { status: 500, body: undefined };
}

const MESSAGE = {
  id: 'm-1',
  chat_id: CHAT.id,
  is_from_me: true,
  delivery_status: 'delivered',
  sent_at: '2026-01-01T00:00:00Z',
  parts: [{ type: 'text', value: PERSON.text }],
  from_handle: { handle: PERSON.number },
};

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
