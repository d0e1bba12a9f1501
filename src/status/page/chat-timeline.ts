import type { ChatRecord, Trigger } from '../../decide/chat.ts';
import { optedOutAt } from '../../decide/share.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import type { Attempt } from '../../store/turn.ts';
import { durationInWords, timeInWords } from '../view/wording.ts';
import { codeInWords } from './chat-words.ts';
import { type Content, type Html, html } from './html.ts';
import { badge, card, counted, nothing, when } from './parts.ts';
import { OUTCOME_WORDS, UNDER_WAY } from './words.ts';

interface Entry {
  readonly at: EpochMs;
  readonly what: Content;
  readonly more?: Content;
  readonly isAttempt?: boolean;
}

export interface History {
  readonly chat: ChatRecord;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  /** Null: none is to come by time alone, or it is overdue. */
  readonly nextAttemptAt: EpochMs | null;
  readonly now: EpochMs;
}

const AT_ONCE = 15;

/** What happened in a chat as far as we know, and every attempt, newest first; what comes next is on top. */
export function timeline(history: History): Html {
  const { now } = history;
  const entries = [...attemptEntries(history), ...factEntries(history)].sort((a, b) => b.at - a.at);
  const [first, rest] = [entries.slice(0, AT_ONCE), entries.slice(AT_ONCE)];
  const more =
    rest.length > 0 &&
    html`<details class="more"><summary>${counted(rest.length, 'earlier entry', 'earlier entries')}</summary><ol class="timeline">${rest.map((entry) => item(entry, now))}</ol></details>`;
  const body =
    entries.length === 0
      ? nothing('Nothing is known of this chat but its id.')
      : html`<ol class="timeline">${first.map((entry) => item(entry, now))}</ol>${more}`;
  return card('timeline', 'Timeline', body, html`<span class="muted">newest first</span>`);
}

function item({ at, what, more, isAttempt = false }: Entry, now: EpochMs): Html {
  return html`<li${isAttempt && html` class="is-attempt"`}><div class="entry"><p class="entry-what">${what}</p>
${more !== undefined && html`<p class="entry-more">${more}</p>`}</div>
<p class="entry-time">${when(at, now)}<span class="exact">${timeInWords(at)}</span></p></li>
`;
}

const WHY_WORDS: Readonly<Record<Trigger, string>> = {
  became_eligible: 'when the chat became eligible',
  window_lapsed: 'when the window lapsed',
  manual: 'by hand',
};

function attemptEntries({ attempts }: History): readonly Entry[] {
  return attempts.map((attempt) => {
    const [tone, words] = attempt.outcome === null ? UNDER_WAY : OUTCOME_WORDS[attempt.outcome];
    const what = html`${badge(tone, words)} <span class="entry-why">${WHY_WORDS[attempt.trigger]}</span>`;
    return { at: attempt.startedAt, what, more: answerOf(attempt), isAttempt: true };
  });
}

/** What Linq answered, and how to find the call in its logs. */
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
  unsupported: 'Linq said that the chat can’t take a contact card',
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
      isOutByHealth ? 'Linq told that the recipient opted out' : `Linq rated the chat ${chat.health ?? ''}`,
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
    // another clock may be a little ahead
    ...facts.flatMap(([at, what, more]) => (at === null ? [] : [{ at: Math.min(at, now), what, more }])),
  ];
}
