import type { ChatRecord, ChatState, Trigger } from '../../decide/chat.ts';
import { decideManualShare, lapsesAt, optedOutAt } from '../../decide/share.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import type { Attempt } from '../../store/turn.ts';
import { MAX_ATTEMPTS } from '../api/chat-routes.ts';
import type { StatusDeps } from '../api/deps.ts';
import { showChat, type ViewSnapshot, viewSnapshot } from '../view/chat-view.ts';
import { lengthOf } from '../view/explanation.ts';
import type { ChatView, Problem } from '../view/schemas.ts';
import { codeInWords, durationInWords, isoTime } from '../view/wording.ts';
import { searchForm } from './chat-list-page.ts';
import { type Content, type Html, html } from './html.ts';
import { type Notice, renderMessage, renderPage, type ServiceHeader } from './layout.ts';
import { OUTCOME_WORDS, reasonWords, type Tone, triesOf, tryInWords, UNDER_WAY } from './page-words.ts';
import { badge, button, card, counted, exactly, nothing, stateBadge, withTimes } from './parts.ts';

/** One chat's page: why it did or didn't get the card, its details, and the available actions. */
export function renderChat(page: ChatPage, notice: Notice | null): string {
  const { service, shown, record, attempts, now } = page;
  const nextAttemptAt = shown.nextAttemptAt === null ? null : Date.parse(shown.nextAttemptAt);
  return renderPage({
    title: `Chat ${shown.chatId}`,
    current: 'chats',
    service,
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

function verdict(page: ChatPage): Html {
  const { service, shown, actions, now } = page;
  const { chatId, state, explanation } = shown;
  const tone = service.paused && NEEDS_SHARING.has(state) ? 'warn' : TONES[state];
  return html`<p class="crumb"><a href="/chats">All chats</a></p>
<section class="answer answer-${tone}" aria-labelledby="chat">
<div class="answer-head"><h1 id="chat"><span class="hidden">Chat </span><span class="id">${chatId}</span></h1>${stateBadge(state)}</div>
<p class="why">${withTimes(explanation, now)}</p>
${service.paused && html`<p class="why-paused">Sharing is paused: nothing is shared until <a href="/">you resume it</a>.</p>`}
${actions.length > 0 && html`<div class="chat-actions">${actions.map((action) => actionButton(page, action))}</div>`}
</section>`;
}

/** A pause keeps these from what they wait for. */
const NEEDS_SHARING: ReadonlySet<ChatState> = new Set(['due', 'waiting', 'retrying', 'sharing']);

const BUTTONS = { hold: 'Hold chat', release: 'Release chat' } as const;

function actionButton(page: ChatPage, action: Action): Html {
  if (action === 'share') return shareButton(page);
  const path = `/chats/${encodeURIComponent(page.shown.chatId)}/${action}`;
  return button(path, BUTTONS[action]);
}

/** Inside the window a share is rarely meant, and restarts the window: it takes a second click. */
function shareButton({ shown: { chatId }, record, attempts, snapshot, now }: ChatPage): Html {
  const { policy } = snapshot;
  const seen = attempts[0]?.attemptId ?? NO_ATTEMPT;
  const path = `/chats/${encodeURIComponent(chatId)}/share?seen=${encodeURIComponent(seen)}`;
  const window = `${lengthOf(policy.windowMs)} window`;
  if ((lapsesAt(record, policy) ?? now) <= now)
    return html`<div class="share">${button(path, 'Share now', { kind: 'main', about: 'this chat' })}<p class="muted">Ignores policy and backoff, and starts a new ${window}.</p></div>`;
  return html`<details class="confirm"><summary class="button">Share again…</summary>
<div class="confirm-body"><p>Shares the card again now and restarts the ${window}. Linq doesn’t show the card twice within 24 hours.</p>
${button(path, 'Share again now', { about: 'in this chat' })}</div></details>`;
}

/** In place of the latest attempt's id. */
export const NO_ATTEMPT = 'none';

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
    ['Health', health ?? 'not reported by Linq'],
    ['Shared', shareCount === 0 ? 'never' : counted(shareCount, 'time')],
    ['Last shared', past(record.lastSharedAt, now, 'never')],
    ['Next attempt', next(shown.nextAttemptAt, now)],
  ];
  const row = ([name, value]: readonly [string, Content]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
`;
  return card('facts', 'Details', html`<dl class="facts chat-facts">${rows.map(row)}</dl>`);
}

/** A past time; another clock may be slightly ahead. */
function past(at: EpochMs | null, now: EpochMs, none: string): Content {
  return at === null ? none : exactly(Math.min(at, now), now);
}

function optOut(iso: string | null, optedInAt: EpochMs | null, now: EpochMs): Content {
  if (iso === null) return 'no';
  const at = Date.parse(iso);
  const isOver = optedInAt !== null && optedInAt > at;
  return html`${isOver && 'no longer; opted out '}${past(at, now, '')}`;
}

function next(iso: string | null, now: EpochMs): Content {
  if (iso === null) return 'not scheduled';
  const at = Date.parse(iso);
  return html`${at <= now && 'due '}${exactly(at, now)}`;
}

/** The response to an unknown id. */
export function renderNoChat(chatId: string): string {
  return renderMessage(
    'Unknown chat',
    html`<p>No chat with the id <span class="id">${chatId.slice(0, 255)}</span> is known. A chat appears here once your line sends a message in it, or after a catch-up.</p>
${searchForm()}
<p><a href="/chats">All chats</a></p>`,
  );
}

/** Actions that may succeed. */
type Action = 'share' | 'hold' | 'release';

export interface ChatPage {
  readonly service: ServiceHeader;
  readonly snapshot: ViewSnapshot;
  readonly now: EpochMs;
  readonly record: ChatRecord;
  readonly shown: ChatView;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  readonly actions: readonly Action[];
}

/** Collects what is known about a chat; null: no such chat. @throws {StoreError} by rejecting */
export function createChatPage(deps: StatusDeps): (chatId: string) => Promise<ChatPage | null> {
  const { store } = deps;
  return async (chatId) => {
    const record = await store.chat(chatId);
    if (record === null) return null;
    const attempts = await store.attempts(chatId, MAX_ATTEMPTS);
    const problems = await deps.watch.open();
    const snapshot = viewSnapshot(deps);
    const service = headerOf(snapshot, problems, deps.version);
    const shown = showChat(record, snapshot);
    const actions = actionsFor(record, shown, snapshot);
    return { service, snapshot, now: snapshot.now, record, shown, attempts, actions };
  };
}

function headerOf(
  { now, holds, policy }: ViewSnapshot,
  problems: readonly Problem[],
  version: string,
): ServiceHeader {
  const paused = holds.account?.reason === 'paused'; // no other hold of the account goes before it
  return { problems: [...problems], version, paused, dryRun: policy.dryRun, now: isoTime(now) };
}

function actionsFor(chat: ChatRecord, { state }: ChatView, snapshot: ViewSnapshot): readonly Action[] {
  const isHeld = chat.operatorHeldAt !== null;
  const actions: readonly (readonly [Action, boolean])[] = [
    ['share', state !== 'sharing' && isShareable(chat, snapshot)],
    ['hold', !isHeld && state !== 'retired'],
    ['release', isHeld || chat.parkedAt !== null || chat.blockedAt !== null],
  ];
  return actions.filter(([, isSensible]) => isSensible).map(([action]) => action);
}

/** An unchecked card is checked before the share. */
function isShareable(chat: ChatRecord, { policy, now, holds }: ViewSnapshot): boolean {
  const hold = holds.of(chat.line);
  return decideManualShare(chat, policy, now) === null && (hold === null || hold.reason === 'card_unknown');
}

interface Entry {
  readonly at: EpochMs;
  readonly what: Content;
  readonly more?: Content;
  readonly isAttempt?: boolean;
}

interface History {
  readonly chat: ChatRecord;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  /** Null: none is scheduled, or it is overdue. */
  readonly nextAttemptAt: EpochMs | null;
  readonly now: EpochMs;
}

const AT_ONCE = 15;

/** A chat's known history and every attempt, newest first; the next step is on top. */
export function timeline(history: History): Html {
  const { now } = history;
  const entries = [...attemptEntries(history), ...factEntries(history)].sort((a, b) => b.at - a.at);
  const [first, rest] = [entries.slice(0, AT_ONCE), entries.slice(AT_ONCE)];
  const more =
    rest.length > 0 &&
    html`<details class="more"><summary>${counted(rest.length, 'earlier entry', 'earlier entries')}</summary><ol class="timeline">${rest.map((entry) => item(entry, now))}</ol></details>`;
  const body =
    entries.length === 0
      ? nothing('Only the id of this chat is known.')
      : html`<ol class="timeline">${first.map((entry) => item(entry, now))}</ol>${more}`;
  return card('timeline', 'Timeline', body, html`<span class="muted">newest first</span>`);
}

function item({ at, what, more, isAttempt = false }: Entry, now: EpochMs): Html {
  return html`<li${isAttempt && html` class="is-attempt"`}><div class="entry"><p class="entry-what">${what}</p>
${more !== undefined && html`<p class="entry-more">${more}</p>`}</div>
<p class="entry-time">${exactly(at, now)}</p></li>
`;
}

const WHY_WORDS: Readonly<Record<Trigger, string>> = {
  became_eligible: 'when the chat became eligible',
  window_lapsed: 'when the window ended',
  manual: 'by hand',
};

function attemptEntries({ attempts }: History): readonly Entry[] {
  const tries = triesOf(attempts);
  return attempts.map((attempt) => {
    const [tone, words] = attempt.outcome === null ? UNDER_WAY : OUTCOME_WORDS[attempt.outcome];
    const what = html`${badge(tone, words)} <span class="entry-why">${WHY_WORDS[attempt.trigger]}${tryInWords(tries.get(attempt.attemptId))}</span>`;
    return { at: attempt.startedAt, what, more: answerOf(attempt), isAttempt: true };
  });
}

/** Linq's answer, and how to find the call in its logs. */
function answerOf({ startedAt, endedAt, outcome, httpStatus, linqCode, traceId }: Attempt): Content {
  const said = [
    ...(httpStatus === null ? [] : [`HTTP ${httpStatus}`]),
    ...(linqCode === null ? [] : [codeInWords(linqCode)]),
    ...(endedAt === null || outcome === 'dry_run' ? [] : [`took ${tookWords(endedAt - startedAt)}`]),
  ].join(' · ');
  return [
    said,
    traceId !== null && html`<span class="trace">trace <span class="id">${traceId}</span></span>`,
  ];
}

const tookWords = (ms: number) => (ms < SECOND ? `${Math.max(0, ms)} ms` : durationInWords(ms));

const RETIRED_WORDS = {
  chat_gone: 'Linq said that the chat doesn’t exist or isn’t this account’s',
  chat_left: 'Linq said that your line has left the chat',
  unsupported: 'Linq said that contact cards aren’t supported in the chat',
} as const;

function factEntries({ chat, attempts, nextAttemptAt, now }: History): readonly Entry[] {
  const { lastSharedAt, retiredReason, optedInAt } = chat;
  const outAt = optedOutAt(chat);
  const isOnRecord = attempts.some(
    ({ outcome, endedAt }) => outcome === 'shared' && endedAt === lastSharedAt,
  );
  const isBackIn = outAt !== null && optedInAt !== null && optedInAt > outAt;
  const isOutByHealth = chat.health === 'OPTED_OUT';
  const facts: readonly (readonly [EpochMs | null, Content, Content?])[] = [
    [chat.firstOutboundAt, 'First message from your line'],
    [
      chat.lastOutboundAt === chat.firstOutboundAt ? null : chat.lastOutboundAt,
      'Latest message from your line',
    ],
    [chat.lastInboundAt, 'Latest message from the other side'],
    [chat.optOutWordAt, 'The recipient opted out by a message'],
    [isBackIn ? optedInAt : null, 'The recipient wrote again, which ends the opt-out'],
    [
      chat.healthAt,
      isOutByHealth
        ? 'Linq reported that the recipient opted out'
        : `Linq rated the chat ${chat.health ?? ''}`,
    ],
    [chat.leftAt, 'Your line left the chat'],
    [chat.joinedAt, 'Your line was added to the chat'],
    [chat.operatorHeldAt, 'Held by an operator'],
    [chat.parkedAt, 'Set aside after the service went down during attempts'],
    [chat.blockedAt, 'Linq said that the recipient is on the block list'],
    [chat.retiredAt, retiredReason === null ? 'Retired' : RETIRED_WORDS[retiredReason]],
    [chat.restoredAt, 'The database was restored from a backup'],
    [isOnRecord ? null : lastSharedAt, 'Last shared', 'The attempt is no longer on record.'],
  ];
  const isAhead = nextAttemptAt !== null && nextAttemptAt > now;
  return [
    ...(isAhead ? [{ at: nextAttemptAt, what: 'Next attempt' }] : []),
    // another clock may be slightly ahead
    ...facts.flatMap(([at, what, more]) => (at === null ? [] : [{ at: Math.min(at, now), what, more }])),
  ];
}
