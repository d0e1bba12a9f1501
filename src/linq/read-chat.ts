import {
  type Health,
  ignoreUnreadable,
  type Node,
  type OnUnreadable,
  optionalBoolean,
  optionalChatId,
  optionalHandle,
  optionalInstant,
  optionalItems,
  optionalWord,
  readHealth,
  readService,
} from '../payload.ts';
import { readRoot } from './json.ts';

/** What Linq knows of a chat. Null says that the answer didn't tell, or nothing that could be kept. */
export interface ChatRead {
  /** Our own line in it; null also when it left. */
  readonly line: string | null;
  /** `iMessage`, `SMS`, `RCS`, or an unknown value as it came. */
  readonly service: string | null;
  readonly isGroup: boolean | null;
  /** `status` in upper case; `at` is null when Linq didn't say since when. */
  readonly health: Health | null;
}

/** The body of `GET /v3/chats/{id}`; null when it isn't a chat at all. */
export function readChat(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): ChatRead | null {
  const chat = readRoot(body, 'chat', onUnreadable);
  return chat === null || optionalChatId(chat, 'id') === null ? null : readChatObject(chat);
}

/** A chat as Linq writes it, whole or in a list. */
export function readChatObject(chat: Node): ChatRead {
  return {
    line: readOwnLine(optionalItems(chat, 'handles') ?? []),
    service: readService(chat),
    isGroup: optionalBoolean(chat, 'is_group'),
    health: readHealth(chat),
  };
}

/** Two of our lines may sit in one group: the greater by string order, so that every read says the same. */
function readOwnLine(handles: readonly Node[]): string | null {
  const lines = handles.flatMap((handle) => {
    if (optionalBoolean(handle, 'is_me') !== true || hasLeft(handle)) return [];
    return optionalHandle(handle, 'handle') ?? [];
  });
  return lines.sort().at(-1) ?? null;
}

/** `active` stands even beside an old `left_at`; older answers have no status. */
function hasLeft(handle: Node): boolean {
  const status = optionalWord(handle, 'status')?.toLowerCase();
  if (status === 'active') return false;
  return status === 'left' || status === 'removed' || optionalInstant(handle, 'left_at') !== null;
}
