import type { Simulator } from '../../src/simulator/simulator.ts';
import { createLoad, type Load } from './load.ts';
import { createWorkDir, type Settings } from './process.ts';
import { knowChat, startSimulator } from './rig.ts';
import type { Seeded } from './seed.ts';

export interface Trial {
  readonly simulator: Simulator;
  readonly load: Load;
  readonly directory: string;
  /** For the service: short windows, no pacing, no limits. */
  readonly settings: Settings;
  readonly windowMs: number;
  readonly maxShares: number;
}

export interface TrialOptions {
  readonly seeded: Seeded;
  readonly windowSeconds?: number;
  readonly maxShares?: number;
  /** How long the API takes to answer a share. */
  readonly latencyMs?: number;
  readonly chatsPerRun?: number;
  readonly connections?: number;
  /** Of the simulated account; the load uses the usual ones. */
  readonly lines?: readonly string[];
  /** How long each connection rests after a delivery. */
  readonly restMs?: number;
  readonly isRefusalRepeated?: boolean;
}

/** A simulated Linq, a load of deliveries about chats that it knows, and what a service needs to stand between. */
export async function createTrial(options: TrialOptions): Promise<Trial> {
  const { seeded, windowSeconds = 2, maxShares = 3, latencyMs = 15, chatsPerRun = 60 } = options;
  const { connections = 16, restMs = 0, lines, isRefusalRepeated = false } = options;
  const simulator = await startSimulator({ seed: seeded.seed, ...(lines === undefined ? {} : { lines }) });
  simulator.fail({ latencyMs });
  const load = createLoad({
    seeded,
    ...{ connections, chatsPerRun, restMs, isRefusalRepeated },
    onChat: (chatId, line) => knowChat(simulator, { chatId, line }),
  });
  const settings = {
    LINQ_API_BASE_URL: simulator.baseUrl,
    SHARE_WINDOW: `${windowSeconds}s`,
    MAX_SHARES_PER_CHAT: String(maxShares),
    SHARE_RATE_PER_LINE: '0',
    RESHARE_IDLE_AFTER: '0',
    WEBHOOK_RATE_LIMIT: '0',
  };
  return { simulator, load, directory: createWorkDir(), settings, windowMs: windowSeconds * 1000, maxShares };
}

/** Lets the service know some chats, each of them whole, and shares begin. */
export async function sendSome({ load, simulator }: Trial, url: string): Promise<void> {
  const before = simulator.calls.length;
  const run = load.run(url);
  await simulator.when(() => simulator.calls.length > before);
  await run.stop();
  await load.finish(url);
}
