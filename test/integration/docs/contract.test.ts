import { describe, expect, it, onTestFinished } from 'vitest';
import { STATUS_TOKEN, startRunningApp } from '../../../docs/generate/running-app.ts';
import { StoreError } from '../../../src/errors.ts';
import { sealDelivery } from '../../../src/webhook/quarantine.ts';
import { answerOf, outboundOf, T } from '../../helpers/builders.ts';
import { message2026, SECRET } from '../../helpers/deliver.ts';
import { type Given, startStatus, TOKEN } from '../status/harness.ts';
import { BEARER, bearer, createAsker, GUARDED, OTHERS } from './asking.ts';
import { createContract, DELIVERY } from './contract.ts';

const check = createContract((id) => id !== DELIVERY);
const ask = createAsker(check);
const CHANGING = GUARDED.filter(({ method }) => method !== 'GET');
const NAMED = GUARDED.filter(({ url }) => /chat-1|%2B/.test(url));

function signalling<T>(): [Promise<T>, (value: T) => void] {
  let resolve: (value: T) => void = () => {};
  return [new Promise<T>((done) => (resolve = done)), (value) => resolve(value)];
}

const startWithChat = async (given: Given = {}) => {
  const status = await startStatus({ events: [outboundOf(T)], ...given });
  await status.idle();
  return status;
};

describe('what a guarded route answers is what the document tells:', () => {
  it('without a token', async () => {
    const service = await startStatus();
    for (const route of GUARDED) await ask(service, route, 401, { headers: {} });
  });

  it('of a service without a token', async () => {
    const service = await startStatus({ deps: { statusToken: null } });
    for (const route of GUARDED) await ask(service, route, 403);
  });

  it('to a login of another site', async () => {
    const service = await startStatus();
    const authorization = `Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}`;
    for (const route of CHANGING) await ask(service, route, 403, { headers: { authorization } });
  });

  it('after too many failed logins', async () => {
    const service = await startStatus();
    const headers = { authorization: 'Bearer wrong' };
    for (let i = 0; i < 20; i++) await service.app.inject({ url: '/status', headers });
    for (const route of GUARDED) await ask(service, route, 429, { headers });
  });

  it('to a body that is too long, or of a malformed type', async () => {
    const service = await startStatus();
    const json = { ...BEARER, 'content-type': 'application/json' };
    const malformed = { ...BEARER, 'content-type': '@@' };
    for (const route of CHANGING) {
      await ask(service, route, 413, { headers: json, payload: 'x'.repeat(20_000) });
      await ask(service, route, 415, { headers: malformed, payload: '{}' });
    }
  });

  it('to a path that is broken, or a name that is too long', async () => {
    const service = await startStatus();
    for (const route of NAMED) {
      const named = (name: string) => ({ ...route, url: route.url.replace(/chat-1|%2B\d+/, name) });
      await ask(service, named('%zz'), 400);
      await ask(service, named('a'.repeat(600)), 414);
    }
  });

  it('to a name that nobody knows', async () => {
    const service = await startStatus();
    for (const route of NAMED) await ask(service, route, 404);
  });

  it('when the database fails', async () => {
    const { store, dispatcher, deps } = await startStatus();
    const fail = async () => {
      throw new StoreError('busy', 'played');
    };
    const failing = <T extends object>(part: T, ...names: (keyof T)[]): T =>
      Object.assign(Object.create(part), Object.fromEntries(names.map((name) => [name, fail])));
    const service = await startStatus({
      deps: {
        store: failing(store, 'chat', 'chats', 'updateChat', 'lines'),
        watch: failing(deps.watch, 'check'),
        dispatcher: failing(dispatcher, 'pause', 'resume'),
        quarantine: { list: fail, replay: fail },
        catchUp: {
          request: fail,
          view: () => ({ activity: 'idle', cause: null, run: null, completedAt: null }),
        },
      },
    });
    for (const route of GUARDED) await ask(service, route, 503);
  });
});

describe('what a route that did its work answers is what the document tells:', () => {
  it('for everything that works with a chat that is known', async () => {
    const service = await startWithChat();
    const own = ['startCatchUp', 'replayQuarantine'];
    for (const route of GUARDED.filter(({ id }) => !own.includes(id))) await ask(service, route, 200);
    expect(service.shared.length).toBeGreaterThan(0);
  });

  it('of filters, pages and what is wrong with them', async () => {
    const service = await startWithChat({ events: [outboundOf(T), outboundOf(T, { chatId: 'chat-2' })] });
    const list = { id: 'listChats', method: 'GET' as const };
    await ask(service, { ...list, url: '/status/chats?state=waiting&limit=1' }, 200);
    await ask(service, { ...list, url: '/status/chats?state=asleep' }, 400);
    await ask(service, { ...list, url: '/status/chats?colour=red' }, 400);
    await ask(service, { id: 'downloadChats', method: 'GET', url: '/status/chats.csv?state=asleep' }, 400);
  });

  it('of a share under way, and of one that is not allowed', async () => {
    const share = { id: 'shareChat', method: 'POST' as const, url: '/status/chats/chat-1/share' };
    const [called, note] = signalling<void>();
    const [answered, answer] = signalling<ReturnType<typeof answerOf>>();
    const service = await startWithChat({
      policy: { lines: new Set(['+12025550199']) },
      share: () => {
        note();
        return answered;
      },
    });
    const asked = ask(service, share, 202);
    await called;
    service.clock.advance(10_000);
    await asked;
    answer(answerOf(204));
    const held = await startWithChat();
    await held.put('/status/chats/chat-1/hold');
    await ask(held, share, 409);
  });

  it('of a line that two numbers are shown as', async () => {
    const lines = ['+12025550100', '+13125550100'];
    const events = lines.map((line, index) => outboundOf(T, { chatId: `chat-${index}`, line }));
    const service = await startWithChat({ events, cards: lines });
    const url = `/status/lines/${encodeURIComponent('+1•••••0100')}/hold`;
    await ask(service, { id: 'releaseLine', method: 'DELETE', url }, 400);
  });

  it('of catching up and of the quarantine', async () => {
    const service = await startStatus();
    await ask(service, { id: 'startCatchUp', method: 'POST', url: '/status/catch-up' }, 202);
    const raw = Buffer.from(JSON.stringify(message2026({ sentAt: T })));
    const row = { receivedAt: T, webhookId: 'msg_1', eventType: null, cause: 'of yesterday' };
    await service.store.record([{ ...row, sealed: sealDelivery(raw, SECRET) }], 0);
    await ask(service, { id: 'listQuarantine', method: 'GET', url: '/status/quarantine' }, 200);
    const replay = { id: 'replayQuarantine', method: 'POST' as const, url: '/status/quarantine/replay' };
    await ask(service, replay, 200);
    await ask(service, { ...replay, url: `${replay.url}?eventId=msg_2` }, 404);
    await ask(service, { ...replay, url: `${replay.url}?event=msg_2` }, 400);
  });
});

describe('what is looked at from outside answers what the document tells:', () => {
  it('with the token where one is needed', async () => {
    const { server: app, stop } = await startRunningApp();
    onTestFinished(stop);
    for (const route of OTHERS) await ask({ app }, route, 200, { headers: bearer(STATUS_TOKEN) });
    const { etag } = (await app.inject('/openapi.json')).headers;
    const description = { id: 'getDescription', method: 'GET' as const, url: '/openapi.json' };
    await ask({ app }, description, 304, { headers: { 'if-none-match': String(etag) } });
  });

  it('with a wrong token, too often', async () => {
    const { server: app, stop } = await startRunningApp();
    onTestFinished(stop);
    const headers = bearer('wrong');
    for (const route of OTHERS.filter(({ isOpen }) => !isOpen)) {
      for (let i = 0; i < 20; i++) await ask({ app }, route, 401, { headers });
      await ask({ app }, route, 429, { headers });
    }
  });

  it('of a service without a token', async () => {
    const { server: app, stop } = await startRunningApp({ STATUS_TOKEN: '' });
    onTestFinished(stop);
    for (const route of OTHERS) await ask({ app }, route, route.isOpen ? 200 : 403, { headers: {} });
  });

  it('of a service that is about to end', async () => {
    const service = await startStatus({ deps: { isDraining: () => true } });
    await ask(service, { id: 'getReadiness', method: 'GET', url: '/readyz' }, 503);
  });
});
