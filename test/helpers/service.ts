import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type App, startApp } from '../../src/app/app.ts';
import { type Clock, createSystemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { DATABASE_PATH } from './database.ts';
import { SECRET } from './deliver.ts';
import { API_KEY, createWorkDir, type LogLine, type Settings, STATUS_TOKEN } from './process.ts';
import { startSimulator } from './rig.ts';

/** Settings that a verb needs; the API is nowhere, so that no test ever leaves this machine. */
export const VERB_SETTINGS: Settings = {
  LINQ_API_KEY: API_KEY,
  LINQ_API_BASE_URL: 'http://127.0.0.1:9/api/partner',
  LINQ_WEBHOOK_SECRET: SECRET,
  STATUS_TOKEN,
};

/** The whole service inside the test's own process: it starts in milliseconds. */
export interface Service {
  readonly url: string;
  /** The lines of the log so far. */
  readonly log: () => readonly LogLine[];
  /** The same as text. */
  readonly output: () => string;
  /** Stops it as a signal does. */
  readonly stop: () => Promise<void>;
}

/** Starts the service as `startReactor` does, but in this process. Stopped when the test has finished. */
export async function startService(
  directory: string,
  settings: Settings = {},
  clock: Clock = createSystemClock(),
): Promise<Service> {
  const env = {
    ...VERB_SETTINGS,
    PORT: '0',
    CATCH_UP_EVERY: '0', // it would report what a webhook should have reported
    DATABASE_URL: `file:${join(directory, DATABASE_PATH)}`,
    BACKUP_DIR: join(directory, 'data/backups'),
    ...settings,
  };
  const sources = { env, envFile: {}, readFile: (path: string) => readFileSync(path, 'utf8') };
  const lines: string[] = [];
  const logStream = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString().trimEnd());
      done();
    },
  });
  const onFatal = (error: Error) => {
    throw error;
  };
  const app = await startApp({ ...loadConfig(sources, false), clock, version: '0', onFatal, logStream });
  const stop = once(app);
  onTestFinished(stop);
  return {
    url: app.url,
    log: () => lines.map((line): LogLine => JSON.parse(line)),
    output: () => lines.join('\n'),
    stop,
  };
}

function once(app: App): () => Promise<void> {
  let stopped: Promise<void> | null = null;
  return () => {
    stopped ??= app.stop();
    return stopped;
  };
}

export interface ServiceRig {
  readonly simulator: Simulator;
  readonly service: Service;
  /** The service's working directory. */
  readonly directory: string;
}

/** The service in this process, and a simulated Linq that it calls. */
export async function startServiceRig(
  settings: Settings = {},
  options: Partial<SimulatorOptions> = {},
): Promise<ServiceRig> {
  const simulator = await startSimulator(options);
  const directory = createWorkDir();
  const service = await startService(directory, { LINQ_API_BASE_URL: simulator.baseUrl, ...settings });
  return { simulator, service, directory };
}
