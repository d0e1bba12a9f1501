import { describe, expect, it } from 'vitest';
import type { Chat, Message } from '../../../src/simulator/model.ts';
import {
  chatCreatedPayload,
  lineStatusPayload,
  type MessageEventType,
  messageFailedPayload,
  messagePayload,
  type PayloadVersion,
  participantPayload,
} from '../../../src/simulator/payloads.ts';
import {
  cutTimes,
  DIRECT,
  fixture,
  fixtureChat,
  fixtureMessage,
  GROUP,
  headOf,
  LATE,
  OPTED_OUT,
  RCS,
  SMS,
} from './fixtures.ts';

const VERSIONS: PayloadVersion[] = ['2026-02-03', '2025-01-01'];
const welcome = {
  messageId: '180ff37d-12af-47e1-8a8e-2e8849c43fd5',
  text: 'Thanks for writing in! What can we help you with today?',
  idempotencyKey: 'welcome-000142',
  createdAt: '2026-11-03T16:20:04.655Z',
  sentAt: '2026-11-03T16:20:04.902Z',
};
const person = DIRECT.others[0] ?? DIRECT.own;
const deliveredAt = '2026-11-03T16:20:06.214Z';
const plan = { type: 'text', value: 'Hi both, here is the plan for Saturday.' } as const;
const image = {
  type: 'media',
  id: '328c4dfc-700a-4ecd-8f4b-fb09a5c51769',
  filename: 'plan.jpg',
  mime_type: 'image/jpeg',
  size_bytes: 184320,
  url: 'https://cdn.linqapp.com/attachments/partners/5b0e6c1a-7d42-5c3e-9f18-2a64d0c7be91/328c4dfc-700a-4ecd-8f4b-fb09a5c51769/plan.jpg',
} as const;

/** A delivery of the fixtures and what it tells, in the simulator's words. */
type Sample = readonly [file: string, type: MessageEventType, chat: Chat, message: Message];

const sent: Sample[] = [
  [
    'message.sent-imessage',
    'message.sent',
    DIRECT,
    fixtureMessage(DIRECT, { ...welcome, updatedAt: '2026-11-03T16:20:05.402Z' }),
  ],
  [
    'message.delivered-imessage',
    'message.delivered',
    DIRECT,
    fixtureMessage(DIRECT, { ...welcome, deliveredAt, updatedAt: '2026-11-03T16:20:06.611Z' }),
  ],
  [
    'message.read-imessage',
    'message.read',
    DIRECT,
    fixtureMessage(DIRECT, {
      ...welcome,
      deliveredAt,
      readAt: '2026-11-03T16:21:49.930Z',
      updatedAt: '2026-11-03T16:21:50.370Z',
    }),
  ],
  [
    'message.sent-sms',
    'message.sent',
    SMS,
    fixtureMessage(SMS, {
      messageId: '081f7f12-ec96-4c14-8228-628e50f1c3d2',
      text: 'Your table is booked for 7 pm.',
      preferredService: 'auto',
      createdAt: '2026-11-03T16:24:40.301Z',
      updatedAt: '2026-11-03T16:24:41.060Z',
      sentAt: '2026-11-03T16:24:40.615Z',
    }),
  ],
  [
    'message.sent-rcs',
    'message.sent',
    RCS,
    fixtureMessage(RCS, {
      messageId: '9577f5f3-4257-4689-8aa5-36fd6d142afb',
      text: 'Your order is on its way.',
      preferredService: 'RCS',
      createdAt: '2026-11-03T16:27:11.640Z',
      updatedAt: '2026-11-03T16:27:12.511Z',
      sentAt: '2026-11-03T16:27:11.988Z',
    }),
  ],
];
const received: Sample[] = [
  [
    'message.received-text',
    'message.received',
    DIRECT,
    fixtureMessage(DIRECT, {
      messageId: '1ccea3b3-2fbb-441b-84ec-684230c15509',
      direction: 'inbound',
      from: person,
      text: 'Hello, is anyone there?',
      createdAt: '2026-11-03T16:18:56.551Z',
      updatedAt: '2026-11-03T16:18:57.190Z',
      sentAt: '2026-11-03T16:18:56.744Z',
    }),
  ],
  [
    'message.received-stop',
    'message.received',
    OPTED_OUT,
    fixtureMessage(OPTED_OUT, {
      messageId: '9cf7cee6-8b19-4a40-8f9c-a9491a6cca70',
      direction: 'inbound',
      from: person,
      text: 'STOP',
      createdAt: '2026-11-04T08:31:19.904Z',
      updatedAt: '2026-11-04T08:31:20.588Z',
      sentAt: '2026-11-04T08:31:20.118Z',
    }),
  ],
];
const groupTimes = {
  messageId: '14d6a514-cd01-4d48-89fa-696e25dcf136',
  createdAt: '2026-11-03T17:05:32.418Z',
  updatedAt: '2026-11-03T17:05:33.201Z',
  sentAt: '2026-11-03T17:05:32.701Z',
};

describe.each(VERSIONS)('payload version %s', (version) => {
  it.each([...sent, ...received])('%s equals the published sample', (file, type, chat, message) => {
    const sample = fixture(`webhooks/${version}/${file}.json`);
    expect(cutTimes(messagePayload(headOf(sample), version, type, chat, message))).toEqual(cutTimes(sample));
  });

  it('a group message equals the published sample', () => {
    const sample = fixture(`webhooks/${version}/message.sent-group-imessage.json`);
    const parts = version === '2026-02-03' ? [plan, image] : [plan];
    const message = fixtureMessage(GROUP, { ...groupTimes, parts });
    const built = messagePayload(headOf(sample), version, 'message.sent', GROUP, message);
    expect(cutTimes(built)).toEqual(cutTimes(sample));
  });

  it('message.failed equals the published sample', () => {
    const sample = fixture(`webhooks/${version}/message.failed.json`);
    const message = fixtureMessage(DIRECT, { messageId: '1e1c9bd3-0a74-488a-8f98-59972a9fc916' });
    const built = messageFailedPayload(headOf(sample), version, DIRECT, message, {
      code: 4001,
      reason: 'Delivery failed',
      failedAt: Date.parse('2026-11-03T19:02:18.410Z'),
      detailCode: 120417,
    });
    expect(cutTimes(built)).toEqual(cutTimes(sample));
  });

  it('phone_number.status_updated equals the published sample', () => {
    const sample = fixture(`webhooks/${version}/phone_number.status_updated-flagged.json`);
    const built = lineStatusPayload(headOf(sample), version, {
      number: '+12025550100',
      previousStatus: 'ACTIVE',
      newStatus: 'FLAGGED',
      previousReputation: 'AT_RISK',
      newReputation: 'CRITICAL',
      changedAt: Date.parse('2026-11-05T11:00:02.511Z'),
    });
    expect(cutTimes(built)).toEqual(cutTimes(sample));
  });
});

describe('payload version 2026-02-03 alone', () => {
  it('chat.created equals the published sample', () => {
    const sample = fixture('webhooks/2026-02-03/chat.created-imessage.json');
    const chat = fixtureChat({
      chatId: DIRECT.chatId,
      createdAt: '2026-11-03T16:18:57.042Z',
      health: { status: 'HEALTHY', updatedAt: '2026-11-03T16:18:57.090Z' },
    });
    expect(cutTimes(chatCreatedPayload(headOf(sample), '2026-02-03', chat))).toEqual(cutTimes(sample));
  });

  it('a message that Linq recovered late says when, and equals the published sample', () => {
    const sample = fixture('webhooks/2026-02-03/message.sent-reconciled.json');
    const message = fixtureMessage(LATE, {
      messageId: '9e6ce5be-2025-4943-8f87-5fefaa3ac3f5',
      text: 'Welcome! Reply any time.',
      sentAt: '2026-11-03T09:12:44.120Z',
      reconciledAt: '2026-11-03T18:40:09.771Z',
    });
    const built = messagePayload(headOf(sample), '2026-02-03', 'message.sent', LATE, message);
    expect(cutTimes(built)).toEqual(cutTimes(sample));
  });

  it('participant.removed names our own line, when it left and that it is ours', () => {
    const left = { ...DIRECT.own, status: 'left', leftAt: Date.parse('2026-11-07T10:15:29.902Z') } as const;
    const head = { eventId: 'e', createdAt: 0, traceId: 't', partnerId: 'p' };
    const built = participantPayload(head, '2026-02-03', 'participant.removed', GROUP, left, left.leftAt);
    expect(built.data).toMatchObject({
      chat_id: GROUP.chatId,
      handle: '+12025550100',
      participant: { status: 'left', left_at: '2026-11-07T10:15:29.902Z', is_me: true },
      removed_at: '2026-11-07T10:15:29.902Z',
    });
  });
});
