import type { EpochMs } from '../decide/duration.ts';
import { asCursor, asInstant, asObject, parseJson } from './json.ts';
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
export function readChats(body: string | null): ChatsPage | null {
  const root = asObject(parseJson(body));
  if (root === null || !Array.isArray(root.chats)) return null;
  return { chats: root.chats.flatMap(readListedChat), nextCursor: asCursor(root.next_cursor) };
}

function readListedChat(value: unknown): ListedChat[] {
  const chat = asObject(value);
  const chatId = chat?.id;
  if (chat === null || typeof chatId !== 'string' || !isChatId(chatId)) return [];
  return [{ chatId, updatedAt: asInstant(chat.updated_at), ...readChatObject(chat) }];
}

/** Text that the store keeps as the id of a chat, and that a path can carry: a lone dot or two would climb. */
function isChatId(text: string): boolean {
  return /^[^\p{Cc}\p{Cs}]{1,128}$/u.test(text) && text !== '.' && text !== '..';
}
