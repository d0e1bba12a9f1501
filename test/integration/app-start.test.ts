import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { startApp } from '../../src/app.ts';
import { createSystemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { SECRET } from '../helpers/deliver.ts';

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });

it('a start that fails leaves the database free and no token behind', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());

  const start = (port: number) => {
    const env = {
      LINQ_API_KEY: 'test-api-key',
      LINQ_API_BASE_URL: 'http://127.0.0.1:9',
      LINQ_WEBHOOK_SECRET: SECRET,
      DATABASE_URL: `file:${join(directory, 'reactor.db')}`,
      PORT: `${port}`,
    };
    const { config } = loadConfig({ env, envFile: {}, readFile: () => '' }, false);
    return startApp({
      config,
      clock: createSystemClock(),
      version: '0',
      onFatal: () => {},
      logStream: nowhere,
    });
  };

  const { port } = taken.address() as AddressInfo;
  await expect(start(port)).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' });
  expect(existsSync(join(directory, 'cli-token'))).toBe(false);

  const app = await start(0); // the lock is this process's own: had it been kept, this would fail
  expect(existsSync(join(directory, 'cli-token'))).toBe(true);
  await app.stop();
});
