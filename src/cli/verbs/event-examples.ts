import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { type Changes, createChanges, createMessages, type Messages } from '../../simulator/activity.ts';
import { createTell } from '../../simulator/linq-events.ts';
import type { Payload, PayloadVersion } from '../../simulator/payloads.ts';
import { createRandomness } from '../../simulator/random.ts';
import { createWorld } from '../../simulator/world.ts';
import { PROBE_EVENT_TYPE } from '../../webhook/probe.ts';

export interface ExampleOptions {
  /** One of EXAMPLES. */
  readonly type: string;
  readonly version: PayloadVersion;
  /** The line that it is about, E.164. */
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

/** What has to happen for Linq to tell of it; the last event of the type counts. */
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

/** `probe` is ours: the service verifies it, and keeps nothing of it. */
const PROBE = 'probe';

/** What can be asked for. */
export const EXAMPLES: readonly string[] = [PROBE, ...Object.keys(STORIES)];

/** The body of an event as Linq sends it, about an invented person and now; null for an unknown type. */
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
  const tell = createTell(clock, randomness, PARTNER_ID, (event) => {
    if (event.eventType === type) payload = event.build(version);
  });
  const world = createWorld(clock, randomness);
  world.addLine(line, 'active');
  const changes = createChanges(world, clock, tell);
  const chat = changes.createChat({ line, ...(chatId === null ? {} : { chatId }) });
  story({ chatId: chat.chatId, line, messages: createMessages(world, clock, randomness, tell), changes });
  return payload === null ? null : JSON.stringify(payload);
}
