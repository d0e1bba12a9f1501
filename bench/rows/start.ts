import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { type BenchContext, roundName } from '../context.ts';
import { MILLION, millionChats } from '../million.ts';
import { MAIN } from '../program.ts';
import { type Result, resultOf } from '../report.ts';
import { API_KEY, SECRET } from '../settings.ts';
import { median } from '../stats.ts';

const POLL_MS = 5;
const GIVE_UP_MS = 60_000;

/** From the start of the process until it says that it is ready, with a million chats in its database. */
export async function measureStart({
  say,
  rounds,
  cacheDir,
  workDir,
}: BenchContext): Promise<readonly Result[]> {
  const databasePath = await millionChats(cacheDir, say);
  const tookMs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const ms = await startOnce(databasePath, workDir);
    say(`start: ${roundName(round, rounds)}: ready after ${Math.round(ms)} ms`);
    if (round > 0) tookMs.push(ms);
  }
  return [
    resultOf({
      row: 'start',
      what: `start with ${MILLION.toLocaleString('en')} chats until ready`,
      target: { atMost: 2_000 },
      unit: 'ms',
      measured: median(tookMs),
      details: { tookMs },
    }),
  ];
}

async function startOnce(databasePath: string, workDir: string): Promise<number> {
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
    },
  });
  try {
    await ready(child, port, startedAt);
    return performance.now() - startedAt;
  } finally {
    await stop(child);
  }
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
