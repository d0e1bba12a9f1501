import type { Trigger } from '../../decide/chat.ts';
import { StoreError } from '../../errors.ts';
import type { ChatCount, ChatFilter, ChatKey, ChatOrder, ChatPage } from '../store.ts';

/** What a list of chats may be ordered by: each is a fact of a chat, or when the service first saw it. */
export const CHAT_KEYS = [
  'first_seen',
  'last_message',
  'last_share',
  'next_attempt',
] as const satisfies readonly ChatKey[];

/** The column of each key; `first_seen` is the row number itself. */
export const KEY_COLUMNS: Readonly<Record<Exclude<ChatKey, 'first_seen'>, string>> = {
  last_message: 'last_outbound_at',
  last_share: 'last_shared_at',
  next_attempt: 'next_attempt_at',
};

export const KEY_FACTS = {
  last_message: 'lastOutboundAt',
  last_share: 'lastSharedAt',
  next_attempt: 'nextAttemptAt',
} as const;

/** Chats without the fact are listed too, as the earliest; the other keys list only the chats that have it. */
export const LISTS_ALL: ReadonlySet<ChatKey> = new Set(['first_seen', 'last_message']);

/**
 * No index has the order of messages and shares: it would be written with each of them. Up to this many chats are
 * sorted when they are listed; more can only be listed by `first_seen` and `next_attempt`.
 */
export const MAX_SORTED = 5_000;

/** The rows that one page by `next_attempt` examines, if more than `MAX_SORTED` chats match. */
const MAX_EXAMINED = 5_000;

/** The order of a list, unless another is asked for. */
export const FIRST_SEEN: ChatOrder = { by: 'first_seen', isDescending: false };

/** @see Store.chats */
export interface ChatListRequest {
  readonly filters: readonly ChatFilter[];
  readonly limit: number;
  readonly cursor: string | null;
  readonly order: ChatOrder;
}

/** Where a chat is in a list: by the key, then by its row. */
export interface Position {
  /** `NO_KEY` for a chat without the fact, and in a list by `first_seen`. */
  readonly at: number;
  readonly id: number;
}
export const NO_KEY = -1;

/** The position that a cursor of `Store.chats` encodes: of the last chat on its page. Null: it isn't a cursor of this list. */
export function parseCursor(cursor: string, by: ChatKey): Position | null {
  const [, key = '', at, id] = /^(?:([msn])(-1|\d{1,16})\.)?([1-9]\d{0,14})$/.exec(cursor) ?? [];
  if (id === undefined || key !== CURSOR_KEYS[by]) return null;
  return { at: Number(at ?? NO_KEY), id: Number(id) };
}

/** @see parseCursor */
const cursorOf = ({ at, id }: Position, by: ChatKey): string =>
  by === 'first_seen' ? String(id) : `${CURSOR_KEYS[by]}${at}.${id}`;

/** A cursor begins with its key: in a list by another, it would silently leave out chats. */
const CURSOR_KEYS: Readonly<Record<ChatKey, string>> = {
  first_seen: '',
  last_message: 'm',
  last_share: 's',
  next_attempt: 'n',
};

/** Where a page begins: after its cursor, or before all chats. */
export function startOf(cursor: string | null, { by, isDescending }: ChatOrder): Position {
  const end = isDescending ? Number.MAX_SAFE_INTEGER : NO_KEY - 1;
  const start = cursor === null ? { at: end, id: end } : parseCursor(cursor, by);
  if (start === null) throw new StoreError('broken', 'a cursor must come from the previous page');
  return start;
}

/** Negative: `a` comes first. */
export function comparePositions(a: Position, b: Position, { isDescending }: ChatOrder): number {
  const ascending = a.at - b.at || a.id - b.id;
  return isDescending ? -ascending : ascending;
}

interface FoundPage extends Pick<ChatPage, 'nextCursor' | 'firstCursor'> {
  readonly onPage: readonly Position[];
}

/** The first of these that come after `start`, and the cursor of the page after them. */
export function pageOf(
  found: readonly Position[],
  start: Position,
  limit: number,
  order: ChatOrder,
): FoundPage {
  const after = found
    .filter((one) => comparePositions(start, one, order) < 0)
    .sort((a, b) => comparePositions(a, b, order));
  const onPage = after.slice(0, limit);
  const [first, last] = [onPage[0], onPage.at(-1)];
  const isMore = after.length > limit && last !== undefined;
  return {
    onPage,
    nextCursor: isMore ? cursorOf(last, order.by) : null,
    firstCursor: first === undefined ? null : cursorOf(first, order.by),
  };
}

/**
 * A page of a list that is read from the front of several queues, each in its order; `isCut`: there was more to read.
 * The rows after the last one of a cut queue are left for the next page, since that queue may go on before them.
 */
export function pageOfQueues<R extends Position>(
  queues: readonly { readonly rows: readonly R[]; readonly isCut: boolean }[],
  isWanted: (row: R) => boolean,
  { start, limit, order }: { start: Position; limit: number; order: ChatOrder },
): FoundPage {
  const [horizon] = queues
    .flatMap(({ rows, isCut }) => (isCut ? rows.slice(-1) : []))
    .sort((a, b) => comparePositions(a, b, order));
  const known = queues
    .flatMap(({ rows }) => rows)
    .filter((row) => horizon === undefined || comparePositions(row, horizon, order) <= 0);
  const page = pageOf(known.filter(isWanted), start, limit, order);
  if (page.nextCursor !== null || horizon === undefined) return page;
  return { ...page, nextCursor: cursorOf(horizon, order.by) };
}

/** How much of each queue is read for one page. */
export const queuePart = (queues: number): number =>
  Math.max(5, Math.floor(MAX_EXAMINED / Math.max(1, queues)));

/** What chats are counted by. */
type CountedBy = Omit<ChatCount, 'count'>;

/** A chat whose attempt is in progress, as its row counts it; it is shown as `sharing`. */
export interface Sharing extends CountedBy {
  readonly trigger: Trigger;
}

/** The counts to show. @param stored several rows may count the same */
export function shownCounts(stored: readonly ChatCount[], sharing: readonly Sharing[]): readonly ChatCount[] {
  const counts = new Map<string, ChatCount>();
  const add = ({ line, state, reason }: CountedBy, by: number) => {
    const key = `${line} ${state} ${reason}`;
    counts.set(key, { line, state, reason, count: (counts.get(key)?.count ?? 0) + by });
  };
  for (const { count, ...key } of stored) add(key, count);
  for (const { trigger, ...own } of sharing) {
    add(own, -1);
    add({ line: own.line, state: 'sharing', reason: trigger }, 1);
  }
  return [...counts.values()].filter(({ count }) => count > 0);
}

export function matchesAny(filters: readonly ChatFilter[], key: CountedBy): boolean {
  return filters.some((filter) => matches(filter, key));
}

function matches(
  { states, reasons, lines, notLines }: ChatFilter,
  { line, state, reason }: CountedBy,
): boolean {
  return (
    (states === null || states.includes(state)) &&
    (reasons === null || reasons.includes(reason)) &&
    (lines === null || lines.includes(line)) &&
    (notLines === null || !notLines.includes(line))
  );
}
