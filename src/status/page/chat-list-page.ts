import { type Static, Type } from 'typebox';
import type { ChatState } from '../../decide/chat.ts';
import { applyHold } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import { MAX_SORTED } from '../../store/plan/chat-lists.ts';
import type { ChatCount, ChatKey, ChatOrder } from '../../store/store.ts';
import {
  ChatQuerySchema,
  type Direction,
  type FilteredChats,
  findChats,
  orderOf,
} from '../api/chat-routes.ts';
import type { StatusDeps } from '../api/deps.ts';
import { createOverview } from '../api/overview.ts';
import { type ShowLine, showChat, type ViewSnapshot, viewSnapshot } from '../view/chat-view.ts';
import type { ShownReason } from '../view/explanation.ts';
import type { ChatView, Overview } from '../view/schemas.ts';
import { isFirstStart } from './first-start.ts';
import { type Content, type Html, html } from './html.ts';
import { renderPage } from './layout.ts';
import { reasonWords, STATE_WORDS, STATES_IN_ORDER } from './page-words.ts';
import { chatLink, counted, nothing, number, pastIso, stateBadge, when } from './parts.ts';

/** The list of chats, with search, filters and paging. */
export function renderChats(page: ChatsPage): string {
  const { overview, query, chats } = page;
  const { total } = overview.chats;
  return renderPage({
    title: 'Chats',
    current: 'chats',
    service: { ...overview, isSettingUp: isFirstStart(overview) },
    body: html`<div class="list-head"><h1>Chats</h1><p class="muted">${counted(total, 'chat')} known</p>${searchForm(query.q)}</div>
${chips(page)}${query.q === undefined && total > 0 && narrowing(page)}
<section class="card" aria-labelledby="list"><h2 class="hidden" id="list">${headingOf(page)}</h2>
${query.q !== undefined && searched(page)}${unsorted(page)}${chats.length === 0 ? nothing(emptyWords(page)) : table(page)}
</section>
${pager(page)}`,
  });
}

const headingOf = ({ query }: ChatsPage) => (query.q === undefined ? chosen(query) : 'Found chats');

function searched({ query, isCut }: ChatsPage): Html {
  const cut = isCut && ' There are more matches; type more of the id.';
  return html`<p class="found">Chats whose id begins with <span class="id">${query.q}</span>.${cut} <a href="/chats">Show all chats</a></p>`;
}

function emptyWords({ query, overview, nextCursor }: ChatsPage): Content {
  if (overview.chats.total === 0) return 'No chats yet. Send a message and its chat will appear here.';
  if (query.q !== undefined) return 'No chat matches. Search by Linq’s chat id or its beginning.';
  return nextCursor === null
    ? html`No chat matches. <a href="/chats">Show all chats</a>`
    : 'The chats on this page have changed state. Continue to the next page.';
}

/** The order that can't be had, and the one in its place. */
function unsorted({ isSortable, order }: ChatsPage): Content {
  if (isSortable || order.by === 'next_attempt') return null;
  const which = order.isDescending ? 'newest' : 'oldest';
  return html`<p class="found">Over ${number(MAX_SORTED)} chats match, too many to sort by message or share: the ${which} chats are first. Narrow the list to sort it.</p>`;
}

function table(page: ChatsPage): Html {
  const head = (name: Content, key?: ChatKey) => sortHead(page, name, key);
  return html`<table class="chats"><thead><tr>${head('Chat', 'first_seen')}${head('Line')}${head('Service')}${head('State')}${head('Last message', 'last_message')}${head('Last share', 'last_share')}${head('Next attempt', 'next_attempt')}</tr></thead>
<tbody>${page.chats.map((chat) => row(chat, page.now))}</tbody></table>`;
}

/** A column's head; a click on it sorts by the column, and a second one turns the order round. */
function sortHead({ query, order, isSortable }: ChatsPage, name: Content, key?: ChatKey): Html {
  const isLimited = key === 'last_message' || key === 'last_share';
  if (query.q !== undefined || key === undefined || (isLimited && !isSortable))
    return html`<th scope="col">${name}</th>`;
  const isCurrent = key === order.by;
  const natural = orderOf(key, undefined).isDescending;
  const isDescending = isCurrent ? !order.isDescending : natural;
  const { cursor: _, before: __, from: ___, ...same } = query;
  const direction: Direction = isDescending ? 'desc' : 'asc';
  const href = hrefOf({ ...same, sort: key, order: isDescending === natural ? undefined : direction });
  const sorted = order.isDescending ? 'descending' : 'ascending';
  const title = key === 'first_seen' && html` title="By when the service first saw them"`;
  return html`<th scope="col"${isCurrent && html` aria-sort="${sorted}"`}><a href="${href}"${title}>${name}</a></th>`;
}

function row(chat: ChatView, now: EpochMs): Html {
  const { chatId, line, service, isGroup, shareCount, lastOutboundAt, lastSharedAt, nextAttemptAt } = chat;
  const kind = [...(service === null ? [] : [service]), ...(isGroup === true ? ['group'] : [])].join(' · ');
  const next = nextAttemptAt === null ? null : Date.parse(nextAttemptAt);
  const shares = shareCount > 1 && html` <span class="muted">(${number(shareCount)})</span>`;
  return html`<tr><th scope="row">${chatLink(chatId)}</th><td data-label="Line">${line ?? 'not known'}</td><td data-label="Service">${kind === '' ? 'not known' : kind}</td><td>${stateBadge(chat.state)} <span class="why-short">${reasonWords(chat.reason)}</span></td><td data-label="Last message">${pastIso(lastOutboundAt, now, 'none')}</td><td data-label="Last share">${pastIso(lastSharedAt, now, 'never')}${shares}</td><td data-label="Next attempt">${next === null ? '–' : next > now ? when(next, now) : html`due ${when(next, now)}`}</td></tr>
`;
}

function pager(page: ChatsPage): Content {
  const { query, chats, total, nextCursor, previous } = page;
  if (query.q !== undefined) return null;
  const { cursor: _, before: __, from: ___, ...first } = query;
  const { from } = page;
  const to = from === null ? null : from + chats.length - 1;
  const of = total === null ? null : number(Math.max(total, to ?? 0));
  const range =
    chats.length === 0
      ? null
      : from === null
        ? of !== null && `${number(chats.length)} of ${of}`
        : `${number(from)}–${number(to ?? 0)}${of === null ? '' : ` of ${of}`}`;
  const fromOf = (at: number) => (from === null ? {} : { from: at });
  const before =
    previous === null ? null : { before: previous, ...fromOf(Math.max(1, (from ?? 1) - PAGE_LENGTH)) };
  const isFirst = query.cursor === undefined && query.before === undefined;
  return html`<nav class="pager" aria-label="Pages of the list">
${!isFirst && html`<a href="${hrefOf(first)}">First page</a>`}
${before !== null && html`<a rel="prev" href="${hrefOf({ ...first, ...before })}">Previous page</a>`}
<span class="muted">${range}</span>
${nextCursor !== null && html`<a class="pager-next" rel="next" href="${hrefOf({ ...first, cursor: nextCursor, ...fromOf((to ?? 0) + 1) })}">Next page</a>`}
</nav>
${total !== 0 && html`<p class="muted"><a href="${csvOf(query)}" download>Download as CSV</a></p>`}`;
}

/** The CSV has what the filters match, in an order of its own. */
const csvOf = ({ state, reason, line }: ChatsQuery): string =>
  addressOf('/status/chats.csv', { state, reason, line });

const { state, reason, line, cursor, sort, order } = ChatQuerySchema.properties;
export const ChatsQuerySchema = Type.Object({
  state,
  reason,
  line,
  cursor,
  sort,
  order,
  /** A cursor: the page ends before it. */
  before: cursor,
  /** The number of the page's first chat, only to show it. */
  from: Type.Optional(Type.Integer({ minimum: 1, maximum: 1e9 })),
  q: Type.Optional(Type.String()),
});
type ChatsQuery = Static<typeof ChatsQuerySchema>;

interface ReasonCount {
  readonly state: ChatState;
  readonly reason: ShownReason;
  readonly count: number;
}

interface ChatsPage {
  readonly overview: Overview;
  readonly now: EpochMs;
  /**
   * As requested, with the line in its displayable form. `q` is an id prefix; with it, the other fields are
   * ignored.
   */
  readonly query: ChatsQuery;
  readonly chats: readonly ChatView[];
  readonly nextCursor: string | null;
  /** The cursor that the previous page ends before; null: there is none. */
  readonly previous: string | null;
  readonly order: ChatOrder;
  readonly isSortable: boolean;
  /** How many chats match; null: not known. */
  readonly total: number | null;
  /** The number of the first chat; null: not known. */
  readonly from: number | null;
  /** More ids match the prefix than are shown. */
  readonly isCut: boolean;
  /** Of the selected line, or of all lines. */
  readonly reasons: readonly ReasonCount[];
}

type Listed =
  | { readonly kind: 'page'; readonly page: ChatsPage }
  /** The search matches one chat exactly. */
  | { readonly kind: 'chat'; readonly chatId: string }
  | { readonly kind: 'wrong'; readonly message: string };

const PAGE_LENGTH = 50;
const DEFAULT_SORT = 'last_message';
/** Found ids are in their own order. */
const NOT_SORTED = { order: orderOf('first_seen', 'asc'), isSortable: true, total: null, from: null };

/**
 * Builds a page of the list. Its cost doesn't grow with the number of chats.
 * @throws {StoreError} by rejecting
 */
export function createChatsPage(deps: StatusDeps): (query: ChatsQuery) => Promise<Listed> {
  const { store } = deps;
  const look = createOverview(deps);

  async function search(prefix: string, snapshot: ViewSnapshot) {
    const found = await store.chatsByIdPrefix(prefix, PAGE_LENGTH + 1);
    const chats = found.slice(0, PAGE_LENGTH).map((chat) => showChat(chat, snapshot));
    const counts = await store.counts(snapshot.now);
    const isCut = found.length > PAGE_LENGTH;
    return { lines: null, counts, chats, nextCursor: null, previous: null, isCut, ...NOT_SORTED };
  }

  async function filter({ before, cursor, from, ...query }: ChatsQuery) {
    const sort = query.sort ?? DEFAULT_SORT;
    const asked = { ...query, sort, limit: PAGE_LENGTH };
    const { isDescending } = orderOf(sort, query.order);
    const turned = { by: 'first_seen', isDescending: sort === DEFAULT_SORT || isDescending } as const;
    const shown = (found: FilteredChats) => ({ ...found, lines: found.filter.lines, isCut: false });
    if (before !== undefined) {
      const order: Direction = isDescending ? 'asc' : 'desc';
      const otherwise = { ...turned, isDescending: !turned.isDescending };
      const found = await findChats(deps, { ...asked, order, cursor: before }, otherwise);
      if ('wrong' in found) return found;
      if (found.nextCursor !== null) {
        const turnedBack = { ...found.order, isDescending: !found.order.isDescending };
        const cursors = { nextCursor: found.firstCursor, previous: found.nextCursor };
        return {
          ...shown(found),
          ...cursors,
          order: turnedBack,
          chats: found.chats.toReversed(),
          from: from ?? null,
        };
      }
      // it reaches the front, and may be short: the first page is full
    }
    const at = before === undefined ? cursor : undefined;
    const found = await findChats(deps, { ...asked, ...(at === undefined ? {} : { cursor: at }) }, turned);
    if ('wrong' in found) return found;
    const previous = at === undefined ? null : found.firstCursor;
    return { ...shown(found), previous, from: at === undefined ? 1 : (from ?? null) };
  }

  return async (asked) => {
    const q = asked.q?.trim() ?? '';
    if (q !== '' && (await store.chat(q)) !== null) return { kind: 'chat', chatId: q };
    const snapshot = viewSnapshot(deps);
    const query: ChatsQuery = q === '' ? withShownLine(asked, snapshot.showLine) : { q };
    const found = await (q === '' ? filter(asked) : search(q, snapshot));
    if ('wrong' in found) return { kind: 'wrong', message: found.wrong };
    const { lines, counts, ...list } = found;
    const reasons = countReasons(counts, lines, snapshot);
    return { kind: 'page', page: { ...list, overview: await look(), now: snapshot.now, query, reasons } };
  };
}

/** A query with a full number must not make the page show it in full: links and choices use the list's form. */
function withShownLine(asked: ChatsQuery, showLine: ShowLine): ChatsQuery {
  const line = asked.line?.replace(/^ /, '+'); // an unencoded plus sign
  return line !== undefined && /^\+\d{8,15}$/.test(line) ? { ...asked, line: showLine(line) } : asked;
}

/** Overlays the holds of the account and lines on the stored counts. @param lines null: all */
function countReasons(
  counts: readonly ChatCount[],
  lines: readonly string[] | null,
  { holds }: ViewSnapshot,
): readonly ReasonCount[] {
  const sums = new Map<string, ReasonCount>();
  for (const { line, state, reason, count } of counts) {
    if (lines !== null && (line === null || !lines.includes(line))) continue;
    const shown = applyHold({ state, reason, nextAttemptAt: null }, holds.of(line));
    const key = `${shown.state} ${shown.reason}`;
    const before = sums.get(key)?.count ?? 0;
    sums.set(key, { state: shown.state, reason: shown.reason, count: before + count });
  }
  return [...sums.values()].sort((a, b) => b.count - a.count);
}

/** The list's address with this query. */
const hrefOf = (query: Given): string => addressOf('/chats', query);

type Given = { readonly [K in keyof ChatsQuery]: ChatsQuery[K] | undefined };

function addressOf(path: string, query: Given): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.size === 0 ? path : `${path}?${params}`;
}

/** `Held chats` */
const chosen = ({ state }: ChatsQuery): string =>
  state === undefined ? 'All chats' : `${STATE_WORDS[state].name} chats`;

/** @param q the search text */
export function searchForm(q = ''): Html {
  return html`<form class="search" role="search" action="/chats">
<label class="hidden" for="q">Chat id, or how it begins</label>
<input class="field" id="q" type="search" name="q" value="${q}" placeholder="Chat id, or how it begins" maxlength="255" autocomplete="off" autocapitalize="none" spellcheck="false" required>
<button class="button">Search</button>
</form>`;
}

/** The number of chats in each state, linked to their list; a selected line is kept. */
function chips({ query, reasons }: ChatsPage): Html {
  const countOf = (state: ChatState | null) =>
    sumOf(reasons.filter((one) => state === null || one.state === state));
  const { line, sort, order } = query;
  const chip = (state: ChatState | null) => {
    const isCurrent = query.q === undefined && state === (query.state ?? null);
    const href = hrefOf({ state: state ?? undefined, line, sort, order });
    const name = state === null ? 'All' : html`<i class="dot dot-${state}"></i>${STATE_WORDS[state].name}`;
    const count = countOf(state);
    return html`<li${count === 0 && !isCurrent && html` class="is-none"`}><a class="chip" href="${href}"${isCurrent && html` aria-current="true"`}>${name} <span class="chip-count">${number(count)}</span></a></li>
`;
  };
  return html`<ul class="chips" aria-label="By state">${[null, ...STATES_IN_ORDER].map(chip)}</ul>
`;
}

const sumOf = (counts: readonly ReasonCount[]) => counts.reduce((sum, { count }) => sum + count, 0);

/** Filters by reason and line. */
function narrowing({ query, reasons, overview }: ChatsPage): Html {
  const { state, reason, line, sort, order } = query;
  const among = reasons.filter((one) => state === undefined || one.state === state);
  const lines = [...new Set(overview.lines.map((one) => one.line))];
  const isNarrowed = reason !== undefined || line !== undefined;
  return html`<form class="narrowing" action="/chats">
${state !== undefined && hiddenField('state', state)}${sort !== undefined && hiddenField('sort', sort)}${order !== undefined && hiddenField('order', order)}
${select('reason', 'Reason', 'Any reason', reasonOptions(among, reason), reason)}
${select('line', 'Line', 'Any line', lineOptions(lines, line), line)}
<button class="button">Filter</button>
${isNarrowed && html`<a href="${hrefOf(state === undefined ? {} : { state })}">Clear</a>`}
</form>`;
}

const hiddenField = (name: string, value: string) =>
  html`<input type="hidden" name="${name}" value="${value}">`;

type Option = readonly [value: string, text: string];

/** The reasons that occur, plus the selected one. */
function reasonOptions(among: readonly ReasonCount[], chosenOne: ChatsQuery['reason']): readonly Option[] {
  const sums = new Map<ReasonCount['reason'], number>(chosenOne === undefined ? [] : [[chosenOne, 0]]);
  for (const { reason, count } of among) sums.set(reason, (sums.get(reason) ?? 0) + count);
  return [...sums].map(([reason, count]) => [reason, `${reasonWords(reason)} (${number(count)})`]);
}

const lineOptions = (lines: readonly string[], chosenOne: string | undefined): readonly Option[] =>
  [...new Set([...lines, ...(chosenOne === undefined ? [] : [chosenOne])])].map((line) => [line, line]);

function select(
  name: string,
  label: string,
  any: string,
  options: readonly Option[],
  chosenOne: string | undefined,
): Html {
  const option = ([value, text]: Option): Content =>
    html`<option value="${value}"${value === chosenOne && html` selected`}>${text}</option>`;
  return html`<label>${label} <select class="field" name="${name}">${[['', any] as const, ...options].map(option)}</select></label>`;
}
