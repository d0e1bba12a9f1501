import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SECRET } from '../helpers/deliver.ts';

const STATUS_TOKEN = 'a-status-token-for-the-house';

/** A function of a script, and how often it ran in each of its parts; the first range is the whole of it. */
export interface CoveredFunction {
  readonly functionName: string;
  readonly ranges: readonly {
    readonly startOffset: number;
    readonly endOffset: number;
    readonly count: number;
  }[];
}

export interface CoveredScript {
  readonly url: string;
  readonly functions: readonly CoveredFunction[];
}

/** A call on the stack: the function's name may be empty, the position is an offset in the script that runs. */
export interface Frame {
  readonly url: string;
  readonly name: string;
  readonly position: number;
}

/** The service as a process of its own, from its source files, with a probe in it. */
export interface ProbedService {
  readonly url: string;
  /** Which functions ran since the last call. */
  coverage(): Promise<readonly CoveredScript[]>;
  /** Which functions ran while the delivery since `watchAnswering` was answered: from its request to the end of its answer. */
  watchAnswering(): Promise<void>;
  answering(): Promise<readonly CoveredScript[]>;
  watchStatements(): Promise<void>;
  /** The stacks at which statements ran since `watchStatements`, each once, innermost call first. */
  statements(): Promise<readonly (readonly Frame[])[]>;
  /** What runs: the source as it was compiled. */
  sources(urls: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Calls the status API; resolves to the body of its answer. @throws when it isn't a 2xx */
  call(method: string, path: string): Promise<string>;
  /** Resolves when the log has this line with this field. */
  logged(msg: string, field: string, value: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts `src/main.ts serve` of this tree against a Linq that takes everything.
 * @param root the tree's folder
 */
export async function startProbed(root: string): Promise<ProbedService> {
  const directory = mkdtempSync(join(tmpdir(), 'house-'));
  const linq = await startLinq();
  const inTree = createRequire(join(root, 'package.json'));
  const preloads = [pathToFileURL(inTree.resolve('tsx')).href, new URL('probe.mjs', import.meta.url).href];
  const child = spawn(
    process.execPath,
    [...preloads.map((url) => `--import=${url}`), join(root, 'src/main.ts'), 'serve'],
    {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        HOUSE_ROOT: join(root, 'package.json'),
        LINQ_API_KEY: 'a-key',
        LINQ_API_BASE_URL: `http://127.0.0.1:${portOf(linq)}`,
        LINQ_WEBHOOK_SECRET: SECRET,
        STATUS_TOKEN,
        PORT: '0',
        CATCH_UP_EVERY: '0',
        SHARE_RATE_PER_LINE: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    linq.close();
    linq.closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const log = followLog(child);
    const url = String((await log.find((line) => line.msg === 'service.started')).url);
    const ask = createAsking(child);
    return {
      url,
      coverage: () => ask<readonly CoveredScript[]>('coverage'),
      watchAnswering: () => ask<void>('watchAnswering'),
      answering: () => ask<readonly CoveredScript[]>('answering'),
      watchStatements: () => ask<void>('watchStatements'),
      statements: () => ask<readonly (readonly Frame[])[]>('statements'),
      sources: async (urls) => new Map(await ask<readonly (readonly [string, string])[]>('sources', urls)),
      async call(method, path) {
        const credentials = Buffer.from(`operator:${STATUS_TOKEN}`).toString('base64');
        const answer = await fetch(`${url}${path}`, {
          method,
          headers: path.startsWith('/status')
            ? { authorization: `Bearer ${STATUS_TOKEN}` }
            : { authorization: `Basic ${credentials}`, accept: 'text/html' },
        });
        const body = await answer.text();
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${body}`);
        return body;
      },
      logged: async (msg, field, value) =>
        void (await log.find((line) => line.msg === msg && line[field] === value)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Answers every share with 204, and knows an active card for every line. */
async function startLinq(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method === 'POST') return void response.writeHead(204).end();
    const line = new URL(request.url ?? '', 'http://localhost').searchParams.get('phone_number');
    const cards = line === null ? [] : [{ phone_number: line, first_name: 'House', is_active: true }];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ contact_cards: cards }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

type LogLine = Readonly<Record<string, unknown>>;

function followLog(child: ChildProcess) {
  const lines: LogLine[] = [];
  const output: string[] = [];
  const waiting = new Set<() => void>();
  let hasEnded = false;
  let rest = '';
  const wake = () => {
    for (const look of waiting) look();
  };
  child.stderr?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const whole = (rest + chunk).split('\n');
    rest = whole.pop() ?? '';
    for (const text of whole) {
      output.push(`${text}\n`);
      if (text.startsWith('{')) lines.push(JSON.parse(text));
    }
    wake();
  });
  child.once('close', () => {
    hasEnded = true;
    wake();
  });
  return {
    find: (matches: (line: LogLine) => boolean) =>
      new Promise<LogLine>((resolve, reject) => {
        const look = () => {
          const found = lines.find(matches);
          if (found === undefined && !hasEnded) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`the service ended:\n${output.join('')}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

function createAsking(child: ChildProcess) {
  let lastId = 0;
  return <A>(question: string, ...args: readonly unknown[]) =>
    new Promise<A>((resolve, reject) => {
      const id = ++lastId;
      const hear = (message: { id: number; answer: A }) => {
        if (message.id !== id) return;
        child.off('message', hear);
        child.off('close', fail);
        resolve(message.answer);
      };
      const fail = () => reject(new Error(`the service ended while it was asked for ${question}`));
      child.on('message', hear);
      child.once('close', fail);
      child.send({ id, question, args });
    });
}
