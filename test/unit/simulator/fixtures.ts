import { readFileSync } from 'node:fs';
import type { Chat, Message, Participant, Service } from '../../../src/simulator/world.ts';

const root = new URL('../../fixtures/linq/', import.meta.url);

export const fixtureBytes = (path: string): Buffer => readFileSync(new URL(path, root));
export const fixture = (path: string): unknown => JSON.parse(fixtureBytes(path).toString('utf8'));

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/;

/** Cuts every timestamp to milliseconds: below them the simulator invents digits. */
export function cutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
    typeof item === 'string' && TIME.test(item) ? `${item.slice(0, 23)}Z` : item,
  );
}

const at = Date.parse;

export const OWN_LINE = '+12025550100';
const PEOPLE = {
  '+12025550100': 'a1f0c3d2-5b64-4e7a-8c91-0d2e4f6a8b10',
  '+12025550142': 'b7d9e1f3-2c45-4a68-9b0d-1e3f5a7c9d21',
  '+12025550153': 'c2e4f6a8-0b1d-4c3e-8f5a-7b9d1e3f5a32',
  'casey@example.com': 'd4f6a8b0-1c2e-4d3f-9a5b-7c9e1f3a5b43',
};

interface FixtureChat {
  readonly chatId: string;
  readonly handles?: readonly (keyof typeof PEOPLE)[];
  readonly service?: Service;
  readonly displayName?: string;
  readonly createdAt: string;
  readonly updatedAt?: string;
  readonly health?: { readonly status: string; readonly updatedAt: string };
}

/** A chat of the fixtures; `createdAt` is also when everyone joined and when its health was set, unless said. */
export function fixtureChat(spec: FixtureChat): Chat {
  const { service = 'iMessage', handles = ['+12025550142'], createdAt, updatedAt = createdAt } = spec;
  const participant = (handle: keyof typeof PEOPLE): Participant => ({
    handleId: PEOPLE[handle],
    handle,
    service,
    status: 'active',
    joinedAt: at(createdAt),
    leftAt: null,
    isMe: handle === OWN_LINE,
  });
  const health = spec.health ?? { status: 'HEALTHY', updatedAt: createdAt };
  return {
    chatId: spec.chatId,
    line: OWN_LINE,
    displayName: spec.displayName ?? handles.join(', '),
    service,
    isGroup: handles.length > 1,
    own: participant(OWN_LINE),
    others: handles.map(participant),
    health: { status: health.status, updatedAt: at(health.updatedAt) },
    createdAt: at(createdAt),
    updatedAt: at(updatedAt),
    messages: [],
  };
}

export const DIRECT = fixtureChat({
  chatId: '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64',
  createdAt: '2026-11-03T16:18:57.042Z',
  updatedAt: '2026-11-03T16:21:50.370Z',
});
export const OPTED_OUT = fixtureChat({
  chatId: DIRECT.chatId,
  createdAt: '2026-11-03T16:18:57.042Z',
  updatedAt: '2026-11-03T16:21:50.370Z',
  health: { status: 'OPTED_OUT', updatedAt: '2026-11-04T08:31:20.402Z' },
});
export const GROUP = fixtureChat({
  chatId: '9c5dcf71-4eaa-4bb6-98f3-c06cae4b5d97',
  handles: ['+12025550153', 'casey@example.com'],
  displayName: 'Saturday plan',
  createdAt: '2026-11-03T17:05:32.410Z',
  updatedAt: '2026-11-03T17:05:33.201Z',
});
export const SMS = fixtureChat({
  chatId: '7a3bad5f-2c8e-4f94-b6d1-ae4a8c2f3b75',
  handles: ['+12025550153'],
  service: 'SMS',
  createdAt: '2026-10-30T09:00:00.318Z',
});
export const RCS = fixtureChat({
  chatId: '8b4cbe60-3d9f-4aa5-87e2-bf5b9d3a4c86',
  service: 'RCS',
  createdAt: '2026-11-01T09:00:00.771Z',
});
export const LATE = fixtureChat({
  chatId: 'ad6ed082-5fbb-4cc7-89a4-d17dbf5c6ea8',
  createdAt: '2026-11-03T09:12:43.900Z',
});

type Times = 'createdAt' | 'updatedAt' | 'sentAt' | 'deliveredAt' | 'readAt' | 'reconciledAt';
type FixtureMessage = Partial<Omit<Message, Times>> & { readonly text?: string } & {
  readonly [time in Times]?: string | null;
};

/** A message of the fixtures; times as text. */
export function fixtureMessage(chat: Chat, spec: FixtureMessage): Message {
  const { text, createdAt, updatedAt, sentAt, deliveredAt, readAt, reconciledAt, ...rest } = spec;
  const time = (value: string | null | undefined) => (value ? at(value) : null);
  return {
    messageId: '',
    direction: 'outbound',
    from: chat.own,
    service: chat.service,
    preferredService: null,
    idempotencyKey: null,
    parts: [{ type: 'text', value: text ?? '' }],
    status: 'sent',
    createdAt: time(createdAt) ?? 0,
    updatedAt: time(updatedAt) ?? 0,
    sentAt: time(sentAt),
    deliveredAt: time(deliveredAt),
    readAt: time(readAt),
    reconciledAt: time(reconciledAt),
    traceId: '',
    ...rest,
  };
}

/** Ids and time of the envelope of a fixture: what a builder can't know. */
export function headOf(payload: unknown) {
  const { event_id, created_at, trace_id, partner_id } = payload as Record<string, string>;
  return {
    eventId: event_id ?? '',
    createdAt: at(created_at ?? ''),
    traceId: trace_id ?? '',
    partnerId: partner_id ?? '',
  };
}
