import { type Static, Type } from 'typebox';
import type { ChatState } from '../../decide/chat.ts';
import { layOver } from '../../decide/holds.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { ChatCount } from '../../store/store.ts';
import { ChatQuerySchema } from '../api/chat-query.ts';
import type { ChatView, Overview } from '../api/schemas.ts';
import { findChats } from '../view/chat-search.ts';
import { type Moment, showChat, showLine } from '../view/chat-view.ts';
import { momentOf, type StatusDeps } from '../view/deps.ts';
import type { ShownReason } from '../view/explanation.ts';
import { createOverview } from '../view/whole-picture.ts';

const { state, reason, line, cursor } = ChatQuerySchema.properties;
export const ChatsQuerySchema = Type.Object({ state, reason, line, cursor, q: Type.Optional(Type.String()) });
export type ChatsQuery = Static<typeof ChatsQuerySchema>;

export interface ReasonCount {
  readonly state: ChatState;
  readonly reason: ShownReason;
  readonly count: number;
}

/** What the list of chats shows. */
export interface ChatsPage {
  readonly overview: Overview;
  readonly now: EpochMs;
  /** As it was asked for, the line as it may be shown; `q` is the beginning of an id, and then the rest doesn't count. */
  readonly query: ChatsQuery;
  readonly chats: readonly ChatView[];
  readonly nextCursor: string | null;
  /** More ids begin so than are shown. */
  readonly isCut: boolean;
  /** Of the chosen line, or of all. */
  readonly reasons: readonly ReasonCount[];
}

export type Listed =
  | { readonly kind: 'page'; readonly page: ChatsPage }
  /** The search names one chat exactly. */
  | { readonly kind: 'chat'; readonly chatId: string }
  | { readonly kind: 'wrong'; readonly message: string };

const PAGE_LENGTH = 50;

/**
 * Gathers a page of the list. Nothing in it takes longer with more chats.
 * @throws {StoreError} what it resolves with rejects so
 */
export function createChatsPage(deps: StatusDeps): (query: ChatsQuery) => Promise<Listed> {
  const { store } = deps;
  const look = createOverview(deps);

  async function search(prefix: string, moment: Moment) {
    const found = await store.chatsByIdPrefix(prefix, PAGE_LENGTH + 1);
    const chats = found.slice(0, PAGE_LENGTH).map((chat) => showChat(chat, moment));
    return { lines: null, chats, nextCursor: null, isCut: found.length > PAGE_LENGTH };
  }

  async function filter(query: ChatsQuery) {
    const found = await findChats(deps, { ...query, limit: PAGE_LENGTH });
    return 'wrong' in found ? found : { ...found, lines: found.filter.lines, isCut: false };
  }

  return async (asked) => {
    const q = asked.q?.trim() ?? '';
    if (q !== '' && (await store.chat(q)) !== null) return { kind: 'chat', chatId: q };
    const query: ChatsQuery = q === '' ? withShownLine(asked, deps.showNumbers) : { q };
    const moment = momentOf(deps);
    const found = await (q === '' ? filter(asked) : search(q, moment));
    if ('wrong' in found) return { kind: 'wrong', message: found.wrong };
    const { lines, chats, nextCursor, isCut } = found;
    const reasons = countReasons(await store.counts(), lines, moment);
    const overview = await look();
    return { kind: 'page', page: { overview, now: moment.now, query, chats, nextCursor, isCut, reasons } };
  };
}

/** Whoever names a line in full isn't shown it in full for that: links and choices hold the form that lists show. */
function withShownLine(asked: ChatsQuery, showNumbers: boolean): ChatsQuery {
  const line = asked.line?.replace(/^ /, '+'); // a plus sign that wasn't encoded
  return line !== undefined && /^\+\d{8,15}$/.test(line)
    ? { ...asked, line: showLine(line, showNumbers) }
    : asked;
}

/** What closes the account and the lines, laid over the stored counts. @param lines null: of all */
function countReasons(
  counts: readonly ChatCount[],
  lines: readonly string[] | null,
  { closures }: Moment,
): readonly ReasonCount[] {
  const sums = new Map<string, ReasonCount>();
  for (const { line, state, reason, count } of counts) {
    if (lines !== null && (line === null || !lines.includes(line))) continue;
    const shown = layOver({ state, reason, nextAttemptAt: null }, closures.of(line));
    const key = `${shown.state} ${shown.reason}`;
    const before = sums.get(key)?.count ?? 0;
    sums.set(key, { state: shown.state, reason: shown.reason, count: before + count });
  }
  return [...sums.values()].sort((a, b) => b.count - a.count);
}
