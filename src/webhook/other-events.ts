import {
  neededChatId,
  neededHandle,
  optionalBoolean,
  optionalHandle,
  optionalInstant,
  optionalObject,
  optionalUpperWord,
  readHealth,
} from '../payload.ts';
import { datedBy, datedHealth, type Envelope, type Reading, readingOf, SAYS_NOTHING } from './reading.ts';

/** `chat.created`: proves no message; tells the chat's health at most. @throws PayloadError */
export function readChatCreated(envelope: Envelope): Reading {
  const { data } = envelope;
  return readingOf(neededChatId(data, 'id'), { health: datedHealth(envelope, readHealth(data)) });
}

/**
 * `participant.added` and `removed` matter when the participant is our own line. Where Linq doesn't say whether it is, the store
 * knows our lines.
 * @throws PayloadError
 */
export function readParticipant(envelope: Envelope): Reading {
  const { data } = envelope;
  const participant = optionalObject(data, 'participant');
  const isMe = participant && optionalBoolean(participant, 'is_me');
  if (isMe === false) return { kind: 'ignored', reason: 'another participant joined or left' };
  const handle = (participant && optionalHandle(participant, 'handle')) ?? optionalHandle(data, 'handle');
  if (isMe === null && handle === null) {
    return { kind: 'ignored', reason: 'it does not say who joined or left' };
  }
  const chatId = neededChatId(data, 'chat_id');
  const isRemoval = envelope.eventType === 'participant.removed';
  const at = datedBy(
    envelope,
    optionalInstant(data, isRemoval ? 'removed_at' : 'added_at'),
    participant && optionalInstant(participant, isRemoval ? 'left_at' : 'joined_at'),
  );
  const told = isRemoval ? { leftAt: at, joinedAt: null } : { leftAt: null, joinedAt: at };
  return readingOf(chatId, isMe === null && handle !== null ? { member: { handle, ...told } } : told);
}

/** `phone_number.status_updated`. `new_health_status` is the former name of `new_reputation`. @throws PayloadError */
export function readLineStatus(envelope: Envelope): Reading {
  const { data } = envelope;
  const line = neededHandle(data, 'phone_number');
  const at = datedBy(envelope, optionalInstant(data, 'changed_at'));
  const status = optionalUpperWord(data, 'new_status');
  const reputation =
    optionalUpperWord(data, 'new_reputation') ?? optionalUpperWord(data, 'new_health_status');
  if (status === null && reputation === null) return SAYS_NOTHING;
  return { kind: 'event', event: { kind: 'line', line, at, status, reputation } };
}

/** `contact_card.created`, `updated` and `deleted`: of a line. Their shape still moves, so little is asked of it. */
export function readCardChange({ data }: Envelope): Reading {
  const card = optionalObject(data, 'contact_card');
  const line = optionalHandle(data, 'phone_number') ?? (card && optionalHandle(card, 'phone_number'));
  return line === null
    ? { kind: 'ignored', reason: 'it does not say which line’s card changed' }
    : { kind: 'event', event: { kind: 'card', line } };
}
