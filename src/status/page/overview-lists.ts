import { type EpochMs, MINUTE } from '../../decide/time.ts';
import type { SeenDelivery } from '../../webhook/report.ts';
import type { ChatView } from '../api/schemas.ts';
import { type Content, type Html, html } from './html.ts';
import type { OverviewPage, SeenAttempt } from './overview-view.ts';
import { badge, card, chatLink, coarse, counted, nothing, pastIso, stateBadge, when } from './parts.ts';
import { HOLD_WORDS, OUTCOME_WORDS, TRIGGER_WORDS, UNDER_WAY, VERDICT_WORDS } from './words.ts';

/** Which chats are tried next. */
export function nextDue({ due, now }: OverviewPage): Html {
  const row = (chat: ChatView) =>
    html`<li><div class="row-main">${chatLink(chat.chatId)}<span class="row-more">${chat.line ?? 'line not known'} · ${whyDue(chat)}</span></div>
<div class="row-side">${stateBadge(chat.state)}<span class="row-time">${dueWhen(chat, now)}</span></div></li>
`;
  const body =
    due.length === 0 ? nothing('No chat is going to be due.') : html`<ol class="rows">${due.map(row)}</ol>`;
  return card('next', 'Due next', body);
}

/** Of what is due already: for how long. */
function dueWhen({ nextAttemptAt }: ChatView, now: EpochMs): Content {
  if (nextAttemptAt === null) return null;
  const at = Date.parse(nextAttemptAt);
  return at > now ? when(at, now) : now - at < MINUTE ? 'now' : `for ${coarse(now - at)}`;
}

function whyDue({ reason, shareCount }: ChatView): string {
  const hold = HOLD_WORDS.get(reason);
  if (hold !== undefined) return hold;
  return shareCount === 0 ? 'for the first time' : `shared ${counted(shareCount, 'time')} so far`;
}

/** What was tried last. */
export function attempts({ attempts: recent, now }: OverviewPage): Html {
  const row = (attempt: SeenAttempt) => {
    const [tone, words] = attempt.outcome === null ? UNDER_WAY : OUTCOME_WORDS[attempt.outcome];
    return html`<li><div class="row-main">${chatLink(attempt.chatId)}<span class="row-more">${attempt.line ?? 'line not known'} · ${TRIGGER_WORDS[attempt.trigger]}${answer(attempt)}</span></div>
<div class="row-side">${badge(tone, words)}<span class="row-time">${pastIso(attempt.startedAt, now, '')}</span></div></li>
`;
  };
  const body =
    recent.length === 0 ? nothing('No card was shared yet.') : html`<ol class="rows">${recent.map(row)}</ol>`;
  return card('attempts', 'Recent attempts', body);
}

/** What Linq answered, where that isn't success. */
function answer({ outcome, httpStatus, linqCode }: SeenAttempt): Content {
  if (outcome === 'shared' || httpStatus === null) return null;
  return linqCode === null ? ` · HTTP ${httpStatus}` : ` · HTTP ${httpStatus}, code ${linqCode}`;
}

const AT_ONCE = 10;

/** What Linq, or somebody who isn't Linq, sent last. */
export function deliveries({ deliveries: seen, now }: OverviewPage): Html {
  const row = ({ at, eventType, chatId, verdict }: SeenDelivery) => {
    const [tone, words] = VERDICT_WORDS[verdict];
    return html`<li><div class="row-main"><span class="row-name">${eventType ?? 'not read'}</span><span class="row-more">${chatId === null ? 'no chat' : chatLink(chatId)}</span></div>
<div class="row-side">${badge(tone, words)}<span class="row-time">${when(Math.min(at, now), now)}</span></div></li>
`;
  };
  const [first, rest] = [seen.slice(0, AT_ONCE), seen.slice(AT_ONCE)];
  const more =
    rest.length > 0 &&
    html`<details class="more"><summary>${counted(rest.length, 'earlier delivery', 'earlier deliveries')}</summary><ol class="rows">${rest.map(row)}</ol></details>`;
  const body =
    seen.length === 0
      ? nothing('None since the service started.')
      : html`<ol class="rows">${first.map(row)}</ol>${more}`;
  return card(
    'deliveries',
    'Recent deliveries',
    body,
    html`<span class="muted">since start, in memory</span>`,
  );
}
