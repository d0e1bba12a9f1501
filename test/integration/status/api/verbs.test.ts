import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { TOKEN } from '../harness.ts';
import { runVerb, startService } from './verbs-harness.ts';

describe('how a verb finds and enters the service', () => {
  it('reads HOST and PORT, or --url, and STATUS_TOKEN', async () => {
    const { url, env } = await startService();
    expect((await runVerb(['pause'], { env })).exitCode).toBe(0);
    expect((await runVerb(['resume', '--url', url], { env: { STATUS_TOKEN: TOKEN } })).exitCode).toBe(0);
  });

  it('uses the token beside the database when no STATUS_TOKEN is set', async () => {
    const { env, files } = await startService({ deps: { statusToken: null } });
    const machine = { env: { PORT: env.PORT }, files };
    expect(await runVerb(['pause'], machine)).toEqual({
      exitCode: 0,
      out: 'All sharing is paused. `resume` ends the pause.\n',
      error: '',
    });
  });

  it('ends with 3 and what to set when it has no token, or another one', async () => {
    const { env, run } = await startService();
    const without = await run('status', { env: { PORT: env.PORT } });
    expect(without).toMatchObject({
      exitCode: 3,
      out: '',
      error: expect.stringContaining('Set STATUS_TOKEN'),
    });
    const other = await run('status', { env: { PORT: env.PORT, STATUS_TOKEN: 'another-token-than-that' } });
    expect(other).toMatchObject({
      exitCode: 3,
      error: expect.stringContaining('isn’t that service’s'),
    });
  });

  it('says that its own token is for localhost only, where it asks elsewhere', async () => {
    const { env } = await startService({ deps: { statusToken: null } });
    const ask = (host: string) => runVerb(['status', '--url', `http://${host}:${env.PORT}`], {});
    const elsewhere = await ask('0.0.0.0'); // which leads here, too
    expect(elsewhere.exitCode).toBe(3);
    expect(elsewhere.error).toMatch(
      /over localhost only: set STATUS_TOKEN for the service, and the same here/,
    );
    expect(elsewhere.error).not.toContain('in its directory');
    expect((await ask('127.0.0.1')).error).toContain('as its user and in its directory');
  });

  it('ends with 5 and what to do when nothing answers', async () => {
    const { app, url, run } = await startService();
    await app.close();
    for (const verb of ['status', 'chat list', 'line list', 'pause', 'resume', 'healthcheck']) {
      const { exitCode, error } = await run(verb);
      expect(exitCode).toBe(5);
      expect(error).toBe(
        `Nothing answers at ${url} (ECONNREFUSED). Start the service with \`contact-card-reactor serve\`, or pass its address with --url (or set HOST and PORT).\n`,
      );
    }
  });

  it('waits 5 s for a connection, its encryption included', async () => {
    const silent = createTcpServer((socket) => void socket.resume()).listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const startedAt = performance.now();
    const status = await runVerb(['status', '--url', `https://127.0.0.1:${port}`]);
    expect(status).toMatchObject({ exitCode: 5, error: expect.stringContaining('(ETIMEDOUT)') });
    expect(performance.now() - startedAt).toBeLessThan(9_000);
  });

  it('ends with 1 when something else answers there', async () => {
    const other = fastify();
    other.get('/status', async () => ({ hello: 'world' }));
    other.get('/readyz', async (_request, reply) => reply.type('text/html').send('<html>'));
    onTestFinished(() => other.close());
    const url = await other.listen({ host: '127.0.0.1', port: 0 });
    const status = await runVerb(['status', '--url', url]);
    expect(status).toMatchObject({ exitCode: 1, error: expect.stringContaining('doesn’t understand') });
    expect((await runVerb(['healthcheck', '--url', url])).exitCode).toBe(1);
    const pause = await runVerb(['pause', '--url', url]);
    expect(pause).toMatchObject({ exitCode: 1, error: expect.stringContaining('not found') });
  });

  it('reads no more than 16 MiB of what answers there, and ends with 1', async () => {
    const endless = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const mebibyte = ' '.repeat(1024 * 1024);
      const more = () => {
        while (!response.closed && response.write(mebibyte));
      };
      response.on('drain', more);
      more();
    });
    onTestFinished(() => {
      endless.closeAllConnections();
      endless.close();
    });
    endless.listen(0, '127.0.0.1');
    await once(endless, 'listening');
    const { port } = endless.address() as AddressInfo;
    const status = await runVerb(['status', '--url', `http://127.0.0.1:${port}`]);
    expect(status).toMatchObject({ exitCode: 1, error: expect.stringContaining('doesn’t understand') });
  });

  it('ends with 2 for a wrong command line', async () => {
    const { run } = await startService();
    for (const args of [
      'chat show',
      'chat show a b',
      'pause now',
      'line',
      'status --verbose',
      'pause --url nowhere',
    ]) {
      expect((await run(args)).exitCode).toBe(2);
    }
  });

  it('ends with 3 for a wrong setting', async () => {
    expect(await runVerb(['status'], { env: { PORT: 'x' } })).toMatchObject({
      exitCode: 3,
      error: expect.stringContaining('PORT: expected a port from 0 to 65535'),
    });
  });
});

describe('healthcheck', () => {
  it('needs no token, and tells what is not ready', async () => {
    const { env, run } = await startService();
    const machine = { env: { PORT: env.PORT } };
    expect(await run('healthcheck', machine)).toEqual({ exitCode: 0, out: 'ready\n', error: '' });
    const draining = await startService({ deps: { isDraining: () => true } });
    expect(await draining.run('healthcheck')).toEqual({
      exitCode: 1,
      out: '',
      error: 'Not ready: accepting: the service is shutting down.\n',
    });
  });

  it('prints the JSON of the service', async () => {
    const { run } = await startService();
    expect(JSON.parse((await run('healthcheck --json')).out)).toMatchObject({ status: 'ready' });
  });
});

describe('pause and resume', () => {
  it('stop and start all sharing', async () => {
    const { run, get } = await startService();
    expect(await run('pause --json')).toMatchObject({ exitCode: 0, out: '{\n  "paused": true\n}\n' });
    expect((await get('/status')).body.paused).toBe(true);
    expect(await run('resume')).toMatchObject({ exitCode: 0, out: 'Sharing is resumed.\n' });
    expect((await get('/status')).body.paused).toBe(false);
  });
});

describe('line list and release', () => {
  it('lists the lines, and releases one', async () => {
    const events = [outboundOf(T), lineEventOf({ status: 'FLAGGED' })];
    const { run, clock, idle } = await startService({ events });
    await idle();
    clock.advance(1);
    expect((await run('line list')).out).toBe(
      [
        'LINE         CARD    CARD CHECKED             CHATS  HOLD          UNTIL',
        '+1•••••0100  active  2026-11-03 16:00:00 UTC  1      line_flagged  2026-11-03 22:00:00 UTC',
        '',
      ].join('\n'),
    );
    expect(await run('line release +1•••••0100')).toMatchObject({
      exitCode: 0,
      out: 'Line +1•••••0100 is released.\n',
    });
    expect(JSON.parse((await run('line list --json')).out)).toMatchObject([{ hold: null }]);
  });

  it('tells what still holds a line', async () => {
    const { run, idle } = await startService({ events: [outboundOf(T)], cards: [OTHER_LINE] });
    await idle();
    expect((await run(`line release ${LINE}`)).out).toContain('its card is still missing.');
  });

  it('ends with 1 for a line that is not known', async () => {
    const { run } = await startService();
    expect(await run('line release +12025550199')).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining('Unknown line'),
    });
    expect((await run('line list')).out).toBe('No lines known yet.\n');
  });
});
