import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CheckId, Finding } from '../../src/doctor/finding.ts';
import { message2026, sign } from '../helpers/deliver.ts';
import { startReactor } from '../helpers/process.ts';
import { knowChat } from '../helpers/rig.ts';
import { readOverview, until } from '../helpers/status.ts';
import { runVerb } from '../helpers/verb.ts';
import { ask, PATH, post, SENDER, startBoth } from './asking.ts';
import { bodyOf, UNUSUAL_BODIES } from './bodies.ts';
import type { StartProxy } from './proxy.ts';
import { postOverHttp2, statusOfHuge } from './raw-tls.ts';
import { startUpstream } from './upstream.ts';

const MIB = 1024 * 1024;
const OF_THE_WAY: readonly CheckId[] = ['public_connection', 'public_certificate', 'round_trip'];

/** What every proxy that is shipped must do with deliveries. */
export function describeDeliveries(name: string, startProxy: StartProxy): void {
  describe(`the service behind ${name}`, () => {
    it('gets deliveries byte by byte, so that their signatures hold, whatever is in them', async () => {
      const { proxy, via, simulator } = await startBoth(startProxy);
      for (const [what, body, status] of UNUSUAL_BODIES) {
        expect({ what, status: (await post(proxy, body, via)).status }).toEqual({ what, status });
      }
      const chatId = randomUUID();
      knowChat(simulator, { chatId, line: '+12025550100' });
      const body = Buffer.from(JSON.stringify(message2026({ chatId, sentAt: Date.now() })));
      const altered = Buffer.from(`${body} `);
      const headers = sign(body, { at: Date.now() });
      expect((await ask(proxy, PATH, { method: 'POST', body: altered, headers })).status).toBe(401);
      const inPieces = await ask(proxy, PATH, {
        method: 'POST',
        body: Readable.from([body.subarray(0, 10), body.subarray(10)]),
        headers,
      });
      expect(inPieces.status).toBe(204);
      expect(await postOverHttp2(proxy, body)).toBe(204);
      await until(
        async () => simulator.calls,
        (calls) => calls.some((call) => call.chatId === chatId),
      );
    });

    it('passes the doctor’s own signed round trip', async () => {
      const { proxy, reactor, directory, simulator } = await startBoth(startProxy);
      const authority = join(directory, 'authority.pem');
      writeFileSync(authority, proxy.authority());
      const args = ['doctor', '--json', '--url', reactor.url, '--ca', authority];
      const settings = { PUBLIC_URL: proxy.url, LINQ_API_BASE_URL: simulator.baseUrl };
      const { stdout } = await runVerb(directory, args, settings);
      const findings: Pick<Finding, 'id' | 'state' | 'message'>[] = JSON.parse(stdout).findings;
      const seen = findings.filter(({ id }) => OF_THE_WAY.includes(id));
      expect(seen).toEqual(OF_THE_WAY.map((id) => expect.objectContaining({ id, state: 'ok' })));
    });

    it('takes bodies of up to 1 MiB, and what is larger is answered 413', async () => {
      const { proxy, via, reactor } = await startBoth(startProxy);
      expect((await post(proxy, bodyOf(MIB), via)).status).toBe(204);
      const over = await post(proxy, bodyOf(MIB + 1), via);
      expect({ status: over.status, ...JSON.parse(over.body) }).toMatchObject({
        status: 413,
        statusCode: 413,
      });
      expect((await readOverview(reactor.url)).webhooks.rejected.size).toBe(1);
      expect(await statusOfHuge(proxy, 8 * MIB)).toBe(413);
      expect((await post(proxy, bodyOf(1000), via)).status).toBe(204);
    });

    it('is sent requests as they came, none redirected, over connections that are kept', async () => {
      const upstream = await startUpstream();
      const proxy = await startProxy(upstream.address);
      const earlier = { requests: upstream.requests.length, connections: upstream.connections() };
      const via = proxy.from(SENDER, { connections: 1 });
      let dialled = 0;
      via.on('connect', () => dialled++);
      const paths = [
        PATH,
        '/webhooks/linq/',
        '/webhooks/linq/?a=%2F%20+&a=',
        '/webhooks//linq',
        '/WEBHOOKS/linq',
      ];
      const body = Buffer.from([0, 255, 13, 10]);
      const more = {
        'webhook-id': 'msg_1',
        'x-forwarded-for': '203.0.113.7',
        'x-forwarded-host': 'evil.example',
      };
      for (let n = 0; n < 40; n++) {
        const path = paths[n % paths.length] ?? '';
        expect((await ask(proxy, path, { method: 'POST', body, via, headers: more })).status).toBe(204);
        const seen = upstream.requests.at(-1);
        expect(seen).toMatchObject({ method: 'POST', path, body });
        expect(seen?.headers).toMatchObject({
          'webhook-id': 'msg_1',
          host: new URL(proxy.url).host,
          'x-forwarded-for': SENDER,
          'x-forwarded-proto': 'https',
          'x-forwarded-host': new URL(proxy.url).host,
          'content-length': '4',
        });
        expect(seen?.headers).not.toHaveProperty('accept-encoding');
      }
      expect(upstream.requests.length - earlier.requests).toBe(40);
      expect(upstream.connections() - earlier.connections).toBeLessThanOrEqual(2);
      expect(dialled).toBe(1);
    });

    it('is down: the answer is one after which Linq sends again; it is back: all is well at once', async () => {
      const { proxy, via, reactor, directory, simulator } = await startBoth(startProxy);
      const body = Buffer.from(JSON.stringify(message2026()));
      expect((await post(proxy, body, via)).status).toBe(204);
      await reactor.end('SIGTERM');
      const before = performance.now();
      const { status, headers } = await post(proxy, body, via);
      expect([502, 503]).toContain(status);
      expect(performance.now() - before).toBeLessThan(10_000); // so long Linq waits
      expect(headers['strict-transport-security']).toMatch(/^max-age=\d{8}$/);
      const { port } = new URL(reactor.url);
      await startReactor(directory, {
        TRUST_PROXY: 'loopback',
        LINQ_API_BASE_URL: simulator.baseUrl,
        PORT: port,
      });
      expect((await post(proxy, body, via)).status).toBe(204);
    });
  });
}
