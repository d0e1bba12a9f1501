import type { ChatState } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Figures } from '../../store/store.ts';
import { barChart } from './chart.ts';
import { type Content, type Html, html } from './html.ts';
import type { OverviewPage } from './overview-view.ts';
import { card, counted, nothing, number } from './parts.ts';
import { STATE_WORDS, STATES_IN_ORDER } from './words.ts';

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

/** How many chats are in each state; each leads to the list of them. */
export function chatsByState({ overview }: OverviewPage): Html {
  const { total, byState } = overview.chats;
  const body =
    total === 0
      ? nothing('No chat is known yet.')
      : html`${stackedBar(total, byState)}<ul class="states">${STATES_IN_ORDER.map((state) => entry(state, byState[state]))}</ul>`;
  return card('by-state', 'Chats', body, html`<a href="/chats">${counted(total, 'chat')}</a>`);
}

type ByState = Readonly<Record<ChatState, number>>;

/** The list below says the same in words and numbers. */
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
