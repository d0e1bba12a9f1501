import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { request } from 'undici';
import { onTestFinished } from 'vitest';
import { type App, startApp } from '../../../src/app/app.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { SECRET } from '../../helpers/deliver.ts';
import { LINES } from '../../helpers/deliveries.ts';
import { createLeapingClock, type LeapingClock } from '../../helpers/leaping-clock.ts';
import { API_KEY, createWorkDir, type Settings, STATUS_TOKEN } from '../../helpers/process.ts';
import { startSimulator } from '../../helpers/rig.ts';
import { NOTHING } from '../../helpers/setting-up.ts';
import { until } from '../../helpers/status.ts';
import { type Printed, runVerbHere } from '../../helpers/verb-here.ts';
import { createSettingsFile, type SettingsFile } from './settings-file.ts';

export const [LINE, OTHER_LINE] = LINES;

/** A service with its settings file and an account at Linq, both under a clock that leaps. */
export interface World {
  readonly simulator: Simulator;
  readonly clock: LeapingClock;
  readonly directory: string;
  readonly file: SettingsFile;
  /** Where the service listens. */
  url(): string;
  /** Changes the settings file, as an operator does, and restarts the service. */
  restart(changed?: Settings): Promise<void>;
  /** Restarts; does this while the service is down. */
  whileDown(work: () => Promise<void>): Promise<void>;
  /** Runs a verb in the service's directory. @throws when it doesn't end with 0 */
  verb(...args: string[]): Promise<Printed>;
  /** Writes in a new chat; Linq tells of it, and it is taken in. */
  write(line?: string): Promise<string>;
  /** Looks until it holds; so much time passes between two looks. */
  until(condition: () => boolean | Promise<boolean>, leapMs?: number): Promise<void>;
}

export async function createWorld(
  settings: Settings = {},
  prepare: (directory: string) => void = () => {},
): Promise<World> {
  const clock = createLeapingClock();
  const simulator = await startSimulator({ clock: clock.elsewhere });
  const directory = createWorkDir();
  prepare(directory);
  const publicUrl = await startFront(() => app.url);
  simulator.subscribe({ targetUrl: `${publicUrl}/webhooks/linq?version=2026-02-03`, signingSecret: SECRET });
  const file = createSettingsFile(directory, {
    LINQ_API_KEY: API_KEY,
    LINQ_API_BASE_URL: simulator.baseUrl,
    LINQ_WEBHOOK_SECRET: SECRET,
    PUBLIC_URL: publicUrl,
    STATUS_TOKEN,
    DATABASE_URL: `file:${join(directory, 'data', 'reactor.db')}`,
    PORT: '0',
    CATCH_UP_EVERY: '0', // it would tell what a webhook should have told
    WEBHOOKS_SILENT_AFTER: '0', // hours pass here in no time
    ...settings,
  });
  const start = () =>
    startApp({
      config: loadConfig(file.sources(), false).config,
      clock,
      version: '0',
      onFatal: () => {},
      logStream: new Writable({ write: (_chunk, _encoding, done) => done() }),
    });
  let app: App = await start();
  onTestFinished(() => app.stop());

  async function whileDown(work: () => Promise<void>): Promise<void> {
    await app.stop();
    clock.restarted();
    await work();
    app = await start();
  }

  return {
    simulator,
    clock,
    directory,
    file,
    url: () => app.url,
    restart: (changed = {}) => whileDown(async () => file.change(changed)),
    whileDown,
    async verb(...args) {
      const all = args[0] === 'setup' ? args : [...args, '--url', app.url];
      const ended = await runVerbHere(directory, all, OWN_SETTINGS);
      const { code, stdout, stderr } = ended;
      if (code !== 0) throw new Error(`${args.join(' ')}: ${code}\n${stdout}${stderr}`);
      return ended;
    },
    async write(line = LINE) {
      const { chatId } = simulator.createChat({ line, announce: false });
      simulator.sendMessage(chatId);
      await simulator.settled();
      return chatId;
    },
    async until(condition, leapMs = 0) {
      const look = async () => {
        if (await condition()) return true;
        clock.leap(leapMs);
        return false;
      };
      await until(look, Boolean, { tries: 400, everyMs: 25 });
    },
  };
}

/** Verbs read the settings file alone. */
const OWN_SETTINGS: Settings = { ...NOTHING, LINQ_API_BASE_URL: '' };

/** A proxy, so that Linq finds the service wherever it listens after a restart. */
async function startFront(target: () => string): Promise<string> {
  const server = createServer(async (incoming, response) => {
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = incoming.headers;
    try {
      const sent = { method: 'POST', headers, body: incoming } as const;
      const answer = await request(target() + incoming.url, sent);
      response.writeHead(answer.statusCode, answer.headers);
      response.end(Buffer.from(await answer.body.arrayBuffer()));
    } catch {
      response.writeHead(502).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
