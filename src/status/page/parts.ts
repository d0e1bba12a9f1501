import type { ChatState } from '../../decide/chat.ts';
import { DAY, type EpochMs, HOUR, MINUTE, SECOND } from '../../decide/time.ts';
import { commandName, isoTime, timeInWords } from '../view/wording.ts';
import { type Content, type Html, html } from './html.ts';
import { STATE_WORDS, type Tone } from './page-words.ts';

/** `12,345` */
export const number = (count: number): string => count.toLocaleString('en-US');

/** `1 warning`, `2 warnings` */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/**
 * `3 min ago`, `in 2 h`; the exact time is in the tooltip and for screen readers. Never shows seconds, so that a page
 * stays the same for a while. Exact times are in UTC; `live.js` rewrites them in the reader's own zone.
 */
export const when = (at: EpochMs, now: EpochMs): Html => timed(at, distance(at, now));

function timed(at: EpochMs, words: string): Html {
  const exact = timeInWords(at);
  return html`<time datetime="${isoTime(at)}" title="${exact}">${words}<span class="hidden">, ${exact}</span></time>`;
}

/** `3 min ago`, and the exact time beside it. */
export function exactly(at: EpochMs, now: EpochMs): Html {
  const iso = isoTime(at);
  return html`<time datetime="${iso}">${distance(at, now)}</time> <time class="exact" datetime="${iso}">${timeInWords(at)}</time>`;
}

/** As `timeInWords` and `whenInWords` write it, with what stands before it. */
const TIME_IN_WORDS = /(?:\b(at|since) )?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC(?: \(in [^)]*\))?/g;

/** A sentence with commands and exact times, such as a chat's explanation: its times are relative to now. */
export function withTimes(text: string, now: EpochMs): Content {
  const parts: Content[] = [];
  let from = 0;
  for (const found of text.matchAll(TIME_IN_WORDS)) {
    const [all, before, date, time] = found;
    const at = Date.parse(`${date}T${time}Z`);
    const isLasting = before === 'since' && now - at >= MINUTE;
    parts.push(withCode(text.slice(from, found.index)));
    parts.push(timed(at, isLasting ? `for ${coarse(now - at)}` : distance(at, now)));
    from = found.index + all.length;
  }
  return [...parts, withCode(text.slice(from))];
}

/** The same for past times from `GET /status`, though another clock may be slightly ahead; `none` replaces null. */
export function pastIso(iso: string | null, now: EpochMs, none: string): Content {
  return iso === null ? none : when(Math.min(Date.parse(iso), now), now);
}

/** For something ongoing: `for 3 min`; the exact start is in the tooltip. */
export function lasting(iso: string, now: EpochMs): Html {
  const at = toSecond(Math.min(Date.parse(iso), now)); // another clock may be slightly ahead
  return timed(at, now - at < MINUTE ? 'just now' : `for ${coarse(now - at)}`);
}

/** In words: `just now`, `3 min ago`, `in under 1 min`, `in 2 h`, `in 3 d`. */
export function distance(at: EpochMs, now: EpochMs): string {
  const ms = Math.abs(toSecond(at) - now);
  const isAhead = at > now;
  if (ms < MINUTE) return isAhead ? 'in under 1\u00a0min' : 'just now';
  return isAhead ? `in ${coarse(ms)}` : `${coarse(ms)} ago`;
}

/** As sentences give it: so one instant has one distance, wherever a page shows it. */
const toSecond = (at: EpochMs): EpochMs => at - (at % SECOND);

/** The largest unit from minutes up: `3 min`, `47 h`, `12 d`. */
export function coarse(ms: number): string {
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}\u00a0min`; // no break between number and unit
  return ms < 2 * DAY ? `${Math.floor(ms / HOUR)}\u00a0h` : `${number(Math.floor(ms / DAY))}\u00a0d`;
}

export function badge(tone: Tone, text: Content): Html {
  return html`<span class="badge badge-${tone}">${text}</span>`;
}

/** A dot in the state's colour, and its name. */
export function stateBadge(state: ChatState): Html {
  return html`<span class="state"><i class="dot dot-${state}"></i>${STATE_WORDS[state].name}</span>`;
}

/** A chat's id, linked to its page. */
export function chatLink(chatId: string): Html {
  return html`<a class="id" href="/chats/${encodeURIComponent(chatId)}">${chatId}</a>`;
}

/** A one-button form; works without script. @param about context for screen readers */
export function button(action: string, text: string, { kind = 'plain', about = '' } = {}): Html {
  const more = about !== '' && html`<span class="hidden"> ${about}</span>`;
  return html`<form method="post" action="${action}"><button class="button button-${kind}">${text}${more}</button></form>`;
}

/** A section with a heading on its own surface. @param id unique on the page */
export function card(id: string, title: string, body: Content, side: Content = null): Html {
  return html`<section class="card" aria-labelledby="${id}">
<div class="card-head"><h2 id="${id}">${title}</h2>${side}</div>
${body}
</section>
`;
}

/**
 * Renders words between backticks as code: commands, as they are typed where the service runs, and settings.
 * @param done by a button beside the text: the command it stands for, and its name, which replaces the command
 */
export function withCode(
  text: string,
  done: { readonly command: string; readonly text: string } | null = null,
): Content {
  const code = (words: string) => {
    const [, command] = /^contact-card-reactor (.*)$/.exec(words) ?? [];
    if (command === undefined) return html`<code>${words}</code>`;
    return done !== null && command.startsWith(done.command)
      ? html`<strong>${done.text}</strong>`
      : html`<code>${PROGRAM} ${command}</code>`;
  };
  return text.split('`').map((part, at) => (at % 2 === 0 ? part : code(part)));
}

const PROGRAM = commandName(process.env.PATH);

/** Placeholder for an empty list. */
export function nothing(text: Content): Html {
  return html`<p class="nothing">${text}</p>`;
}
