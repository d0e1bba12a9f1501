import type { EpochMs } from '../decide/time.ts';
import {
  ignoreUnreadable,
  type Node,
  type OnUnreadable,
  optionalChatId,
  optionalInstant,
} from '../payload.ts';
import { asCursor, readPageItems, readRoot } from './json.ts';
import { type ChatRead, readChatObject } from './read-chat.ts';

/** A chat in a list. */
export interface ListedChat extends ChatRead {
  readonly chatId: string;
  /** When Linq last changed anything of it; null: it didn't tell. */
  readonly updatedAt: EpochMs | null;
}

export interface ChatsPage {
  readonly chats: readonly ListedChat[];
  /** Opaque; null: this was the last page. */
  readonly nextCursor: string | null;
}

/** The body of `GET /v3/chats`; null when it isn't a list of chats. What has no usable id is no chat. */
export function readChats(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): ChatsPage | null {
  const root = readRoot(body, '', onUnreadable);
  const chats = root && readPageItems(root, 'chats');
  if (root === null || chats === null) return null;
  return { chats: chats.flatMap(readListedChat), nextCursor: asCursor(root.value.next_cursor) };
}

function readListedChat(chat: Node): ListedChat[] {
  const chatId = optionalChatId(chat, 'id');
  return chatId === null
    ? []
    : [{ chatId, updatedAt: optionalInstant(chat, 'updated_at'), ...readChatObject(chat) }];
}
