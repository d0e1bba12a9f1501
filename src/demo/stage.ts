import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { type App, startApp } from '../app/app.ts';
import { type Clock, createSystemClock } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import { WEBHOOK_PATH } from '../decide/subscription.ts';
import { DAY, HOUR } from '../decide/time.ts';
import type { StoreError } from '../errors.ts';
import { createSigningSecret } from '../simulator/sign.ts';
import { createSimulator, type Simulator } from '../simulator/simulator.ts';
import type { Service } from '../simulator/world.ts';
import type { ChatView, Overview } from '../status/view/schemas.ts';

/** The simulated Linq and the real service, connected, on one clock. */
export interface Stage {
  readonly clock: Clock;
  readonly simulator: Simulator;
  /** Where the service listens. */
  readonly url: string;
  /** Grants access to its status. */
  readonly token: string;
  readonly chatIds: Readonly<Record<Name, string>>;
  /** The service's view of a chat; null while it doesn't know it. */
  chat(name: Name): Promise<ChatView | null>;
  overview(): Promise<Overview>;
  /** Stops both and removes the database. */
  strike(): Promise<void>;
}

export interface StageOptions {
  /** Simulated seconds per second. */
  readonly speed: number;
  readonly version: string;
  /** The service's log: none, a stream, or its own default on standard output. */
  readonly log: 'none' | 'own' | Writable;
  readonly isTerminal: boolean;
  readonly onFatal: (error: StoreError) => void;
}

/** Hugo got his message before the service was running. */
const HUGO_BEFORE_MS = 6 * DAY + 4 * HOUR;

export async function setStage(options: StageOptions): Promise<Stage> {
  const clock = createSystemClock(options.speed);
  const apiKey = `demo_${randomBytes(12).toString('hex')}`;
  const token = randomBytes(12).toString('base64url'); // 16 characters: its command fits in 80 columns
  const signingSecret = createSigningSecret();
  const simulator = createSimulator({ clock, apiKey, lines: [LINES.known] });
  simulator.addLine(LINES.fresh, { card: 'inactive' });
  const directory = await mkdtemp(join(tmpdir(), 'contact-card-reactor-demo-'));
  let app: App | null = null;
  const strike = async () => {
    try {
      await app?.stop();
    } finally {
      await simulator.stop();
      await rm(directory, { recursive: true, force: true });
    }
  };
  try {
    // Every setting that isn't listed here has its default, whatever the environment says.
    const env = {
      LINQ_API_KEY: apiKey,
      LINQ_API_BASE_URL: await simulator.start(),
      LINQ_WEBHOOK_SECRET: signingSecret,
      STATUS_TOKEN: token,
      DATABASE_URL: `file:${join(directory, 'reactor.db')}`,
      PORT: '0',
      CATCH_UP_EVERY: '0', // the story is about webhooks: nothing may come from elsewhere
      ...(options.log === 'none' ? { LOG_LEVEL: 'silent' } : {}),
    };
    const { config } = loadConfig({ env, envFile: {}, readFile: () => '' }, options.isTerminal);
    const { version, onFatal, log } = options;
    const logStream = typeof log === 'string' ? {} : { logStream: log };
    app = await startApp({ config, clock, version, onFatal, ...logStream });
    const { url } = app;
    const chatIds = gatherCast(simulator, clock);
    simulator.subscribe({ targetUrl: `${url}${WEBHOOK_PATH}?version=2026-02-03`, signingSecret });
    const look = createLook(url, token);
    const chat = (name: Name) => look<ChatView>(`/status/chats/${chatIds[name]}`);
    const overview = async () => {
      const seen = await look<Overview>('/status');
      if (seen === null) throw new Error('GET /status: 404');
      return seen;
    };
    return { clock, simulator, url, token, chatIds, chat, overview, strike };
  } catch (error) {
    await strike();
    throw error;
  }
}

/** Creates all chats. No one is subscribed yet, so the service learns of each by its first event. */
function gatherCast(simulator: Simulator, clock: Clock): Readonly<Record<Name, string>> {
  const create = (name: Name) => simulator.createChat({ ...CAST[name], displayName: name }).chatId;
  const chatIds = Object.fromEntries(NAMES.map((name) => [name, create(name)])) as Record<Name, string>;
  simulator.sendMessage(chatIds.Hugo, { at: clock.now() - HUGO_BEFORE_MS });
  return chatIds;
}

/** Reads the service's status like any client; null: not found. */
function createLook(url: string, token: string) {
  return async <T>(path: string): Promise<T | null> => {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const body: unknown = await answer.json();
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status}`);
    return body as T;
  };
}

/** One of your lines has long had its card; the other is new, and its card isn't active yet. */
export const LINES = { known: '+12025550100', fresh: '+12025550177' } as const;

export interface Member {
  readonly line: string;
  readonly service: Service;
  readonly isGroup: boolean;
}

const person: Member = { line: LINES.known, service: 'iMessage', isGroup: false };

/** The people you write to; each shows something different, see the script. */
export const CAST = {
  Ada: person,
  Ben: { ...person, service: 'SMS' },
  'book club': { ...person, isGroup: true },
  Chloe: person,
  Dana: { ...person, line: LINES.fresh },
  Eli: { ...person, line: LINES.fresh },
  Fay: person,
  Gus: person,
  Hugo: person,
} as const satisfies Record<string, Member>;

export type Name = keyof typeof CAST;

/** The name as it begins a sentence. */
export const inSentence = (name: Name): string => (name === 'book club' ? 'The book club' : name);

export const NAMES = Object.keys(CAST) as readonly Name[];
