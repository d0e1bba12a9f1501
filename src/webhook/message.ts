import type { EpochMs } from '../decide/time.ts';
import {
  type Health,
  type Node,
  neededBoolean,
  neededChatId,
  neededObject,
  neededWord,
  optionalBoolean,
  optionalHandle,
  optionalObject,
  type Parts,
  readHealth,
  readMessageTime,
  readParts,
  readService,
} from '../payload.ts';

/** A message event of either payload version, in one shape. Null says nothing. */
export interface Message {
  readonly chatId: string;
  /** Null for a direction that we don't know. */
  readonly direction: 'outbound' | 'inbound' | null;
  /** Whether Linq says that the sender is our own line. */
  readonly isSenderMe: boolean | null;
  /** Our own line; told of outbound messages only. */
  readonly line: string | null;
  readonly service: string | null;
  readonly isGroup: boolean | null;
  readonly parts: Parts;
  /** The message's own time: sent, else delivered, else read. */
  readonly at: EpochMs | null;
  readonly health: Health | null;
}

/** `message.sent`, `delivered`, `read` and `received` as of payload version 2026-02-03. @throws PayloadError */
export function readMessage2026(data: Node): Message {
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

/** Who sent it; edits say this in the same words. @throws PayloadError */
export function readSender2026(data: Node, chat: Node): Pick<Message, 'direction' | 'isSenderMe' | 'line'> {
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
 * `message.sent`, `delivered`, `read` and `received` as of payload version 2025-01-01. The schema puts `delivered_at`
 * and `read_at` at the top too, Linq's own samples only inside `message`: both places are read.
 * @throws PayloadError
 */
export function readMessage2025(data: Node): Message {
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
    parts: message === null ? NOT_TOLD : readParts(message),
    at: message === null ? readMessageTime(data) : readMessageTime(message, data),
    health: null,
  };
}

const NOT_TOLD = { areNone: false, isOptOutWord: null };
