import {
  type Node,
  optionalBoolean,
  optionalObject,
  optionalText,
  readBoolean,
  readChatId,
  readList,
  readObject,
} from './fields.ts';
import { type Message, readMessageTime, readService } from './message.ts';

/**
 * `message.sent`, `delivered`, `read` and `received` as of payload version 2025-01-01. The schema puts `delivered_at`
 * and `read_at` at the top too, Linq's own samples only inside `message`: both places are read.
 * @throws PayloadError
 */
export function readMessage2025(data: Node): Message {
  const message = readObject(data, 'message');
  const isFromMe = readBoolean(data, 'is_from_me');
  const sender = optionalObject(data, 'from_handle');
  const line = (sender && optionalText(sender, 'handle')) ?? optionalText(data, 'from');
  return {
    chatId: readChatId(data, 'chat_id'),
    direction: isFromMe ? 'outbound' : 'inbound',
    isSenderMe: sender && optionalBoolean(sender, 'is_me'),
    line: isFromMe ? line : null,
    service: readService(data),
    isGroup: optionalBoolean(data, 'is_group'),
    parts: readList(message, 'parts'),
    partsAt: 'data.message.parts',
    at: readMessageTime([message, data]),
    health: null,
  };
}
