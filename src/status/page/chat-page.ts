import type { ChatState } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { timeInWords } from '../view/wording.ts';
import { timeline } from './chat-timeline.ts';
import type { Action, ChatPage } from './chat-view.ts';
import { reasonWords } from './chat-words.ts';
import { searchForm } from './chats-filters.ts';
import { type Content, type Html, html } from './html.ts';
import { type Notice, renderMessage, renderPage } from './layout.ts';
import { button, card, counted, stateBadge, when } from './parts.ts';
import type { Tone } from './words.ts';

/** The page of one chat: why it did or did not get the card, what is known of it, and what can be done. */
export function renderChat(page: ChatPage, notice: Notice | null): string {
  const { overview, shown, record, attempts, now } = page;
  const nextAttemptAt = shown.nextAttemptAt === null ? null : Date.parse(shown.nextAttemptAt);
  return renderPage({
    title: `Chat ${shown.chatId}`,
    current: 'chats',
    service: overview,
    notice,
    body: html`${verdict(page)}
<div class="cards">${facts(page)}${timeline({ chat: record, attempts, nextAttemptAt, now })}</div>`,
  });
}

const TONES: Readonly<Record<ChatState, Tone>> = {
  sharing: 'info',
  due: 'info',
  waiting: 'ok',
  retrying: 'warn',
  idle: 'quiet',
  held: 'warn',
  done: 'ok',
  retired: 'quiet',
};

function verdict({ shown, actions }: ChatPage): Html {
  const { chatId, state, explanation } = shown;
  return html`<p class="crumb"><a href="/chats">All chats</a></p>
<section class="answer answer-${TONES[state]}" aria-labelledby="chat">
<div class="answer-head"><h1 id="chat"><span class="hidden">Chat </span><span class="id">${chatId}</span></h1>${stateBadge(state)}</div>
<p class="why">${explanation}</p>
${actions.length > 0 && html`<div class="chat-actions">${actions.map((action) => actionButton(chatId, action))}</div>`}
${actions.includes('share') && html`<p class="muted">Sharing now doesn’t wait for policy, window or backoff, and begins a new window.</p>`}
</section>`;
}

const BUTTONS: Readonly<Record<Action, readonly [text: string, kind: string]>> = {
  share: ['Share now', 'main'],
  hold: ['Hold', 'plain'],
  release: ['Release', 'plain'],
};

function actionButton(chatId: string, action: Action): Html {
  const [text, kind] = BUTTONS[action];
  return button(`/chats/${encodeURIComponent(chatId)}/${action}`, text, { kind, about: 'this chat' });
}

function facts({ shown, record, now }: ChatPage): Html {
  const { line, service, isGroup, health, shareCount, reason } = shown;
  const rows: readonly (readonly [string, Content])[] = [
    ['Why', reasonWords(reason)],
    ['Your line', line ?? 'not known'],
    ['Service', service ?? 'not known'],
    ['Kind', isGroup === null ? 'not known' : isGroup ? 'group' : 'direct'],
    ['First sent', past(record.firstOutboundAt, now, 'nothing yet')],
    ['Last sent', past(record.lastOutboundAt, now, 'nothing yet')],
    ['Last received', past(record.lastInboundAt, now, 'nothing yet')],
    ['Opted out', optOut(shown.optedOutAt, record.optedInAt, now)],
    ['Health', health ?? 'not told by Linq'],
    ['Last shared', past(record.lastSharedAt, now, 'never')],
    ['Shares', counted(shareCount, 'share')],
    ['Next attempt', next(shown.nextAttemptAt, now)],
  ];
  const row = ([name, value]: readonly [string, Content]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
`;
  return card('facts', 'What is known', html`<dl class="facts chat-facts">${rows.map(row)}</dl>`);
}

/** Of something past; another clock may be a little ahead. */
function past(at: EpochMs | null, now: EpochMs, none: string): Content {
  return at === null ? none : exactly(Math.min(at, now), now);
}

const exactly = (at: EpochMs, now: EpochMs) =>
  html`${when(at, now)} <span class="exact">${timeInWords(at)}</span>`;

function optOut(iso: string | null, optedInAt: EpochMs | null, now: EpochMs): Content {
  if (iso === null) return 'no';
  const at = Date.parse(iso);
  const isOver = optedInAt !== null && optedInAt > at;
  return html`${isOver && 'no longer; was '}${past(at, now, '')}`;
}

function next(iso: string | null, now: EpochMs): Content {
  if (iso === null) return 'not by time alone';
  const at = Date.parse(iso);
  return html`${at <= now && 'due '}${exactly(at, now)}`;
}

/** Nobody told us of such a chat. */
export function renderNoChat(chatId: string): string {
  return renderMessage(
    'No such chat is known',
    html`<p>Linq told nothing of a chat with the id <span class="id">${chatId.slice(0, 255)}</span> yet. A chat shows here as soon as your line sends a message in it, or after a catch-up.</p>
${searchForm()}
<p><a href="/chats">All chats</a></p>`,
  );
}
