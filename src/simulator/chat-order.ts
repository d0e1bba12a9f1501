import { createHash } from 'node:crypto';
import type { Behaviour } from './behaviour.ts';
import type { Chat } from './model.ts';

/** The chats as a listing goes through them. Linq documents no order, so that a client must not need one. */
export function inOrder(chats: readonly Chat[], order: Behaviour['chatOrder']): readonly Chat[] {
  if (order === 'created') return chats;
  if (order === 'updated') return chats.toSorted((a, b) => b.updatedAt - a.updatedAt);
  const keys = new Map(chats.map(({ chatId }) => [chatId, hashOf(chatId)]));
  const keyOf = ({ chatId }: Chat) => keys.get(chatId) ?? '';
  return chats.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** An order that has nothing to do with anything, and stays the same. */
function hashOf(chatId: string): string {
  return createHash('sha256').update(chatId).digest('hex');
}
