import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startApp } from '../../src/app/app.ts';
import { createSystemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { SECRET } from '../helpers/deliver.ts';

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });

function startIn(directory: string, port: number, name = 'reactor.db') {
  const env = {
    LINQ_API_KEY: 'test-api-key',
    LINQ_API_BASE_URL: 'http://127.0.0.1:9',
    LINQ_WEBHOOK_SECRET: SECRET,
    DATABASE_URL: `file:${join(directory, name)}`,
    PORT: `${port}`,
  };
  const { config } = loadConfig({ env, envFile: {}, readFile: () => '' }, false);
  const clock = createSystemClock();
  return startApp({ config, clock, version: '0', onFatal: () => {}, logStream: nowhere });
}

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

it('a start that fails leaves the database free and no token behind', async () => {
  const directory = newDirectory();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());

  const { port } = taken.address() as AddressInfo;
  await expect(startIn(directory, port)).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' });
  expect(existsSync(join(directory, 'reactor.db.cli-token'))).toBe(false);

  const app = await startIn(directory, 0); // the lock is this process's own: had it been kept, this would fail
  expect(existsSync(join(directory, 'reactor.db.cli-token'))).toBe(true);
  await app.stop();
});

it('lets 4,096 connections wait until they are accepted', async () => {
  const listen = vi.spyOn(Server.prototype, 'listen');
  onTestFinished(() => listen.mockRestore());
  const app = await startIn(newDirectory(), 0);
  expect(listen.mock.calls.map(([options]) => options)).toEqual([expect.objectContaining({ backlog: 4096 })]);
  await app.stop();
});

it("the token's file is made anew, for its owner alone, whatever was there", async () => {
  const directory = newDirectory();
  const target = join(directory, 'somebody-elses');
  writeFileSync(target, 'kept', { mode: 0o644 });
  symlinkSync(target, join(directory, 'reactor.db.cli-token'));
  const app = await startIn(directory, 0);
  expect(lstatSync(join(directory, 'reactor.db.cli-token')).mode & 0o777).toBe(0o600);
  expect(readFileSync(target, 'utf8')).toBe('kept');
  await app.stop();
});

it('two databases in one directory have a token each, and none takes away what it did not write', async () => {
  const directory = newDirectory();
  const [one, other] = await Promise.all([startIn(directory, 0), startIn(directory, 0, 'other.db')]);
  await one.stop();
  expect(readdirSync(directory).filter((name) => name.endsWith('cli-token'))).toEqual(['other.db.cli-token']);
  writeFileSync(join(directory, 'other.db.cli-token'), 'of another process');
  await other.stop();
  expect(readFileSync(join(directory, 'other.db.cli-token'), 'utf8')).toBe('of another process');
});

it.each([
  ['headers', 'POST /webhooks/linq HTTP/1.1\r\nhost: x\r\n'],
  [
    'body',
    'POST /webhooks/linq HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
  ],
  [
    'body was refused by its headers and',
    'POST /webhooks/linq HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9000000\r\n\r\n{',
  ],
])('a stop does not wait for a request whose %s never come to their end', async (_, sent) => {
  const app = await startIn(newDirectory(), 0);
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  socket.on('error', () => {}).resume();
  const closed = once(socket, 'close');
  await new Promise<void>((resolve) => socket.write(sent, () => resolve()));
  await fetch(`${app.url}/healthz`); // by now the server has read what the other connection sent
  await Promise.all([app.stop(), closed]);
});
