import type { ChatEvent } from '../decide/event.ts';
import { isObject, neededChatId, neededObject, readHealth } from '../payload.ts';
import { type Message, readMessage2025, readMessage2026, readSender2026 } from './message.ts';
import { datedBy, datedHealth, type Envelope, type Reading, readingOf } from './reading.ts';

/** Why an event is ignored in which Linq contradicts itself about who sent the message: worth a warning. */
export const SENDER_CONFLICT = 'its direction and its sender disagree';

/**
 * `message.sent`, `delivered`, `read` and `received`: outbound or inbound evidence, and the chat's health.
 * @throws PayloadError
 */
export function readMessage(envelope: Envelope): Reading {
  const message = is2026(envelope) ? readMessage2026(envelope.data) : readMessage2025(envelope.data);
  if (isConflict(message)) return { kind: 'ignored', reason: SENDER_CONFLICT };
  return readingOf(message.chatId, {
    outbound: outboundEvidence(envelope, message),
    inbound: inboundEvidence(envelope, message),
    health: datedHealth(envelope, message.health, message.at),
  });
}

/** The version decides; the shape only where it is missing, or one that we don't know. */
function is2026({ version, data }: Envelope): boolean {
  if (version === '2026-02-03') return true;
  return version !== '2025-01-01' && isObject(data.value.chat);
}

/** `message.edited` (2026-02-03 only): no activity, but ours tells the chat's health. @throws PayloadError */
export function readEdit(envelope: Envelope): Reading {
  const chat = neededObject(envelope.data, 'chat');
  const chatId = neededChatId(chat, 'id');
  const sender = readSender2026(envelope.data, chat);
  if (isConflict(sender)) return { kind: 'ignored', reason: SENDER_CONFLICT };
  if (sender.direction !== 'outbound') return readingOf(chatId, {});
  return readingOf(chatId, { health: datedHealth(envelope, readHealth(chat)) });
}

function isConflict({ direction, isSenderMe }: Pick<Message, 'direction' | 'isSenderMe'>): boolean {
  return direction !== null && isSenderMe !== null && isSenderMe !== (direction === 'outbound');
}

/** A delivered or read message of ours also proves that it was sent, in case `message.sent` was missed. */
function outboundEvidence(envelope: Envelope, message: Message): ChatEvent['outbound'] {
  if (message.direction !== 'outbound' || envelope.eventType === 'message.received') return null;
  if (message.parts.areNone) return null;
  const { line, service, isGroup } = message;
  return { at: datedBy(envelope, message.at), line, service, isGroup };
}

/** In a group an opt-out would be the wish of one among many. */
function inboundEvidence(envelope: Envelope, message: Message): ChatEvent['inbound'] {
  if (message.direction !== 'inbound' || envelope.eventType !== 'message.received') return null;
  const isOptOut = message.isGroup === true ? false : message.parts.isOptOutWord;
  return { at: datedBy(envelope, message.at), isOptOut };
}
