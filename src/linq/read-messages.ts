import type { EpochMs } from '../decide/time.ts';
import {
  ignoreUnreadable,
  type Node,
  type OnUnreadable,
  optionalBoolean,
  optionalHandle,
  optionalObject,
  optionalWord,
  readMessageTime,
  readParts,
  readService,
} from '../payload.ts';
import { asCursor, readPageItems, readRoot } from './json.ts';

/** What one message proves, in the terms of its own time. Its text is read once and kept nowhere. */
export type MessageRead =
  | {
      readonly kind: 'outbound';
      readonly at: EpochMs;
      readonly line: string | null;
      /** `iMessage`, `SMS`, `RCS`, or an unknown value as it came; null: not told. */
      readonly service: string | null;
    }
  | {
      readonly kind: 'inbound';
      readonly at: EpochMs;
      /** The whole message is an opt-out word, which counts in a direct chat only; null: nothing of it could be read. */
      readonly isOptOutWord: boolean | null;
    };

export interface MessagesPage {
  /** Only those that prove something: not what is queued or failed, without a time, or contradicts itself. */
  readonly messages: readonly MessageRead[];
  readonly nextCursor: string | null;
}

/** The body of `GET /v3/chats/{id}/messages`; null when it isn't a list of messages. */
export function readMessages(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): MessagesPage | null {
  const root = readRoot(body, '', onUnreadable);
  const messages = root && readPageItems(root, 'messages');
  if (root === null || messages === null) return null;
  return {
    messages: messages.flatMap((message) => readMessage(message) ?? []),
    nextCursor: asCursor(root.value.next_cursor),
  };
}

function readMessage(message: Node): MessageRead | null {
  const isFromMe = optionalBoolean(message, 'is_from_me');
  const at = readMessageTime(message);
  const from = optionalObject(message, 'from_handle');
  const isSenderMe = from && optionalBoolean(from, 'is_me');
  const isConflict = isSenderMe !== null && isSenderMe !== isFromMe;
  if (isFromMe === null || at === null || isConflict) return null;
  const parts = readParts(message);
  if (!isFromMe) return { kind: 'inbound', at, isOptOutWord: parts.isOptOutWord };
  if (parts.areNone || !wasSent(message)) return null;
  const line = (from && optionalHandle(from, 'handle')) ?? optionalHandle(message, 'from');
  return { kind: 'outbound', at, line, service: readService(message) };
}

const SENT: readonly string[] = ['sent', 'delivered', 'read'];

/** Older answers have no `delivery_status`; a message of theirs with a time was sent. */
function wasSent(message: Node): boolean {
  const status = optionalWord(message, 'delivery_status');
  return status === null || SENT.includes(status.toLowerCase());
}
