import type { ChatState } from '../../decide/chat.ts';
import { LINE_HOLDS } from '../../decide/holds.ts';
import { type EpochMs, MINUTE, SECOND } from '../../decide/time.ts';
import type { Figures, RecentAttempt } from '../../store/store.ts';
import type { SeenDelivery } from '../../webhook/report.ts';
import { replicaName } from '../problems/problem-words.ts';
import type { AttemptView, ChatView, LineView, Overview } from '../view/schemas.ts';
import { bytesInWords } from '../view/wording.ts';
import { barChart } from './chart.ts';
import type { FirstStart } from './first-start.ts';
import { type Content, type Html, html } from './html.ts';
import {
  CARD_WORDS,
  OUTCOME_WORDS,
  reasonWords,
  STATE_WORDS,
  STATES_IN_ORDER,
  TRIGGER_WORDS,
  tryInWords,
  UNDER_WAY,
  VERDICT_WORDS,
} from './page-words.ts';
import {
  badge,
  button,
  card,
  chatLink,
  coarse,
  counted,
  nothing,
  number,
  pastIso,
  stateBadge,
  when,
} from './parts.ts';

interface SeenAttempt extends AttemptView, Pick<RecentAttempt, 'chatId' | 'line' | 'tries'> {}

export interface OverviewPage {
  /** Null: a card was shared before. */
  readonly firstStart: FirstStart | null;
  readonly overview: Overview;
  readonly now: EpochMs;
  /** 0: no chat becomes idle. */
  readonly idleAfterMs: number;
  /** Oldest first. */
  readonly hours: readonly Figures[];
  readonly days: readonly Figures[];
  /** Earliest first. */
  readonly due: readonly ChatView[];
  /** Newest first. */
  readonly attempts: readonly SeenAttempt[];
  readonly deliveries: readonly SeenDelivery[];
}

/** Shares over time. */
export function charts({ hours, days }: OverviewPage): Html {
  const perHour = barChart({ id: 'hours', figures: hours, name: hourName, unit: 'hour', latest: 'now' });
  const perDay = barChart({ id: 'days', figures: days, name: dayName, unit: 'day', latest: 'today' });
  return html`${card('per-hour', 'Shares, last 48 hours', perHour, legend(hours))}${card('per-day', 'Shares, last 30 days', perDay, legend(days))}`;
}

function legend(figures: readonly Figures[]): Html {
  const sum = (pick: (one: Figures) => number) => figures.reduce((total, one) => total + pick(one), 0);
  return html`<p class="legend"><span><i class="dot dot-shared"></i>${number(sum(({ succeeded }) => succeeded))} shared</span> <span><i class="dot dot-failed"></i>${number(sum(({ failed }) => failed))} failed</span></p>`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov 22`, in UTC */
function dayName(at: EpochMs): string {
  const date = new Date(at);
  return `${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCDate()}`;
}

/** `Nov 22, 14:00`, in UTC */
const hourName = (at: EpochMs) => `${dayName(at)}, ${new Date(at).toISOString().slice(11, 16)}`;

/** The number of chats in each state, each linked to their list. */
export function chatsByState({ overview }: OverviewPage): Html {
  const { total, byState } = overview.chats;
  const body =
    total === 0
      ? nothing('No chats known yet.')
      : html`${stackedBar(total, byState)}<ul class="states">${STATES_IN_ORDER.map((state) => entry(state, byState[state]))}</ul>`;
  return card('by-state', 'Chats', body, html`<a href="/chats">${counted(total, 'chat')}</a>`);
}

type ByState = Readonly<Record<ChatState, number>>;

/** The list below gives the same in words and numbers. */
function stackedBar(total: number, byState: ByState): Html {
  let from = 0;
  const parts: Content[] = [];
  for (const state of STATES_IN_ORDER) {
    const width = (byState[state] / total) * 1000;
    if (width > 0)
      parts.push(
        html`<rect class="part-${state}" x="${from.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="10"/>`,
      );
    from += width;
  }
  return html`<svg class="stacked" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`;
}

function entry(state: ChatState, count: number): Html {
  const { name, means } = STATE_WORDS[state];
  return html`<li${count === 0 && html` class="is-none"`}><a href="/chats?state=${state}"><i class="dot dot-${state}"></i><span class="states-name">${name}</span> <span class="states-means">${means}</span> <span class="states-count">${number(count)}</span></a></li>
`;
}

/** Which chats are tried next. */
export function nextDue({ overview, due, now }: OverviewPage): Html {
  const row = (chat: ChatView) => {
    const time = dueWhen(chat, now);
    return html`<li><div class="row-main">${chatLink(chat.chatId)}<span class="row-more">${chat.line ?? 'line not known'} · ${whyDue(chat)}</span></div>
<div class="row-side">${stateBadge(chat.state)}${time !== null && html`<span class="row-time">${time}</span>`}</div></li>
`;
  };
  const body =
    due.length === 0 ? nothing('No chat is scheduled.') : html`<ol class="rows">${due.map(row)}</ol>`;
  return card(
    'next',
    'Due next',
    body,
    overview.paused && html`<span class="muted">once you resume sharing</span>`,
  );
}

/** For chats that are already due: for how long. */
function dueWhen({ nextAttemptAt }: ChatView, now: EpochMs): Content {
  if (nextAttemptAt === null) return null;
  const at = Date.parse(nextAttemptAt);
  return at > now ? when(at, now) : now - at < MINUTE ? 'now' : `for ${coarse(now - at)}`;
}

function whyDue({ state, reason, shareCount }: ChatView): string {
  if (state === 'held') return reasonWords(reason);
  return shareCount === 0 ? 'for the first time' : `shared ${counted(shareCount, 'time')}`;
}

/** The latest attempts. */
export function attempts({ attempts: recent, now }: OverviewPage): Html {
  const row = (attempt: SeenAttempt) => {
    const [tone, words] = attempt.outcome === null ? UNDER_WAY : OUTCOME_WORDS[attempt.outcome];
    return html`<li><div class="row-main">${chatLink(attempt.chatId)}<span class="row-more">${attempt.line ?? 'line not known'} · ${TRIGGER_WORDS[attempt.trigger]}${tryInWords(attempt.tries)}${answer(attempt)}</span></div>
<div class="row-side">${badge(tone, words)}<span class="row-time">${pastIso(attempt.startedAt, now, '')}</span></div></li>
`;
  };
  const body =
    recent.length === 0 ? nothing('No attempts yet.') : html`<ol class="rows">${recent.map(row)}</ol>`;
  return card('attempts', 'Recent attempts', body);
}

/** Linq's answer, unless it was a success. */
function answer({ outcome, httpStatus, linqCode }: SeenAttempt): Content {
  if (outcome === 'shared' || httpStatus === null) return null;
  return linqCode === null ? ` · HTTP ${httpStatus}` : ` · HTTP ${httpStatus}, code ${linqCode}`;
}

const AT_ONCE = 8;

/** Deliveries in a row of the same chat and with the same verdict. */
interface Alike extends Pick<SeenDelivery, 'chatId' | 'verdict'> {
  /** Of the newest. */
  readonly at: EpochMs;
  readonly types: readonly string[];
  readonly count: number;
}

/** @param seen newest first */
function foldAlike(seen: readonly SeenDelivery[]): readonly Alike[] {
  const folded: Alike[] = [];
  for (const { at, chatId, verdict, eventType } of seen) {
    const type = eventType ?? 'unknown type';
    const last = folded.at(-1);
    const isAlike = last?.chatId === chatId && last.verdict === verdict;
    if (last === undefined || !isAlike) folded.push({ at, chatId, verdict, types: [type], count: 1 });
    else
      folded[folded.length - 1] = {
        ...last,
        types: last.types.includes(type) ? last.types : [...last.types, type],
        count: last.count + 1,
      };
  }
  return folded;
}

/** The latest requests from Linq, or from someone else. */
export function deliveries({ overview, deliveries: seen, now }: OverviewPage): Html {
  const row = ({ at, types, chatId, verdict, count }: Alike) => {
    const [tone, words] = VERDICT_WORDS[verdict];
    const times =
      count > 1 &&
      html` <span aria-hidden="true">×${number(count)}</span><span class="hidden">${counted(count, 'delivery', 'deliveries')}</span>`;
    return html`<li><div class="row-main"><span class="row-name">${types.join(', ')}</span><span class="row-more">${chatId === null ? 'no chat' : chatLink(chatId)}</span></div>
<div class="row-side">${badge(tone, [words, times])}<span class="row-time">${when(Math.min(at, now), now)}</span></div></li>
`;
  };
  const folded = foldAlike(seen);
  const [first, rest] = [folded.slice(0, AT_ONCE), folded.slice(AT_ONCE)];
  const earlier = rest.reduce((sum, { count }) => sum + count, 0);
  const more =
    rest.length > 0 &&
    html`<details class="more"><summary>${counted(earlier, 'earlier delivery', 'earlier deliveries')}</summary><ol class="rows">${rest.map(row)}</ol></details>`;
  const since = `since ${isShared(overview) ? 'this replica' : 'the service'} started`;
  const body =
    seen.length === 0 ? nothing(`None ${since}.`) : html`<ol class="rows">${first.map(row)}</ol>${more}`;
  return card('deliveries', 'Recent deliveries', body, html`<span class="muted">${since}</span>`);
}

/** The account's lines, their cards and their holds. */
export function lines({ overview, now }: OverviewPage): Html {
  const rows = overview.lines.map((one) => line(one, now));
  const body = rows.length === 0 ? nothing('No lines known yet.') : html`<ul class="rows">${rows}</ul>`;
  return card('lines', 'Lines', body);
}

function line(shown: LineView, now: EpochMs): Html {
  const { line: name, card: looked, chats, hold, until } = shown;
  const [tone, words] = CARD_WORDS.get(looked.state) ?? ['quiet', 'Card not checked yet'];
  const isOfCard = hold === null || hold.startsWith('card_');
  const more = [
    `${counted(chats, 'chat')} · `,
    isOfCard ? 'card' : `${words.toLowerCase()},`,
    html` checked ${pastIso(looked.checkedAt, now, 'never')}`,
    until !== null && html` · next try ${when(Date.parse(until), now)}`,
    looked.changedAt !== null &&
      html` · changed ${pastIso(looked.changedAt, now, '')}, shared again in ${counted(looked.sharedAgain ?? 0, 'chat')}, ${looked.left === null ? 'the rest not counted yet' : `${number(looked.left)} left`}`,
  ];
  const end =
    hold !== null &&
    LINE_HOLDS.some((reason) => reason === hold) &&
    button(`/lines/${encodeURIComponent(name)}/release`, 'End hold', { about: `of ${name}` });
  return html`<li><div class="row-main"><span class="row-name">${name}</span><span class="row-more">${more}</span></div>
<div class="row-side">${isOfCard ? badge(tone, words) : badge('warn', reasonWords(hold))}${end}</div></li>
`;
}

/** Background work: catch-up, webhooks, the database, the clock. */
export function service({ overview, now }: OverviewPage): Html {
  const { store, startedAt, version } = overview;
  return card(
    'service',
    'Service',
    html`${catchUp(overview.catchUp, now)}
<dl class="facts">
${fact('Webhooks', webhooks(overview.webhooks))}
${fact('Database', `${STORE_NAMES[store.kind] ?? store.kind}, ${bytesInWords(store.sizeBytes)}, schema ${store.schemaVersion}`)}
${store.kind === 'sqlite' && fact('Scheduled backup', html`${pastIso(store.lastBackupAt, now, 'none made')}`)}
${fact('Clock', clock(overview))}
${fact('Running', html`version ${version}, started ${when(Date.parse(startedAt), now)}`)}
</dl>`,
  );
}

const STORE_NAMES: Readonly<Record<string, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

/** Several processes may share the database, so what this one counts isn't all. */
export const isShared = ({ store, replicas }: Overview) => store.kind !== 'sqlite' || replicas.length > 1;

/** A replica reports every 10 s that it is alive; another replaces a leader that hasn't for this long. */
const SILENT_MS = 30 * SECOND;

/** The processes that share the database. */
export function replicas({ overview, now }: OverviewPage): Content {
  if (!isShared(overview)) return null;
  const row = ({ id, version, startedAt, seenAt, isLeader }: Overview['replicas'][number]) => {
    const silentMs = now - Date.parse(seenAt);
    return html`<li><div class="row-main"><span class="row-name">${replicaName(id)}</span><span class="row-more">version ${version}, started ${pastIso(startedAt, now, '')}</span></div>
<div class="row-side">${isLeader && badge('quiet', 'Leader')}${
      silentMs < SILENT_MS
        ? html`<span class="row-time">seen just now</span>`
        : badge('warn', `Not seen for ${Math.floor(silentMs / SECOND)}\u00a0s`)
    }</div></li>
`;
  };
  const body =
    overview.replicas.length === 0
      ? nothing('None seen yet.')
      : html`<ul class="rows">${overview.replicas.map(row)}</ul>`;
  return card(
    'replicas',
    'Replicas',
    body,
    html`<span class="muted">the leader catches up and alerts</span>`,
  );
}

function fact(name: string, value: Content): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>
`;
}

type Rejected = Overview['webhooks']['rejected'];
const REJECTED: Readonly<Record<keyof Rejected, readonly [one: string, many: string]>> = {
  missing: ['without a signature', 'without a signature'],
  malformed: ['malformed signature', 'malformed signatures'],
  mismatch: ['bad signature', 'bad signatures'],
  stale: ['stale', 'stale'],
  size: ['too large', 'too large'],
  type: ['not JSON', 'not JSON'],
  limited: ['rate limited', 'rate limited'],
};

function webhooks({ accepted, ignored, quarantined, rejected }: Overview['webhooks']): string {
  const kinds = Object.keys(REJECTED) as readonly (keyof Rejected)[];
  const refused = kinds.filter((kind) => rejected[kind] > 0);
  return [
    `${number(accepted)} stored`,
    `${number(ignored)} ignored`,
    ...(quarantined > 0 ? [`${number(quarantined)} in quarantine`] : []),
    ...refused.map((kind) => counted(rejected[kind], ...REJECTED[kind])),
  ].join(' · ');
}

function clock({ now, problems }: Overview): Content {
  const isWrong = problems.some(({ code }) => code === 'clock_skew');
  return isWrong ? badge('error', 'Differs from Linq’s') : `${now.slice(0, 16).replace('T', ' ')} UTC`;
}

const CATCH_UP_WORDS: Readonly<Record<Overview['catchUp']['state'], string>> = {
  idle: 'Up to date',
  running: 'Reading from Linq’s API',
  waiting: 'Waiting',
  failed: 'Failed; retried automatically',
  off: 'On demand only',
};

function catchUp(progress: Overview['catchUp'], now: EpochMs): Html {
  const { state, cause, lastCompletedAt, chatsSeen, chatsTotal } = progress;
  const hasNeverRun = state === 'idle' && lastCompletedAt === null;
  const isUnderWay = state === 'running' || state === 'waiting';
  const bar =
    isUnderWay &&
    html`<progress aria-label="Chats processed"${chatsTotal !== null && html` max="${Math.max(1, chatsTotal)}" value="${chatsSeen}"`}></progress>`;
  const counts =
    chatsTotal === null
      ? counted(chatsSeen, 'chat')
      : `${number(chatsSeen)} of ${counted(chatsTotal, 'chat')}`;
  return html`<div class="catch-up"><div class="row-main"><span class="row-name">Catch-up: ${hasNeverRun ? 'Not run yet' : CATCH_UP_WORDS[state]}${cause !== null && ` (${cause})`}</span>
<span class="row-more">${isUnderWay ? counts : lastCompletedAt === null ? 'reads what webhooks missed' : html`last completed ${pastIso(lastCompletedAt, now, '')}`}</span>${bar}</div>
${button('/catch-up', 'Catch up now')}</div>`;
}
