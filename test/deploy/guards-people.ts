import { type Dispatcher, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { message2026, OTHER_SECRET, sign } from '../helpers/deliver.ts';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { TOKEN, until } from '../helpers/status.ts';
import { ask, OTHER_SENDER, PATH, post, SENDER, startBoth } from './asking.ts';
import { INSIDE, type StartProxy } from './proxy.ts';
import { handshake } from './raw-tls.ts';
import { startUpstream } from './upstream.ts';

const BEFORE_LIMIT = 60;
const BASIC = { authorization: `Basic ${Buffer.from(`anyone:${STATUS_TOKEN}`).toString('base64')}` };

/** What every proxy that is shipped must do for whoever looks, and against whoever forges. */
export function describeGuarding(name: string, startProxy: StartProxy): void {
  describe(`the service behind ${name}`, () => {
    it('hears of the address that connects, and of none that a client claims', async () => {
      const { proxy, via, reactor } = await startBoth(startProxy);
      const claims = {
        'x-forwarded-for': '203.0.113.7',
        forwarded: 'for=203.0.113.7',
        'x-real-ip': '203.0.113.7',
      };
      const login = { authorization: 'Bearer a-token-that-is-wrong', ...claims };
      expect((await ask(proxy, '/status', { via, headers: login })).status).toBe(401);
      const failed = () => reactor.log().find(({ msg }) => msg === 'login.failed');
      await until(
        async () => failed(),
        (line) => line !== undefined,
      );
      expect(failed()).toMatchObject({ address: SENDER });
    });

    it('limits who forges deliveries, however many addresses he claims, and nobody else', async () => {
      const { proxy, via } = await startBoth(startProxy);
      const body = Buffer.from(JSON.stringify(message2026()));
      const forged = sign(body, { at: Date.now(), secret: OTHER_SECRET });
      const forge = async (n: number, from: Dispatcher) => {
        const headers = { ...forged, 'x-forwarded-for': `203.0.113.${n}, 198.51.100.${n}` };
        return (await ask(proxy, PATH, { method: 'POST', body, via: from, headers })).status;
      };
      const statuses = await Promise.all(Array.from({ length: 100 }, (_, n) => forge(n, via)));
      expect(statuses.filter((status) => status === 401)).toHaveLength(BEFORE_LIMIT);
      expect(statuses.filter((status) => status === 429)).toHaveLength(100 - BEFORE_LIMIT);
      expect((await post(proxy, body, via)).status).toBe(204);
      expect(await forge(1, proxy.from(OTHER_SENDER))).toBe(401);
    });

    it('speaks TLS of today only, promises so to browsers, and leaves a POST a POST', async () => {
      const proxy = await startProxy((await startUpstream()).address);
      const answer = await ask(proxy, '/healthz');
      expect(answer.status).toBe(204);
      expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
      expect(await handshake(proxy, 'TLSv1.3')).toBe('TLSv1.3');
      expect(await handshake(proxy, 'TLSv1.2')).toBe('TLSv1.2');
      expect(await handshake(proxy, 'TLSv1.1')).toMatch(/^refused/);
      const plain = await request(`${proxy.plainUrl}${PATH}`, { method: 'POST', body: '{}' });
      await plain.body.dump();
      expect({ status: plain.statusCode, to: plain.headers.location }).toEqual({
        status: 308,
        to: `${proxy.url}${PATH}`,
      });
    });

    it('is looked at and steered by a browser with the password, and by no other site', async () => {
      const { proxy, via } = await startBoth(startProxy);
      expect((await ask(proxy, '/status', { via })).status).toBe(401);
      expect((await ask(proxy, '/status', { via, headers: BASIC })).status).toBe(200);
      expect((await ask(proxy, '/', { via, headers: BASIC })).headers['content-type']).toMatch(/^text\/html/);
      const own = { ...BASIC, 'sec-fetch-site': 'same-origin', origin: proxy.url };
      const foreign = { ...BASIC, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const press = (button: string, headers: Record<string, string>) =>
        ask(proxy, button, { method: 'POST', via, headers: { ...form, ...headers } });
      expect((await press('/pause', foreign)).status).toBe(403);
      const { status, headers } = await press('/pause', own);
      expect({ status, to: headers.location }).toEqual({ status: 303, to: './?done=pause' }); // below whatever path this is
      expect((await ask(proxy, '/?done=pause', { via, headers: BASIC })).body).toContain('Sharing is paused');
    });

    it('leaves nothing in the access log that is nobody’s business', async () => {
      const { proxy, via } = await startBoth(startProxy);
      await post(proxy, Buffer.from(JSON.stringify(message2026({ text: 'canary-text' }))), via);
      await ask(proxy, '/status?line=%2B12025550100&x=canary-query', { via, headers: TOKEN });
      await ask(proxy, '/status/lines/%2B12025550100/hold', { via, headers: BASIC });
      await ask(proxy, '/status/lines/+12025550101/hold?x=canary-query', { via, headers: TOKEN });
      await ask(proxy, '/lines/%2B12025550102/release', { method: 'POST', via, headers: TOKEN });
      await ask(proxy, '/healthz', { via });
      const log = await until(
        async () => proxy.accessLog(),
        (text) => text.split('/healthz').length > 2,
      );
      expect(log).toContain('/webhooks/linq');
      expect(log).toContain(SENDER);
      const secrets = [STATUS_TOKEN, BASIC.authorization.slice(6), 'v1,'];
      for (const canary of ['canary', '2025550', 'version=', ...secrets]) expect(log).not.toContain(canary);
    });

    it('keeps its page within one’s network, if told so, and takes deliveries from everywhere', async () => {
      const { proxy, via } = await startBoth(startProxy, {}, true);
      const body = Buffer.from(JSON.stringify(message2026()));
      expect((await post(proxy, body, via)).status).toBe(204);
      for (const path of ['/', '/status', '/metrics', '/status/chats']) {
        expect({ path, ...(await ask(proxy, path, { via, headers: TOKEN })) }).toMatchObject({
          status: expect.toSatisfy((status) => status === 403 || status === 404),
          body: expect.not.stringContaining('"chats"'),
        });
      }
      for (const path of ['/healthz', '/readyz'])
        expect({ path, status: (await ask(proxy, path, { via })).status }).toEqual({ path, status: 200 });
      const inside = await ask(proxy, '/status', { via: proxy.from(INSIDE), headers: TOKEN });
      expect(inside.status).toBe(200);
    });
  });
}
