import type { ChatView } from '../../../src/status/view/schemas.ts';

/** What one of Linq's published payloads leads to when it is the first that a new service hears. */
export interface FixtureRow {
  readonly file: string;
  readonly verdict: 'accepted' | 'ignored';
  /** The chat as it is shown once nothing is left to do; null: no chat is known of it. */
  readonly chat: Partial<ChatView> | null;
}

const NOTHING = {
  line: null,
  service: null,
  isGroup: null,
  firstOutboundAt: null,
  lastOutboundAt: null,
  lastInboundAt: null,
  optedOutAt: null,
  health: null,
  shareCount: 0,
  nextAttemptAt: null,
} as const satisfies Partial<ChatView>;

const HELD = { state: 'held', lastSharedAt: null } as const;
const SHARED = { state: 'waiting', reason: 'window', shareCount: 1 } as const;
const UNSENT = { ...NOTHING, ...HELD, reason: 'no_outbound' } as const;

/** A message of ours; the masked form of the line that every fixture has. */
const sent = (chatId: string, at: string, service = 'iMessage') => ({
  ...NOTHING,
  chatId,
  line: '+1•••••0100',
  service,
  isGroup: false,
  firstOutboundAt: at,
  lastOutboundAt: at,
});

const DIRECT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';
const GROUP = '9c5dcf71-4eaa-4bb6-98f3-c06cae4b5d97';
const SMS = '7a3bad5f-2c8e-4f94-b6d1-ae4a8c2f3b75';
const RCS = '8b4cbe60-3d9f-4aa5-87e2-bf5b9d3a4c86';
const RECONCILED = 'ad6ed082-5fbb-4cc7-89a4-d17dbf5c6ea8';

const WELCOME = { ...sent(DIRECT, '2026-11-03T16:20:04.902Z'), ...SHARED };
const TO_GROUP = { ...sent(GROUP, '2026-11-03T17:05:32.701Z'), isGroup: true, ...SHARED };
const BY_SMS = { ...sent(SMS, '2026-11-03T16:24:40.615Z', 'SMS'), ...HELD, reason: 'not_imessage' } as const;
const BY_RCS = { ...sent(RCS, '2026-11-03T16:27:11.988Z', 'RCS'), ...HELD, reason: 'not_imessage' } as const;
const TEXT = { ...UNSENT, chatId: DIRECT, lastInboundAt: '2026-11-03T16:18:56.744Z' };
const STOP = { ...UNSENT, chatId: DIRECT, lastInboundAt: '2026-11-04T08:31:20.118Z' };

/** Payloads of 2025-01-01 don't tell a chat's health. */
export const FIXTURES_2025: readonly FixtureRow[] = [
  { file: 'message.sent-imessage.json', verdict: 'accepted', chat: WELCOME },
  { file: 'message.delivered-imessage.json', verdict: 'accepted', chat: WELCOME },
  { file: 'message.read-imessage.json', verdict: 'accepted', chat: WELCOME },
  { file: 'message.read-imessage-nested-only.json', verdict: 'accepted', chat: WELCOME },
  { file: 'message.sent-group-imessage.json', verdict: 'accepted', chat: TO_GROUP },
  { file: 'message.sent-sms.json', verdict: 'accepted', chat: BY_SMS },
  { file: 'message.sent-rcs.json', verdict: 'accepted', chat: BY_RCS },
  { file: 'message.received-text.json', verdict: 'accepted', chat: TEXT },
  {
    file: 'message.received-stop.json',
    verdict: 'accepted',
    chat: { ...STOP, optedOutAt: '2026-11-04T08:31:20.118Z' },
  },
  { file: 'message.failed.json', verdict: 'ignored', chat: null },
  { file: 'phone_number.status_updated-flagged.json', verdict: 'accepted', chat: null },
];

const HEALTHY = { health: 'HEALTHY' } as const;

export const FIXTURES_2026: readonly FixtureRow[] = [
  { file: 'message.sent-imessage.json', verdict: 'accepted', chat: { ...WELCOME, ...HEALTHY } },
  { file: 'message.delivered-imessage.json', verdict: 'accepted', chat: { ...WELCOME, ...HEALTHY } },
  { file: 'message.read-imessage.json', verdict: 'accepted', chat: { ...WELCOME, ...HEALTHY } },
  { file: 'message.sent-group-imessage.json', verdict: 'accepted', chat: { ...TO_GROUP, ...HEALTHY } },
  {
    file: 'message.sent-reconciled.json',
    verdict: 'accepted',
    chat: { ...sent(RECONCILED, '2026-11-03T09:12:44.120Z'), ...SHARED, ...HEALTHY },
  },
  { file: 'message.sent-sms.json', verdict: 'accepted', chat: { ...BY_SMS, ...HEALTHY } },
  { file: 'message.sent-rcs.json', verdict: 'accepted', chat: { ...BY_RCS, ...HEALTHY } },
  { file: 'message.received-text.json', verdict: 'accepted', chat: { ...TEXT, ...HEALTHY } },
  {
    file: 'message.received-stop.json',
    verdict: 'accepted',
    // the word came first, the mark on the chat's health a little later
    chat: { ...STOP, health: 'OPTED_OUT', optedOutAt: '2026-11-04T08:31:20.402Z' },
  },
  {
    file: 'chat.created-imessage.json',
    verdict: 'accepted',
    chat: { ...UNSENT, chatId: DIRECT, ...HEALTHY },
  },
  { file: 'message.failed.json', verdict: 'ignored', chat: null },
  { file: 'unknown-future-event.json', verdict: 'ignored', chat: null },
  { file: 'phone_number.status_updated-flagged.json', verdict: 'accepted', chat: null },
];
