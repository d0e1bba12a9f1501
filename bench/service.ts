import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { MAIN } from './program.ts';
import { API_KEY, SECRET } from './settings.ts';

const POLL_MS = 5;
const GIVE_UP_MS = 60_000;

/** The built program, serving, as people run it. */
export interface Service {
  readonly port: number;
  /** The most memory that it had so far. Needs Linux's /proc. */
  peakRssMiB(): number;
  stop(): Promise<void>;
}

/** Resolves once it says that it is ready. Its calls to Linq fail at once. */
export async function startService(
  databasePath: string,
  workDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(MAIN), 'serve'], {
    cwd: workDir, // no .env there
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      LINQ_API_KEY: API_KEY,
      LINQ_WEBHOOK_SECRET: SECRET,
      LINQ_API_BASE_URL: 'http://127.0.0.1:9',
      DATABASE_URL: `file:${databasePath}`,
      PORT: String(port),
      ...settings,
    },
  });
  try {
    await ready(child, port, startedAt);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return {
    port,
    peakRssMiB() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    },
    stop: () => stop(child),
  };
}

async function ready(child: ChildProcess, port: number, startedAt: number): Promise<void> {
  while (performance.now() - startedAt < GIVE_UP_MS) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    const status = await request(`http://127.0.0.1:${port}/readyz`).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode;
      },
      () => null, // not listening yet
    );
    if (status === 200) return;
    await delay(POLL_MS);
  }
  throw new Error(`not ready after ${GIVE_UP_MS} ms`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
