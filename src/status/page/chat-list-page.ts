import { type Static, Type } from 'typebox';
import type { ChatState } from '../../decide/chat.ts';
import { applyHold } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { ChatCount } from '../../store/store.ts';
import { ChatQuerySchema, findChats } from '../api/chat-routes.ts';
import type { StatusDeps } from '../api/deps.ts';
import { createOverview } from '../api/overview.ts';
import { showChat, showLine, type ViewSnapshot, viewSnapshot } from '../view/chat-view.ts';
import type { ShownReason } from '../view/explanation.ts';
import type { ChatView, Overview } from '../view/schemas.ts';
import { type Content, type Html, html } from './html.ts';
import { renderPage } from './layout.ts';
import { reasonWords, STATE_WORDS, STATES_IN_ORDER } from './page-words.ts';
import { chatLink, counted, nothing, number, stateBadge, when } from './parts.ts';

/** The list of chats, with search, filters and paging. */
export function renderChats(page: ChatsPage): string {
  const { overview, query, chats } = page;
  const { total } = overview.chats;
  return renderPage({
    title: 'Chats',
    current: 'chats',
    service: overview,
    body: html`<div class="list-head"><h1>Chats</h1><p class="muted">${counted(total, 'chat')} known</p>${searchForm(query.q)}</div>
${chips(page)}${query.q === undefined && total > 0 && narrowing(page)}
<section class="card" aria-labelledby="list"><h2 class="hidden" id="list">${headingOf(page)}</h2>
${query.q !== undefined && searched(page)}${chats.length === 0 ? nothing(emptyWords(page)) : html`<ol class="rows">${chats.map((chat) => row(chat, page.now))}</ol>`}
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

function row(chat: ChatView, now: EpochMs): Html {
  const { line, service, isGroup, shareCount } = chat;
  const more = [
    line ?? 'line not known',
    ...(service === null ? [] : [service]),
    ...(isGroup === true ? ['group'] : []),
    shareCount === 0 ? 'never shared' : `shared ${counted(shareCount, 'time')}`,
  ].join(' · ');
  return html`<li class="chat-row"><div class="row-main">${chatLink(chat.chatId)}<span class="row-more">${more}</span></div>
<div class="row-main">${stateBadge(chat.state)}<span class="row-more">${reasonWords(chat.reason)}</span></div>
<span class="row-time">${timeOf(chat, now)}</span></li>
`;
}

function timeOf({ nextAttemptAt, lastSharedAt, lastOutboundAt }: ChatView, now: EpochMs): Content {
  if (nextAttemptAt !== null) {
    const at = Date.parse(nextAttemptAt);
    return html`${at > now ? 'next' : 'due'} ${when(at, now)}`;
  }
  const past = (iso: string) => when(Math.min(Date.parse(iso), now), now); // another clock may be slightly ahead
  if (lastSharedAt !== null) return html`shared ${past(lastSharedAt)}`;
  return lastOutboundAt === null ? null : html`sent ${past(lastOutboundAt)}`;
}

function pager({ query, nextCursor }: ChatsPage): Content {
  if (nextCursor === null && query.cursor === undefined) return null;
  const { cursor: _, ...first } = query;
  return html`<nav class="pager" aria-label="More of the list">
${query.cursor !== undefined && html`<a href="${hrefOf(first)}">First page</a>`}
${nextCursor !== null && html`<a class="pager-next" rel="next" href="${hrefOf({ ...first, cursor: nextCursor })}">Next page</a>`}
</nav>`;
}

const { state, reason, line, cursor } = ChatQuerySchema.properties;
export const ChatsQuerySchema = Type.Object({ state, reason, line, cursor, q: Type.Optional(Type.String()) });
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
    const snapshot = viewSnapshot(deps);
    const found = await (q === '' ? filter(asked) : search(q, snapshot));
    if ('wrong' in found) return { kind: 'wrong', message: found.wrong };
    const { lines, chats, nextCursor, isCut } = found;
    const reasons = countReasons(await store.counts(snapshot.now), lines, snapshot);
    const overview = await look();
    return { kind: 'page', page: { overview, now: snapshot.now, query, chats, nextCursor, isCut, reasons } };
  };
}

/** A query with a full number must not make the page show it in full: links and choices use the list's form. */
function withShownLine(asked: ChatsQuery, showNumbers: boolean): ChatsQuery {
  const line = asked.line?.replace(/^ /, '+'); // an unencoded plus sign
  return line !== undefined && /^\+\d{8,15}$/.test(line)
    ? { ...asked, line: showLine(line, showNumbers) }
    : asked;
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
function hrefOf(query: ChatsQuery): string {
  const params = new URLSearchParams(
    Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ).toString();
  return params === '' ? '/chats' : `/chats?${params}`;
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
  const { line } = query;
  const chip = (state: ChatState | null) => {
    const isCurrent = query.q === undefined && state === (query.state ?? null);
    const href = hrefOf({ ...(state === null ? {} : { state }), ...(line === undefined ? {} : { line }) });
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
  const { state, reason, line } = query;
  const among = reasons.filter((one) => state === undefined || one.state === state);
  const lines = [...new Set(overview.lines.map((one) => one.line))];
  const isNarrowed = reason !== undefined || line !== undefined;
  return html`<form class="narrowing" action="/chats">
${state !== undefined && html`<input type="hidden" name="state" value="${state}">`}
${select('reason', 'Reason', 'Any reason', reasonOptions(among, reason), reason)}
${select('line', 'Line', 'Any line', lineOptions(lines, line), line)}
<button class="button">Filter</button>
${isNarrowed && html`<a href="${hrefOf(state === undefined ? {} : { state })}">Clear</a>`}
</form>`;
}

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
