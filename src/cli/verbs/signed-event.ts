import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../../clock.ts';
import { signingSecrets } from '../../config/kinds.ts';
import { readSetting } from '../../config/load.ts';
import { SETTINGS } from '../../config/settings.ts';
import type { Sources } from '../../config/sources.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { ConfigError, UsageError } from '../../errors.ts';
import { type Changes, createChanges, createMessages, type Messages } from '../../simulator/activity.ts';
import { createPublish, describeBody } from '../../simulator/linq-events.ts';
import type { Payload, PayloadVersion } from '../../simulator/payloads.ts';
import { createRandomness } from '../../simulator/random.ts';
import { signDelivery } from '../../simulator/sign.ts';
import { createWorld } from '../../simulator/world.ts';
import { PROBE_EVENT_TYPE } from '../../webhook/probe.ts';

/** The options of both verbs. */
export interface EventFlags {
  readonly example?: string;
  readonly payloadVersion?: string;
  readonly line?: string;
  readonly chatId?: string;
  readonly secretFile?: string;
  readonly scheme?: string;
  readonly id?: string;
  readonly timestamp?: string;
  readonly json?: boolean;
}

/** An event, signed as Linq would have. */
export interface SignedEvent {
  /** The exact bytes. */
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** As the body names it; `unknown` when it names none, or what can't be one. */
  readonly eventType: string;
}

const EXAMPLE_LINE = '+12025550100';
/** As the service accepts it. */
const EVENT_TYPE = /^[\w.:-]{1,128}$/;
const SCHEMES = ['both', 'standard', 'legacy'] as const;

/** @param file a path, `-` for standard input, or undefined @throws {UsageError} @throws {ConfigError} */
export function signEvent(
  file: string | undefined,
  flags: EventFlags,
  sources: Sources,
  clock: Clock,
): SignedEvent {
  const body = readBody(file, flags, clock);
  const { eventId, eventType: named } = describeBody(body.toString('utf8'));
  const eventType = EVENT_TYPE.test(named) ? named : 'unknown'; // it becomes a header
  const webhookId = flags.id ?? eventId;
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(webhookId))
    throw new UsageError('--id: expected 1 to 256 of A-Z a-z 0-9 _ - (by default the event_id of the body)');
  const signed = signDelivery({
    secret: readSecret(flags, sources),
    webhookId,
    timestampSeconds: Math.floor(readTimestamp(flags.timestamp, clock) / SECOND),
    body,
    eventType,
  });
  const headers = { 'content-type': 'application/json', ...pickScheme(signed, flags.scheme ?? 'both') };
  return { body, headers, eventType };
}

function readBody(file: string | undefined, flags: EventFlags, clock: Clock): Buffer {
  const { example, payloadVersion: version = '2026-02-03', line = EXAMPLE_LINE, chatId = null } = flags;
  if (example !== undefined && file !== undefined)
    throw new UsageError('Give either a file or --example, not both.');
  if (version !== '2026-02-03' && version !== '2025-01-01')
    throw new UsageError('--payload-version: expected 2026-02-03 or 2025-01-01');
  if (!/^\+[1-9]\d{6,14}$/.test(line)) throw new UsageError('--line: expected a number such as +12025550100');
  if (example === undefined) return readBytes(file, NO_BODY);
  const body = buildExample({ type: example, version, line, chatId }, clock);
  if (body === null) throw new UsageError(`--example: expected one of ${EXAMPLES.join(', ')}`);
  return Buffer.from(body);
}

/** Raw bytes: the signature covers bytes. @param advice for someone who named no file, at a terminal */
export function readBytes(file: string | undefined, advice: string): Buffer {
  if (file === undefined && process.stdin.isTTY === true) throw new UsageError(advice);
  const isInput = file === undefined || file === '-';
  try {
    return readFileSync(isInput ? process.stdin.fd : file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`${isInput ? 'Standard input' : file} can’t be read (${code}).`, { cause: error });
  }
}

/** The newest if there are several. */
function readSecret(flags: EventFlags, sources: Sources): string {
  const [secret = ''] = readSecrets(flags, sources);
  return secret;
}

/** At least one. @throws {ConfigError} */
export function readSecrets(
  { secretFile }: Pick<EventFlags, 'secretFile'>,
  sources: Sources,
): readonly string[] {
  const secrets =
    secretFile === undefined
      ? readSetting(SETTINGS.webhook.secrets, sources)
      : readSecretFile(secretFile, sources.readFile);
  if (secrets === null || secrets.length === 0)
    throw new ConfigError(
      'LINQ_WEBHOOK_SECRET is not set: set it, or name a file that holds it with --secret-file.',
    );
  return secrets;
}

function readSecretFile(path: string, readFile: Sources['readFile']): readonly string[] {
  let text: string;
  try {
    text = readFile(path).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new ConfigError(`--secret-file: ${path} can’t be read (${code}).`, { cause: error });
  }
  const parsed = signingSecrets.parse(text);
  if ('wrong' in parsed)
    throw new ConfigError(`--secret-file: expected ${signingSecrets.expects} (${parsed.wrong})`);
  return parsed.value;
}

/** Unix seconds or ISO 8601, so that a stale delivery can be made. */
function readTimestamp(text: string | undefined, clock: Clock): EpochMs {
  if (text === undefined) return clock.systemNow();
  const at = /^\d{1,12}$/.test(text) ? Number(text) * SECOND : Date.parse(text);
  if (Number.isNaN(at))
    throw new UsageError('--timestamp: expected unix seconds, or a time such as 2026-11-03T16:20:00Z');
  return at;
}

function pickScheme(signed: Readonly<Record<string, string>>, scheme: string): Record<string, string> {
  if (!SCHEMES.some((known) => known === scheme))
    throw new UsageError(`--scheme: expected ${SCHEMES.join(', ')}`);
  const isWanted = (name: string) => scheme === 'both' || name.startsWith('x-') === (scheme === 'legacy');
  return Object.fromEntries(Object.entries(signed).filter(([name]) => isWanted(name)));
}

interface ExampleOptions {
  /** One of EXAMPLES. */
  readonly type: string;
  readonly version: PayloadVersion;
  /** The line it is about, E.164. */
  readonly line: string;
  /** Null: a new one. */
  readonly chatId: string | null;
}

interface Actors {
  readonly chatId: string;
  readonly line: string;
  readonly messages: Messages;
  readonly changes: Changes;
}

const PARTNER_ID = '5b0e6c1a-7d42-5c3e-9f18-2a64d0c7be91';

/** What has to happen for Linq to send each event; the last event of the type counts. */
const STORIES: Readonly<Record<string, (actors: Actors) => void>> = {
  'message.sent': ({ messages, chatId }) => void messages.sendMessage(chatId),
  'message.delivered': ({ messages, chatId }) => void messages.sendMessage(chatId, { delivered: true }),
  'message.read': ({ messages, chatId }) => void messages.sendMessage(chatId, { read: true }),
  'message.received': ({ messages, chatId }) => void messages.receiveMessage(chatId, 'Hello'),
  'message.failed': ({ messages, chatId }) => void messages.failMessage(chatId),
  'chat.created': () => {},
  'participant.removed': ({ changes, chatId }) => changes.leaveChat(chatId),
  'participant.added': ({ changes, chatId }) => {
    changes.leaveChat(chatId);
    changes.joinChat(chatId);
  },
  'phone_number.status_updated': ({ changes, line }) => changes.flagLine(line, 'FLAGGED'),
};

/** `probe` is our own: the service verifies it and stores nothing. */
const PROBE = 'probe';

/** The available examples. */
export const EXAMPLES: readonly string[] = [PROBE, ...Object.keys(STORIES)];

const NO_BODY = `Name a file, - for standard input, or --example TYPE (${EXAMPLES.join(', ')}).`;

/** The body of an event as Linq sends it, about an invented person and the present; null for an unknown type. */
export function buildExample(
  { type, version, line, chatId }: ExampleOptions,
  clock: Pick<Clock, 'now'>,
): string | null {
  if (type === PROBE) {
    return JSON.stringify({
      api_version: 'v3',
      event_type: PROBE_EVENT_TYPE,
      event_id: randomUUID(),
      data: {},
    });
  }
  const story = STORIES[type];
  if (story === undefined) return null;
  let payload: Payload | null = null;
  const randomness = createRandomness(randomUUID());
  const publish = createPublish(clock, randomness, PARTNER_ID, (event) => {
    if (event.eventType === type) payload = event.build(version);
  });
  const world = createWorld(clock, randomness);
  world.addLine(line, 'active');
  const changes = createChanges(world, clock, publish);
  const chat = changes.createChat({ line, ...(chatId === null ? {} : { chatId }) });
  story({ chatId: chat.chatId, line, messages: createMessages(world, clock, randomness, publish), changes });
  return payload === null ? null : JSON.stringify(payload);
}
