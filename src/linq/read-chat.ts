import type { EpochMs } from '../decide/duration.ts';
import { asInstant, asObject, asShortText, asString, parseJson } from './json.ts';

/** What Linq knows of a chat. Null says that the answer didn't tell, or nothing that could be kept. */
export interface ChatRead {
  /** Our own line in it; null also when it left. */
  readonly line: string | null;
  /** `iMessage`, `SMS`, `RCS`, or an unknown value as it came. */
  readonly service: string | null;
  readonly isGroup: boolean | null;
  /** `status` in upper case; `at` is null when Linq didn't say since when. */
  readonly health: { readonly status: string; readonly at: EpochMs | null } | null;
}

/** The body of `GET /v3/chats/{id}`; null when it isn't a chat at all. */
export function readChat(body: string | null): ChatRead | null {
  const chat = asObject(parseJson(body));
  return chat === null || asString(chat.id) === null ? null : readChatObject(chat);
}

/** A chat as Linq writes it, whole or in a list. */
export function readChatObject(chat: Readonly<Record<string, unknown>>): ChatRead {
  return {
    line: readOwnLine(chat.handles),
    service: asShortText(chat.service),
    isGroup: typeof chat.is_group === 'boolean' ? chat.is_group : null,
    health: readHealth(chat.health_status),
  };
}

/** Two of our lines may sit in one group: the greater by string order, so that every read says the same. */
function readOwnLine(handles: unknown): string | null {
  if (!Array.isArray(handles)) return null;
  const lines = handles.map(asObject).flatMap((handle) => {
    const line = asShortText(handle?.handle);
    return handle?.is_me === true && line !== null && !hasLeft(handle) ? [line] : [];
  });
  return lines.sort().at(-1) ?? null;
}

/** `active` stands even beside an old `left_at`; older answers have no status. */
function hasLeft(handle: Readonly<Record<string, unknown>>): boolean {
  const status = asString(handle.status)?.toLowerCase();
  if (status === 'active') return false;
  return status === 'left' || status === 'removed' || asString(handle.left_at) !== null;
}

function readHealth(value: unknown): ChatRead['health'] {
  const health = asObject(value);
  const status = asShortText(asString(health?.status)?.toUpperCase()); // upper case may be longer
  return status === null ? null : { status, at: asInstant(health?.updated_at) };
}
