import {
  type Node,
  optionalBoolean,
  optionalObject,
  optionalText,
  readChatId,
  readList,
  readObject,
  readText,
} from './fields.ts';
import { type Message, readHealth, readMessageTime, readService } from './message.ts';

/** `message.sent`, `delivered`, `read` and `received` as of payload version 2026-02-03. @throws PayloadError */
export function readMessage2026(data: Node): Message {
  const chat = readObject(data, 'chat');
  return {
    chatId: readChatId(chat, 'id'),
    ...readSender2026(data, chat),
    service: readService(data),
    isGroup: optionalBoolean(chat, 'is_group'),
    parts: readList(data, 'parts'),
    partsAt: 'data.parts',
    at: readMessageTime([data]),
    health: readHealth(optionalObject(chat, 'health_status')),
  };
}

/** Who sent it; edits say this in the same words. @throws PayloadError */
export function readSender2026(data: Node, chat: Node): Pick<Message, 'direction' | 'isSenderMe' | 'line'> {
  const direction = readText(data, 'direction');
  const sender = optionalObject(data, 'sender_handle');
  const isSenderMe = sender && optionalBoolean(sender, 'is_me');
  if (direction === 'inbound') return { direction, isSenderMe, line: null };
  if (direction !== 'outbound') return { direction: null, isSenderMe, line: null };
  const owner = optionalObject(chat, 'owner_handle');
  return { direction, isSenderMe, line: readHandle(owner) ?? readHandle(sender) };
}

function readHandle(participant: Node | null): string | null {
  return participant && optionalText(participant, 'handle');
}
