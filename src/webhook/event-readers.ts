import type { ChatEvent, ReactorEvent } from '../decide/event.ts';
import type { EpochMs } from '../decide/time.ts';
import {
  expected,
  type Health,
  isObject,
  type Node,
  neededBoolean,
  neededChatId,
  neededHandle,
  neededObject,
  neededWord,
  optionalBoolean,
  optionalHandle,
  optionalInstant,
  optionalObject,
  optionalUpperWord,
  type Parts,
  readHealth,
  readMessageTime,
  readParts,
  readService,
} from '../payload.ts';

/** The event's data and what surrounds it. */
export interface Envelope {
  readonly eventType: string;
  /** The payload's version; null: not stated. */
  readonly version: string | null;
  /** When Linq created the event: no time in it is later. Null: not stated, so no bound. */
  readonly createdAt: EpochMs | null;
  readonly data: Node;
}

export type Reading =
  | { readonly kind: 'event'; readonly event: ReactorEvent }
  /** It contains nothing that the service uses. */
  | { readonly kind: 'ignored'; readonly reason: string };

const SAYS_NOTHING: Reading = { kind: 'ignored', reason: 'it says nothing that matters for sharing' };

/** A chat's event with the given facts; ignored when there are none. */
function readingOf(chatId: string, facts: Partial<ChatEvent>): Reading {
  const { outbound = null, inbound = null, health = null, leftAt = null, joinedAt = null, member } = facts;
  const event = { kind: 'chat', chatId, outbound, inbound, health, leftAt, joinedAt } as const;
  if (member !== undefined) return { kind: 'event', event: { ...event, member } };
  if ((outbound ?? inbound ?? health ?? leftAt ?? joinedAt) === null) return SAYS_NOTHING;
  return { kind: 'event', event };
}

/**
 * The first stated time, capped at the envelope's `created_at`: nothing happened after its own event. That
 * field is signed, so every redelivery gets the same result.
 * @throws PayloadError when no time is stated
 */
function datedBy(envelope: Envelope, ...times: readonly (EpochMs | null)[]): EpochMs {
  const { createdAt } = envelope;
  const at = times.find((time) => time !== null) ?? createdAt;
  if (at === null) {
    const root = { at: '', value: {}, onUnreadable: envelope.data.onUnreadable };
    throw expected(root, 'created_at', 'an RFC 3339 time, since there is no other time');
  }
  return createdAt === null ? at : Math.min(at, createdAt);
}

/** Dates a chat's health by its own time, else by the event's, else by the message's. */
function datedHealth(
  envelope: Envelope,
  health: Health | null,
  messageAt: EpochMs | null = null,
): ChatEvent['health'] {
  return health && { status: health.status, at: datedBy(envelope, health.at, envelope.createdAt, messageAt) };
}

/** Why we ignore an event that contradicts itself about the sender; logged as a warning. */
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

/** Decided by the version, or by the shape if the version is missing or unknown. */
function is2026({ version, data }: Envelope): boolean {
  if (version === '2026-02-03') return true;
  return version !== '2025-01-01' && isObject(data.value.chat);
}

/** `message.edited` (2026-02-03 only): not activity; our edits state the chat's health. @throws PayloadError */
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

/** That our message was delivered or read also proves that it was sent, in case `message.sent` was missed. */
function outboundEvidence(envelope: Envelope, message: Message): ChatEvent['outbound'] {
  if (message.direction !== 'outbound' || envelope.eventType === 'message.received') return null;
  if (message.parts.areNone) return null;
  const { line, service, isGroup } = message;
  return { at: datedBy(envelope, message.at), line, service, isGroup };
}

/** In a group, an opt-out would be just one member's wish, so it doesn't count. */
function inboundEvidence(envelope: Envelope, message: Message): ChatEvent['inbound'] {
  if (message.direction !== 'inbound' || envelope.eventType !== 'message.received') return null;
  const isOptOut = message.isGroup === true ? false : message.parts.isOptOutWord;
  return { at: datedBy(envelope, message.at), isOptOut };
}

/** A message event of either payload version, in one shape. Null: not stated. */
interface Message {
  readonly chatId: string;
  /** Null: unknown. */
  readonly direction: 'outbound' | 'inbound' | null;
  /** Whether Linq says that the sender is our own line. */
  readonly isSenderMe: boolean | null;
  /** Our own line; stated for outbound messages only. */
  readonly line: string | null;
  readonly service: string | null;
  readonly isGroup: boolean | null;
  readonly parts: Parts;
  /** The message's own time: sent, else delivered, else read. */
  readonly at: EpochMs | null;
  readonly health: Health | null;
}

/** `message.sent`, `delivered`, `read` and `received` in payload version 2026-02-03. @throws PayloadError */
function readMessage2026(data: Node): Message {
  const chat = neededObject(data, 'chat');
  return {
    chatId: neededChatId(chat, 'id'),
    ...readSender2026(data, chat),
    service: readService(data),
    isGroup: optionalBoolean(chat, 'is_group'),
    parts: readParts(data),
    at: readMessageTime(data),
    health: readHealth(chat),
  };
}

/** Who sent it; edits use the same fields. @throws PayloadError */
function readSender2026(data: Node, chat: Node): Pick<Message, 'direction' | 'isSenderMe' | 'line'> {
  const direction = neededWord(data, 'direction').toLowerCase();
  const sender = optionalObject(data, 'sender_handle');
  const isSenderMe = sender && optionalBoolean(sender, 'is_me');
  if (direction === 'inbound') return { direction, isSenderMe, line: null };
  if (direction !== 'outbound') return { direction: null, isSenderMe, line: null };
  const owner = optionalObject(chat, 'owner_handle');
  return { direction, isSenderMe, line: readHandle(owner) ?? readHandle(sender) };
}

function readHandle(participant: Node | null): string | null {
  return participant && optionalHandle(participant, 'handle');
}

/**
 * `message.sent`, `delivered`, `read` and `received` in payload version 2025-01-01. In the schema,
 * `delivered_at` and `read_at` are at the top level too; in Linq's samples, only inside `message`. Both
 * places are read.
 * @throws PayloadError
 */
function readMessage2025(data: Node): Message {
  const chatId = neededChatId(data, 'chat_id');
  const isFromMe = neededBoolean(data, 'is_from_me');
  const message = optionalObject(data, 'message');
  const sender = optionalObject(data, 'from_handle');
  const line = (sender && optionalHandle(sender, 'handle')) ?? optionalHandle(data, 'from');
  return {
    chatId,
    direction: isFromMe ? 'outbound' : 'inbound',
    isSenderMe: sender && optionalBoolean(sender, 'is_me'),
    line: isFromMe ? line : null,
    service: readService(data),
    isGroup: optionalBoolean(data, 'is_group'),
    parts: message === null ? NOT_STATED : readParts(message),
    at: message === null ? readMessageTime(data) : readMessageTime(message, data),
    health: null,
  };
}

const NOT_STATED = { areNone: false, isOptOutWord: null };

/** `chat.created`: proves no message; at most it states the chat's health. @throws PayloadError */
export function readChatCreated(envelope: Envelope): Reading {
  const { data } = envelope;
  return readingOf(neededChatId(data, 'id'), { health: datedHealth(envelope, readHealth(data)) });
}

/**
 * `participant.added` and `removed` matter when the participant is our own line. If Linq doesn't say whether it is, the
 * store compares it with the lines it knows.
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
  const membership = isRemoval ? { leftAt: at, joinedAt: null } : { leftAt: null, joinedAt: at };
  return readingOf(
    chatId,
    isMe === null && handle !== null ? { member: { handle, ...membership } } : membership,
  );
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

/**
 * `contact_card.created`, `updated` and `deleted`, of a line. Their shape still changes, so little is
 * required.
 */
export function readCardChange(envelope: Envelope): Reading {
  const { data, createdAt, eventType } = envelope;
  const card = optionalObject(data, 'contact_card');
  const line = optionalHandle(data, 'phone_number') ?? (card && optionalHandle(card, 'phone_number'));
  const changedAt = eventType === 'contact_card.updated' ? createdAt : null;
  return line === null
    ? { kind: 'ignored', reason: 'it does not say which line’s card changed' }
    : { kind: 'event', event: { kind: 'card', line, changedAt } };
}
