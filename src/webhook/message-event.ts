import type { ChatEvent } from '../decide/event.ts';
import { isObject, optionalObject, readChatId, readObject } from './fields.ts';
import { isOptOut, type Message, readHealth } from './message.ts';
import { readMessage2025 } from './message-2025.ts';
import { readMessage2026, readSender2026 } from './message-2026.ts';
import { datedBy, datedHealth, type Envelope, type Reading, readingOf } from './reading.ts';

/** Why an event is ignored in which Linq contradicts itself about who sent the message: worth a warning. */
export const SENDER_CONFLICT = 'its direction and its sender disagree';

/**
 * `message.sent`, `delivered`, `read` and `received`: outbound or inbound evidence, and the chat's health. The shape
 * tells the version: `data.chat` is an object as of 2026-02-03.
 * @throws PayloadError
 */
export function readMessage(envelope: Envelope): Reading {
  const { data } = envelope;
  const message = isObject(data.value.chat) ? readMessage2026(data) : readMessage2025(data);
  if (isConflict(message)) return { kind: 'ignored', reason: SENDER_CONFLICT };
  return readingOf(message.chatId, {
    outbound: outboundEvidence(envelope, message),
    inbound: inboundEvidence(envelope, message),
    health: datedHealth(envelope, message.health, message.at),
  });
}

/** `message.edited` (2026-02-03 only): no activity, but ours tells the chat's health. @throws PayloadError */
export function readEdit(envelope: Envelope): Reading {
  const chat = readObject(envelope.data, 'chat');
  const chatId = readChatId(chat, 'id');
  const sender = readSender2026(envelope.data, chat);
  if (isConflict(sender)) return { kind: 'ignored', reason: SENDER_CONFLICT };
  if (sender.direction !== 'outbound') return readingOf(chatId, {});
  return readingOf(chatId, {
    health: datedHealth(envelope, readHealth(optionalObject(chat, 'health_status'))),
  });
}

function isConflict({ direction, isSenderMe }: Pick<Message, 'direction' | 'isSenderMe'>): boolean {
  return direction !== null && isSenderMe !== null && isSenderMe !== (direction === 'outbound');
}

/** A delivered or read message of ours also proves that it was sent, in case `message.sent` was missed. */
function outboundEvidence(envelope: Envelope, message: Message): ChatEvent['outbound'] {
  if (message.direction !== 'outbound' || envelope.eventType === 'message.received') return null;
  if (message.parts.length === 0) return null;
  const { line, service, isGroup } = message;
  return { at: datedBy(envelope, message.at), line, service, isGroup };
}

function inboundEvidence(envelope: Envelope, message: Message): ChatEvent['inbound'] {
  if (message.direction !== 'inbound' || envelope.eventType !== 'message.received') return null;
  return { at: datedBy(envelope, message.at), isOptOut: isOptOut(message) };
}
