import { randomInt } from 'node:crypto';
import { createSystemClock } from '../clock.ts';
import { createRandomness, type Randomness } from './random.ts';
import { createSigningSecret } from './sign.ts';
import { createSimulator, type Simulator } from './simulator.ts';
import { SimulatorError } from './simulator-errors.ts';

/** Where a reactor with default settings receives webhooks. */
const DEFAULT_WEBHOOK_URL = 'http://127.0.0.1:8080/webhooks/linq';
const DEFAULT_SIMULATOR_PORT = 4010;
const DEFAULT_SIMULATOR_LINE = '+12025550100';

/** The number of different runs. */
const SEEDS = 2 ** 32;

const EXAMPLE_CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';

/** The options of `simulate`, as typed; absent values have defaults. */
export interface SimulateOptions {
  /** Default 4010; 0 takes any free one. */
  readonly port?: number | string;
  /** Default: derived from the seed and printed. */
  readonly apiKey?: string;
  /** https, or http on loopback. Default: a reactor on this machine with default settings. */
  readonly webhookUrl?: string;
  /** `whsec_…`. Default: derived from the seed and printed. */
  readonly webhookSecret?: string;
  /** Own numbers with an active card. Default: one invented number. */
  readonly line?: readonly string[];
  /** `2026-02-03` (default) or `2025-01-01`: the version of the webhook payloads. */
  readonly version?: string;
  /** Seeds everything random, 0 to 4294967295: repeats the run that printed it. Default: a random one. */
  readonly seed?: number | string;
  /** Default true; false: no webhook subscription yet. */
  readonly subscription?: boolean;
  /** Default false; true: prints one JSON object instead, `{baseUrl, controlUrl, seed, lines, webhookUrl, settings}`. */
  readonly json?: boolean;
}

export interface SimulateIo {
  /** Prints one line. */
  readonly print: (line: string) => void;
  /** Ends the run. Default: SIGINT or SIGTERM. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a simulated Linq until it is stopped, and prints the settings for a reactor.
 * @throws SimulatorError for an invalid option, before anything is printed
 */
export async function runSimulate(options: SimulateOptions, io: SimulateIo): Promise<void> {
  const seed = readSeed(options.seed ?? randomInt(SEEDS));
  const randomness = createRandomness(`simulate ${seed}`);
  const apiKey = options.apiKey ?? `sim_${randomness.trace('API key')}`;
  const signingSecret = readSecret(options.webhookSecret, randomness);
  const targetUrl = readTarget(options.webhookUrl ?? DEFAULT_WEBHOOK_URL, options.version);
  const lines = options.line?.length ? options.line : [DEFAULT_SIMULATOR_LINE];
  const simulator = createSimulator({
    clock: createSystemClock(),
    apiKey,
    port: readPort(options.port ?? DEFAULT_SIMULATOR_PORT),
    lines,
    seed,
  });
  const isSubscribed = options.subscription !== false;
  if (isSubscribed) subscribe(simulator, targetUrl, signingSecret);
  const baseUrl = await simulator.start();
  const up: Up = {
    baseUrl,
    controlUrl: new URL('/_sim', baseUrl).href,
    seed: simulator.seed,
    lines,
    webhookUrl: isSubscribed ? targetUrl : null,
    settings: {
      LINQ_API_BASE_URL: baseUrl,
      LINQ_API_KEY: apiKey,
      ...(isSubscribed ? { LINQ_WEBHOOK_SECRET: signingSecret } : {}),
    },
  };
  const ended = io.signal === undefined ? interrupted() : aborted(io.signal); // before anyone can know that it runs
  for (const text of options.json === true ? [JSON.stringify(up, null, 2)] : describe(up)) io.print(text);
  await ended;
  await simulator.stop();
}

/** A running simulator's description of itself. */
interface Up {
  readonly baseUrl: string;
  readonly controlUrl: string;
  readonly seed: number;
  readonly lines: readonly string[];
  /** Null: no subscription yet. */
  readonly webhookUrl: string | null;
  /** For the reactor. */
  readonly settings: Readonly<Record<string, string>>;
}

function describe({ baseUrl, controlUrl, seed, lines, webhookUrl, settings }: Up): string[] {
  const webhooks = webhookUrl === null ? 'no webhook subscription yet' : `webhooks to ${webhookUrl}`;
  return [
    `Simulated Linq on ${baseUrl} (seed ${seed}), ${webhooks}`,
    '',
    'Settings for the reactor:',
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    '',
    'Make something happen:',
    `curl -X POST ${controlUrl}/chats -d '{"chatId":"${EXAMPLE_CHAT}","line":"${lines[0]}"}'`,
    `curl -X POST ${controlUrl}/chats/${EXAMPLE_CHAT}/send -d '{"text":"Hello"}'`,
    `curl ${controlUrl}/calls`,
    `All control routes: curl ${controlUrl}`,
    '',
    'Stop with Ctrl-C.',
  ];
}

function subscribe(simulator: Simulator, targetUrl: string, signingSecret: string): void {
  try {
    simulator.subscribe({ targetUrl, signingSecret });
  } catch (cause) {
    throw new SimulatorError('--webhook-url: expected https, or http on loopback', { cause });
  }
}

function readPort(value: number | string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new SimulatorError(`--port: expected 0 to 65535, got ${value}`);
  return port;
}

function readSeed(value: number | string): number {
  const seed = /^\d{1,10}$/.test(String(value)) ? Number(value) : Number.NaN;
  if (!(seed < SEEDS))
    throw new SimulatorError(`--seed: expected a whole number from 0 to ${SEEDS - 1}, got ${value}`);
  return seed;
}

function readSecret(secret: string | undefined, randomness: Randomness): string {
  if (secret === undefined) return createSigningSecret(randomness.bytes('signing secret'));
  const key = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const bytes = Buffer.from(key ?? '', 'base64').length;
  if (bytes < 24 || bytes > 64)
    throw new SimulatorError('--webhook-secret: expected whsec_ and the base64 of 24 to 64 bytes');
  return secret;
}

/** Pins the version in the target, as with Linq, unless the URL already names one. */
function readTarget(webhookUrl: string, version = '2026-02-03'): string {
  if (version !== '2026-02-03' && version !== '2025-01-01')
    throw new SimulatorError(`--payload-version: expected 2026-02-03 or 2025-01-01, got ${version}`);
  if (!URL.canParse(webhookUrl)) throw new SimulatorError(`--webhook-url: not an address: ${webhookUrl}`);
  const url = new URL(webhookUrl);
  if (!url.searchParams.has('version')) url.searchParams.set('version', version);
  return url.href;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
