import { describe, expect, it } from 'vitest';
import { cardObject, chatObject, lineObject, messageObject } from '../../../src/simulator/resources.ts';
import { errorEnvelope } from '../../../src/simulator/simulator-errors.ts';
import { createCard, type Line } from '../../../src/simulator/world.ts';
import { cutTimes, DIRECT, fixture, fixtureMessage, GROUP, OPTED_OUT, OWN_LINE } from './fixtures.ts';

const api = (name: string) => cutTimes(fixture(`api/${name}.json`));

describe('what the API shows equals the published samples', () => {
  it('a chat', () => {
    expect(cutTimes(chatObject(DIRECT))).toEqual(api('chats.retrieve-imessage'));
  });

  it('an opted-out chat', () => {
    expect(cutTimes(chatObject(OPTED_OUT))).toEqual(api('chats.retrieve-opted-out'));
  });

  it('a direct chat and a group in the list', () => {
    const chats = [DIRECT, GROUP].map(chatObject);
    expect(cutTimes({ chats, next_cursor: '2' })).toEqual(api('chats.list-page1'));
  });

  it('a read outbound and an inbound message', () => {
    const outbound = fixtureMessage(DIRECT, {
      messageId: '180ff37d-12af-47e1-8a8e-2e8849c43fd5',
      text: 'Thanks for writing in! What can we help you with today?',
      status: 'read',
      createdAt: '2026-11-03T16:20:04.655Z',
      updatedAt: '2026-11-03T16:21:49.930Z',
      sentAt: '2026-11-03T16:20:04.902Z',
      deliveredAt: '2026-11-03T16:20:06.214Z',
      readAt: '2026-11-03T16:21:49.930Z',
    });
    const inbound = fixtureMessage(DIRECT, {
      messageId: '1ccea3b3-2fbb-441b-84ec-684230c15509',
      text: 'Hello, is anyone there?',
      direction: 'inbound',
      from: DIRECT.others[0] ?? DIRECT.own,
      status: 'received',
      createdAt: '2026-11-03T16:18:56.551Z',
      updatedAt: '2026-11-03T16:18:56.744Z',
      sentAt: '2026-11-03T16:18:56.744Z',
    });
    const messages = [outbound, inbound].map((message) => messageObject(DIRECT, message));
    expect(cutTimes({ messages, next_cursor: null })).toEqual(api('chats.messages-list'));
  });

  it('a queued and a failed message, neither with a sent time', () => {
    const queuedAt = '2026-11-03T19:01:50.002Z';
    const failedAt = '2026-11-03T19:02:10.220Z';
    const queued = fixtureMessage(DIRECT, {
      messageId: '2919373d-e7b6-43ee-8656-d855436ffea6',
      text: 'On its way soon.',
      status: 'queued',
      createdAt: queuedAt,
      updatedAt: queuedAt,
    });
    const failed = fixtureMessage(DIRECT, {
      messageId: '1e1c9bd3-0a74-488a-8f98-59972a9fc916',
      text: 'Are you still there?',
      status: 'failed',
      createdAt: failedAt,
      updatedAt: failedAt,
    });
    const messages = [queued, failed].map((message) => messageObject(DIRECT, message));
    expect(cutTimes({ messages, next_cursor: null })).toEqual(api('chats.messages-list-queued-and-failed'));
  });

  it.each(['active', 'inactive'] as const)('an %s card', (state) => {
    const card = createCard(state);
    const cards = card === null ? [] : [cardObject(OWN_LINE, card)];
    expect({ contact_cards: cards }).toEqual(api(`contact_card.${state}`));
  });

  it('lines', () => {
    const first: Line = {
      lineId: '986f3891-a7ed-4a42-836c-a68697d05ada',
      number: '+12025550100',
      forwardingNumber: null,
      card: null,
      status: 'ACTIVE',
      reputation: 'HEALTHY',
    };
    const second: Line = {
      ...first,
      lineId: '468c4530-cc64-423e-82d8-0bd40bd8042d',
      number: '+12025550101',
      forwardingNumber: '+12025550199',
      reputation: 'AT_RISK',
    };
    expect({ phone_numbers: [first, second].map(lineObject) }).toEqual(api('phone_numbers.list'));
  });

  it.each([
    ['error-2001-404-chat-not-found', 2001],
    ['error-2004-401-unauthorized', 2004],
    ['error-2005-403-access-denied', 2005],
    ['error-2009-409-chat-being-created', 2009],
    ['error-2012-404-contact-card-not-found', 2012],
    ['error-2013-409-chat-unavailable', 2013],
    ['error-2024-403-opted-out', 2024],
    ['error-2027-403-line-ineligible', 2027],
    ['error-3006-500-internal', 3006],
  ])('%s', (name, code) => {
    const sample = fixture(`api/${name}.json`) as { trace_id: string };
    expect(errorEnvelope({ code, traceId: sample.trace_id })).toEqual(sample);
  });

  it('a 429 repeats Retry-After in the body', () => {
    const sample = fixture('api/error-1007-429-rate-limited.json') as { trace_id: string };
    expect(errorEnvelope({ code: 1007, traceId: sample.trace_id, retryAfter: 45 })).toEqual(sample);
  });
});
