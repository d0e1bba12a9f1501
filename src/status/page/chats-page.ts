import type { EpochMs } from '../../decide/time.ts';
import type { ChatView } from '../api/schemas.ts';
import { reasonWords } from './chat-words.ts';
import { chips, chosen, hrefOf, narrowing, searchForm } from './chats-filters.ts';
import type { ChatsPage } from './chats-view.ts';
import { type Content, type Html, html } from './html.ts';
import { renderPage } from './layout.ts';
import { chatLink, counted, nothing, stateBadge, when } from './parts.ts';

/** The list of chats: searched, filtered, page by page. */
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
  const cut = isCut && ' There are more than are shown here; type more of the id.';
  return html`<p class="found">Chats whose id begins with <span class="id">${query.q}</span>.${cut} <a href="/chats">Show all chats</a></p>`;
}

function emptyWords({ query, overview, nextCursor }: ChatsPage): Content {
  if (overview.chats.total === 0)
    return 'No chat is known yet. As soon as your application sends a message, its chat shows here.';
  if (query.q !== undefined)
    return 'No chat has such an id. Search by Linq’s id of the chat, or by how it begins.';
  return nextCursor === null
    ? html`No chat matches. <a href="/chats">Show all chats</a>`
    : 'The chats of this page have changed their state meanwhile; go on to the next one.';
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
  const past = (iso: string) => when(Math.min(Date.parse(iso), now), now); // another clock may be a little ahead
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
