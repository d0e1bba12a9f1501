import { describe, expect, it } from 'vitest';
import { outboundOf, T } from '../../../helpers/builders.ts';
import { startStatus } from '../harness.ts';
import { ADDRESSES, fromTop, LOGGED_IN } from './browsing.ts';

const FEW = Array.from({ length: 60 }, (_, n) => outboundOf(T, { chatId: `chat-${n}` }));
const STRANGER = { accept: 'text/html' };
const OTHER_SITE = { ...LOGGED_IN, 'sec-fetch-site': 'cross-site' };

type Headers = Readonly<Record<string, string>>;

/** Every page there is; the pages of errors and of what isn't there among them. */
const PAGES: readonly (readonly [method: 'GET' | 'POST', url: string, status: number, headers: Headers])[] = [
  ['GET', '/', 200, LOGGED_IN],
  ['GET', '/?done=pause', 200, LOGGED_IN],
  ['GET', '/', 401, STRANGER],
  ['GET', '/chats', 200, LOGGED_IN],
  ['GET', '/chats?state=waiting&reason=window', 200, LOGGED_IN],
  ['GET', '/chats?q=chat-', 200, LOGGED_IN],
  ['GET', '/chats?state=nosuch', 400, LOGGED_IN],
  ['GET', '/chats/chat-1', 200, LOGGED_IN],
  ['GET', '/chats/chat-1', 401, STRANGER],
  ['GET', '/chats/a%2Fb', 404, LOGGED_IN],
  ['POST', '/chats/nosuch/share', 404, LOGGED_IN],
  ['POST', '/chats/nosuch/hold', 404, LOGGED_IN],
  ['POST', '/lines/nosuch/release', 404, LOGGED_IN],
  ['POST', '/lines/nosuch/check', 404, LOGGED_IN],
  ['POST', '/pause', 403, OTHER_SITE],
];

describe('a page', () => {
  it.each(PAGES)('%s %s (%d) has no address that is absolute', async (method, url, status, headers) => {
    const { app, idle } = await startStatus({ events: FEW });
    await idle();
    const answer = await app.inject({ method, url, headers: { ...headers } });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([status, 'text/html; charset=utf-8']);
    const addresses = [...answer.body.matchAll(ADDRESSES)].map(([, , address]) => address ?? '');
    expect(addresses.length).toBeGreaterThan(2);
    for (const address of addresses) expect(() => fromTop(address, url)).not.toThrow();
  });
});

describe('what leads from one page to another', () => {
  it.each([
    ['POST', '/pause', './?done=pause'],
    ['POST', '/resume', './?done=resume'],
    ['POST', '/catch-up', './?done=catch-up'],
    ['POST', '/quarantine/replay', '../?done=replayed'],
    ['POST', '/chats/chat-1/hold', '../../chats/chat-1?done=held'],
    ['POST', '/chats/chat-1/release', '../../chats/chat-1?done=released'],
    ['GET', '/chats?q=chat-7', './chats/chat-7'],
  ] as const)('is relative: %s %s', async (method, url, location) => {
    const { app } = await startStatus({ events: FEW.slice(0, 10) });
    const answer = await app.inject({ method, url, headers: { ...LOGGED_IN } });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, location]);
  });
});
