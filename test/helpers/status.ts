import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import type { ChatView, Overview } from '../../src/status/view/schemas.ts';
import { STATUS_TOKEN } from './process.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of JSON. */
  readonly body: unknown;
}

export interface Asking {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks the service for anything; without the token. */
export async function ask(url: string, path: string, asking: Asking = {}): Promise<Answer> {
  const { method = 'GET', headers = {} } = asking;
  const answer = await request(url + path, { method, headers, reset: true });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, body: text === '' ? null : JSON.parse(text) };
}

export const TOKEN = { authorization: `Bearer ${STATUS_TOKEN}` };

/** @throws unless it is answered 200 */
async function look(url: string, path: string): Promise<unknown> {
  const { status, body } = await ask(url, path, { headers: TOKEN });
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
  return body;
}

export async function readOverview(url: string): Promise<Overview> {
  return (await look(url, '/status')) as Overview;
}

export interface ShownAttempt {
  readonly outcome: string | null;
  readonly trigger: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly traceId: string | null;
}

export async function readChat(url: string, chatId: string) {
  return (await look(url, `/status/chats/${chatId}`)) as ChatView & { attempts: ShownAttempt[] };
}

export async function listChats(url: string, query: string): Promise<readonly ChatView[]> {
  const page = (await look(url, `/status/chats?limit=200&${query}`)) as { chats: ChatView[] };
  return page.chats;
}

export async function isReady(url: string): Promise<boolean> {
  return (await ask(url, '/readyz')).status === 200;
}

/**
 * Looks again and again until the condition holds: for what the service does by itself and tells nobody.
 * @throws after a minute or as many tries as given, with the last value seen
 */
export async function until<T>(
  look: () => Promise<T>,
  isThere: (seen: T) => boolean,
  { tries = 600, everyMs = 100 } = {},
): Promise<T> {
  let seen = await look();
  for (let left = tries; left > 0 && !isThere(seen); left--) {
    await delay(everyMs);
    seen = await look();
  }
  if (!isThere(seen)) throw new Error(`it never came: ${JSON.stringify(seen)?.slice(0, 2000)}`);
  return seen;
}
