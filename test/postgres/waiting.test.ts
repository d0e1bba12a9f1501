import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { type Clock, createSystemClock } from '../../src/clock.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { freePort } from '../helpers/free-port.ts';
import { createPostgresProxy } from '../helpers/postgres-proxy.ts';
import { createPostgresServer, type PostgresServer } from '../helpers/postgres-server.ts';
import { createWorkDir, launch } from '../helpers/process.ts';
import { startService } from '../helpers/service.ts';
import { runVerbHere } from '../helpers/verb-here.ts';

describe('a service whose database is down when it starts', () => {
  let server: PostgresServer;

  beforeAll(() => {
    server = createPostgresServer();
  });

  afterAll(async () => {
    await server.remove();
  });

  /** Its pauses between two tries last until the test ends them. */
  function createPatientClock() {
    let tellWaiting = () => {};
    let endPauses = () => {};
    const waiting = new Promise<void>((resolve) => {
      tellWaiting = resolve;
    });
    const over = new Promise<void>((resolve) => {
      endPauses = resolve;
    });
    const system = createSystemClock();
    const clock: Clock = {
      ...system,
      async sleepUntil(until, ms, signal) {
        if (until !== Number.POSITIVE_INFINITY || ms > 4_000) return system.sleepUntil(until, ms, signal);
        tellWaiting();
        return over;
      },
    };
    return { clock, waiting, endPauses };
  }

  it('waits for it, is not ready, and starts by itself', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const { clock, waiting, endPauses } = createPatientClock();
    const directory = createWorkDir();
    const settings = { DATABASE_URL: server.url, PORT: String(port) };
    const starting = startService(directory, settings, clock);
    await waiting;

    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      code: 'NOT_READY',
      checks: { store: expect.stringMatching(/unavailable/) },
    });
    const delivery = await fetch(`${url}/webhooks/linq`, { method: 'POST', body: '{}' });
    expect([delivery.status, delivery.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await runVerbHere(directory, ['healthcheck'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/database can’t be used yet \(unavailable\); the service log says why/),
    });

    await server.start();
    endPauses();
    const service = await starting;
    expect(service.log().find(({ msg }) => msg === 'store.waiting')).toMatchObject({
      level: 'warn',
      msg: 'store.waiting',
      database: expect.stringMatching(/^postgres:\/\//),
      fault: 'unavailable',
      why: expect.stringMatching(/can’t be reached; check the server/),
    });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it('waits for a server that only reads, too', async () => {
    await server.stop();
    await server.start({ default_transaction_read_only: 'on' });
    const { clock, waiting, endPauses } = createPatientClock();
    const starting = startService(createWorkDir(), { DATABASE_URL: server.url }, clock);
    await waiting;
    await server.stop();
    await server.start();
    endPauses();
    const service = await starting;
    expect(service.log().find(({ msg }) => msg === 'store.waiting')).toMatchObject({
      msg: 'store.waiting',
      fault: 'readonly',
    });
  });
});

it('a start during which the database fails begins again', async () => {
  const proxy = await createPostgresProxy(inject('postgresUrl'));
  onTestFinished(() => proxy.close());
  proxy.loseAnswerTo('INSERT INTO "start_again".replicas');
  const DATABASE_SCHEMA = 'start_again';
  const service = await startService(createWorkDir(), { DATABASE_URL: proxy.url, DATABASE_SCHEMA });
  await proxy.lost();
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
});

it('a service whose database goes away refuses deliveries for a while, and takes them once it is back', async () => {
  const proxy = await createPostgresProxy(inject('postgresUrl'));
  onTestFinished(() => proxy.close());
  const settings = { DATABASE_URL: proxy.url, DATABASE_SCHEMA: 'goes_away' };
  const { url } = await startService(createWorkDir(), settings);
  const event = message2026();
  expect(await deliver(url, event)).toMatchObject({ status: 204 });
  proxy.cut();
  expect(await deliver(url, event)).toMatchObject({
    status: 503,
    headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
  });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  proxy.mend();
  const again = async () => (await deliver(url, event)).status;
  await expect.poll(again).toBe(204);
});

it('a start that waits for its database ends at once when it is told to', async () => {
  const port = await freePort();
  const settings = { DATABASE_URL: 'postgres://reactor@127.0.0.1:9/reactor', PORT: String(port) };
  const running = launch(createWorkDir(), settings);
  await expect.poll(() => running.output()).toContain('"store.waiting"');
  expect(await running.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
