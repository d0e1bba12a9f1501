import {
  optionalBoolean,
  optionalInstant,
  optionalObject,
  optionalText,
  readChatId,
  readInstant,
  readText,
} from './fields.ts';
import { readHealth } from './message.ts';
import { datedBy, datedHealth, type Envelope, type Reading, readingOf } from './reading.ts';

/** `chat.created`: proves no message; tells the chat's health at most. @throws PayloadError */
export function readChatCreated(envelope: Envelope): Reading {
  const { data } = envelope;
  return readingOf(readChatId(data, 'id'), {
    health: datedHealth(envelope, readHealth(optionalObject(data, 'health_status'))),
  });
}

/** `participant.added` and `removed` matter when the participant is our own line. @throws PayloadError */
export function readParticipant(envelope: Envelope): Reading {
  const { data } = envelope;
  const participant = optionalObject(data, 'participant');
  if (participant === null) return { kind: 'ignored', reason: 'it does not say who joined or left' };
  if (optionalBoolean(participant, 'is_me') !== true) {
    return { kind: 'ignored', reason: 'another participant joined or left' };
  }
  const chatId = readChatId(data, 'chat_id');
  const isRemoval = envelope.eventType === 'participant.removed';
  const at = datedBy(
    envelope,
    optionalInstant(data, isRemoval ? 'removed_at' : 'added_at'),
    optionalInstant(participant, isRemoval ? 'left_at' : 'joined_at'),
  );
  return readingOf(chatId, isRemoval ? { leftAt: at } : { joinedAt: at });
}

/**
 * `phone_number.status_updated`: grew over time, so only what all its forms have is needed. `new_health_status` is the
 * former name of `new_reputation`.
 * @throws PayloadError
 */
export function readLineStatus(envelope: Envelope): Reading {
  const { data } = envelope;
  const reputation = optionalText(data, 'new_reputation') ?? optionalText(data, 'new_health_status');
  return {
    kind: 'event',
    event: {
      kind: 'line',
      line: readText(data, 'phone_number'),
      at: datedBy(envelope, readInstant(data, 'changed_at')),
      status: readText(data, 'new_status').toUpperCase(),
      reputation: reputation?.toUpperCase() ?? null,
    },
  };
}
