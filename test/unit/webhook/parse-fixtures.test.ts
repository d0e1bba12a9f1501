import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseDelivery } from '../../../src/webhook/parse.ts';

const folder = new URL('../../fixtures/linq/webhooks/', import.meta.url);
const DIRECT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';
const GROUP = '9c5dcf71-4eaa-4bb6-98f3-c06cae4b5d97';
const LINE = '+12025550100';
const at = (time: string) => Date.parse(time);

const chat = (chatId: string, told: object) => ({
  kind: 'event',
  event: {
    kind: 'chat',
    chatId,
    outbound: null,
    inbound: null,
    health: null,
    leftAt: null,
    joinedAt: null,
    ...told,
  },
});
const sent = (time: string, service = 'iMessage', isGroup = false) => ({
  outbound: { at: at(time), line: LINE, service, isGroup },
});
const received = (time: string, isOptOut: boolean) => ({ inbound: { at: at(time), isOptOut } });
const health = (status: string, time: string) => ({ health: { status, at: at(time) } });
const healthy = (time: string) => health('HEALTHY', time);
const flagged = (reputation: string | null) => ({
  kind: 'event',
  event: { kind: 'line', line: LINE, at: at('2026-11-05T11:00:02.511Z'), status: 'FLAGGED', reputation },
});
const ignored = (reason: string) => ({ kind: 'ignored', reason });

const FIRST = '2026-11-03T16:20:04.902Z';
const SMS = '7a3bad5f-2c8e-4f94-b6d1-ae4a8c2f3b75';
const RCS = '8b4cbe60-3d9f-4aa5-87e2-bf5b9d3a4c86';
const RECONCILED = 'ad6ed082-5fbb-4cc7-89a4-d17dbf5c6ea8';
const FAILED = ignored('a failed message doesn’t count as sent');
const SINCE_CREATED = healthy('2026-11-03T16:18:57.042Z');

const EXPECTED: Readonly<Record<string, object>> = {
  '2025-01-01/message.delivered-imessage.json': chat(DIRECT, sent(FIRST)),
  '2025-01-01/message.failed.json': FAILED,
  '2025-01-01/message.read-imessage-nested-only.json': chat(DIRECT, sent(FIRST)),
  '2025-01-01/message.read-imessage.json': chat(DIRECT, sent(FIRST)),
  '2025-01-01/message.received-stop.json': chat(DIRECT, received('2026-11-04T08:31:20.118Z', true)),
  '2025-01-01/message.received-text.json': chat(DIRECT, received('2026-11-03T16:18:56.744Z', false)),
  '2025-01-01/message.sent-group-imessage.json': chat(
    GROUP,
    sent('2026-11-03T17:05:32.701Z', 'iMessage', true),
  ),
  '2025-01-01/message.sent-imessage.json': chat(DIRECT, sent(FIRST)),
  '2025-01-01/message.sent-rcs.json': chat(RCS, sent('2026-11-03T16:27:11.988Z', 'RCS')),
  '2025-01-01/message.sent-sms.json': chat(SMS, sent('2026-11-03T16:24:40.615Z', 'SMS')),
  '2025-01-01/phone_number.status_updated-flagged.json': flagged(null),
  '2026-02-03/chat.created-imessage.json': chat(DIRECT, healthy('2026-11-03T16:18:57.090Z')),
  '2026-02-03/message.delivered-imessage.json': chat(DIRECT, { ...sent(FIRST), ...SINCE_CREATED }),
  '2026-02-03/message.failed.json': FAILED,
  '2026-02-03/message.read-imessage.json': chat(DIRECT, { ...sent(FIRST), ...SINCE_CREATED }),
  '2026-02-03/message.received-stop.json': chat(DIRECT, {
    ...received('2026-11-04T08:31:20.118Z', true),
    ...health('OPTED_OUT', '2026-11-04T08:31:20.402Z'),
  }),
  '2026-02-03/message.received-text.json': chat(DIRECT, {
    ...received('2026-11-03T16:18:56.744Z', false),
    ...SINCE_CREATED,
  }),
  '2026-02-03/message.sent-group-imessage.json': chat(GROUP, {
    ...sent('2026-11-03T17:05:32.701Z', 'iMessage', true),
    ...healthy('2026-11-03T17:05:32.410Z'),
  }),
  '2026-02-03/message.sent-imessage.json': chat(DIRECT, { ...sent(FIRST), ...SINCE_CREATED }),
  '2026-02-03/message.sent-rcs.json': chat(RCS, {
    ...sent('2026-11-03T16:27:11.988Z', 'RCS'),
    ...healthy('2026-11-01T09:00:00.771Z'),
  }),
  // Linq recovered it nine hours late: the message's own time counts
  '2026-02-03/message.sent-reconciled.json': chat(RECONCILED, {
    ...sent('2026-11-03T09:12:44.120Z'),
    ...healthy('2026-11-03T09:12:43.900Z'),
  }),
  '2026-02-03/message.sent-sms.json': chat(SMS, {
    ...sent('2026-11-03T16:24:40.615Z', 'SMS'),
    ...healthy('2026-10-30T09:00:00.318Z'),
  }),
  '2026-02-03/phone_number.status_updated-flagged.json': flagged('CRITICAL'),
  '2026-02-03/unknown-future-event.json': ignored('an event type that this version does not know'),
};

it.each(Object.entries(EXPECTED))('reads %s', (file, expected) => {
  const raw = readFileSync(new URL(file, folder));
  const { event_type: eventType, event_id: eventId } = JSON.parse(raw.toString());
  expect(parseDelivery(raw)).toEqual({ eventType, eventId, ...expected });
});

it('leaves no published payload out', () => {
  const files = ['2025-01-01', '2026-02-03'].flatMap((version) =>
    readdirSync(new URL(version, folder)).map((file) => `${version}/${file}`),
  );
  expect(Object.keys(EXPECTED).sort()).toEqual(files.sort());
});
