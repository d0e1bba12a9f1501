import type { MessageEventType } from '../../../src/simulator/payloads.ts';
import type { Chat, Message } from '../../../src/simulator/world.ts';
import { DIRECT, fixtureMessage, OPTED_OUT, RCS, SMS } from './fixtures.ts';

const welcome = {
  messageId: '180ff37d-12af-47e1-8a8e-2e8849c43fd5',
  text: 'Thanks for writing in! What can we help you with today?',
  idempotencyKey: 'welcome-000142',
  createdAt: '2026-11-03T16:20:04.655Z',
  sentAt: '2026-11-03T16:20:04.902Z',
};
const person = DIRECT.others[0] ?? DIRECT.own;
const deliveredAt = '2026-11-03T16:20:06.214Z';
export const plan = { type: 'text', value: 'Hi both, here is the plan for Saturday.' } as const;
export const image = {
  type: 'media',
  id: '328c4dfc-700a-4ecd-8f4b-fb09a5c51769',
  filename: 'plan.jpg',
  mime_type: 'image/jpeg',
  size_bytes: 184320,
  url: 'https://cdn.linqapp.com/attachments/partners/5b0e6c1a-7d42-5c3e-9f18-2a64d0c7be91/328c4dfc-700a-4ecd-8f4b-fb09a5c51769/plan.jpg',
} as const;

/** A delivery of the fixtures and what it tells, in the simulator's words. */
export type Sample = readonly [file: string, type: MessageEventType, chat: Chat, message: Message];

export const sent: Sample[] = [
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
export const received: Sample[] = [
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
export const groupTimes = {
  messageId: '14d6a514-cd01-4d48-89fa-696e25dcf136',
  createdAt: '2026-11-03T17:05:32.418Z',
  updatedAt: '2026-11-03T17:05:33.201Z',
  sentAt: '2026-11-03T17:05:32.701Z',
};
