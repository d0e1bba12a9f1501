import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../../src/decide/time.ts';
import { StoreError } from '../../../../src/errors.ts';
import { startStatus } from '../harness.ts';

const OK = { store: 'ok', disk: 'ok', migrated: 'ok', dispatcher: 'ok', accepting: 'ok' };

describe('GET /healthz', () => {
  it('answers while the process does', async () => {
    const { get } = await startStatus();
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });
});

describe('GET /readyz', () => {
  it('is ready while every check passes', async () => {
    const { get } = await startStatus();
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready', checks: OK } });
  });

  it('names the store when it cannot be written', async () => {
    const { get, store } = await startStatus();
    store.probe = async () => {
      throw new StoreError('full', 'no space left on /some/secret/path');
    };
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: {
        statusCode: 503,
        code: 'NOT_READY',
        error: 'Service Unavailable',
        message: 'Not ready: store: the database can’t be written (full).',
        checks: { ...OK, store: 'the database can’t be written (full)' },
      },
    });
  });

  it('names the disk when less than 64 MiB are left of a large one, or a twentieth of a small one', async () => {
    const { get, store } = await startStatus();
    const readyWith = async (freeBytes: number, totalBytes: number) => {
      store.diskSpace = async () => ({ freeBytes, totalBytes });
      return get('/readyz');
    };
    const mib = 1024 ** 2;
    expect((await readyWith(64 * mib, 100_000 * mib)).status).toBe(200);
    expect((await readyWith(64 * mib - 1, 100_000 * mib)).body).toMatchObject({
      code: 'NOT_READY',
      checks: { ...OK, disk: 'the disk is full: 63 MiB left' },
    });
    expect((await readyWith(5 * mib, 100 * mib)).status).toBe(200);
    expect((await readyWith(5 * mib - 1, 100 * mib)).status).toBe(503);
  });

  it('leaves the disk out where nobody knows of it', async () => {
    const { get, store } = await startStatus();
    store.diskSpace = async () => null;
    expect((await get('/readyz')).status).toBe(200);
  });

  it('names the dispatcher when it took no turn for 2 minutes', async () => {
    const { get, clock, dispatcher, store } = await startStatus();
    const stoppedAt = dispatcher.lastTurnAt();
    store.agenda = async () => {
      throw new StoreError('busy', 'busy');
    };
    clock.advance(stoppedAt + 2 * MINUTE - 1 - clock.monotonic());
    expect((await get('/readyz')).status).toBe(200);
    clock.advance(1);
    const { status, body } = await get('/readyz');
    expect(status).toBe(503);
    expect(body.checks).toEqual({ ...OK, dispatcher: 'has not run for 120 s' });
  });

  it('names the shutting down', async () => {
    const { get } = await startStatus({ deps: { isDraining: () => true } });
    const { status, body } = await get('/readyz');
    expect(status).toBe(503);
    expect(body.message).toContain('accepting: the service is shutting down');
  });

  it('names a database without a schema', async () => {
    const { store } = await startStatus();
    const { get } = await startStatus({ deps: { store: { ...store, schemaVersion: 0 } } });
    expect((await get('/readyz')).body.message).toBe('Not ready: migrated: the database has no schema yet.');
  });
});
