import { describe, expect, it } from 'vitest';
import {
  chatCreatedPayload,
  lineStatusPayload,
  messageFailedPayload,
  messagePayload,
  type PayloadVersion,
  participantPayload,
} from '../../../src/simulator/payloads.ts';
import { cutTimes, DIRECT, fixture, fixtureChat, fixtureMessage, GROUP, headOf, LATE } from './fixtures.ts';
import { groupTimes, image, plan, received, sent } from './samples.ts';

const VERSIONS: PayloadVersion[] = ['2026-02-03', '2025-01-01'];
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
