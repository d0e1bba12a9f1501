import { type ChatRecord, newChat } from '../../../../src/decide/chat.ts';
import type { StoredChat } from '../../../../src/store/plan/chat-row.ts';
import { decided } from '../../../../src/store/plan/chat-row.ts';
import { chatOf, policyOf, T } from '../../../helpers/builders.ts';

/** A chat in row 1 as a store reads it, decided at `T`. */
export function storedOf(parts: Partial<ChatRecord> = {}, id = 1): StoredChat & { readonly id: number } {
  const chat = chatOf(parts);
  return { id, chat: decided({ id, chat }, chat, policyOf(), T) };
}

/** A chat that no row is of yet. */
export function unstoredOf(chatId = 'chat-1'): StoredChat {
  return { id: null, chat: newChat(chatId) };
}

/** The same in the queue of its line, due at `dueAt`, without a lease. */
export function dueOf(id: number, parts: Partial<ChatRecord> = {}): StoredChat & { readonly id: number } {
  const { chat } = storedOf({ chatId: `chat-${id}`, ...parts }, id);
  return { id, chat: { ...chat, nextAttemptAt: T + id, ...parts } };
}
