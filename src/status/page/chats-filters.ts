import type { ChatState } from '../../decide/chat.ts';
import { reasonWords } from './chat-words.ts';
import type { ChatsPage, ChatsQuery, ReasonCount } from './chats-view.ts';
import { type Content, type Html, html } from './html.ts';
import { number } from './parts.ts';
import { STATE_WORDS, STATES_IN_ORDER } from './words.ts';

/** The list's address with this query. */
export function hrefOf(query: ChatsQuery): string {
  const params = new URLSearchParams(
    Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ).toString();
  return params === '' ? '/chats' : `/chats?${params}`;
}

/** `Held chats` */
export const chosen = ({ state }: ChatsQuery): string =>
  state === undefined ? 'All chats' : `${STATE_WORDS[state].name} chats`;

/** @param q what was searched for */
export function searchForm(q = ''): Html {
  return html`<form class="search" role="search" action="/chats">
<label class="hidden" for="q">Chat id, or how it begins</label>
<input class="field" id="q" type="search" name="q" value="${q}" placeholder="Chat id, or how it begins" maxlength="255" autocomplete="off" autocapitalize="none" spellcheck="false" required>
<button class="button">Search</button>
</form>`;
}

/** How many chats are in each state, each leading to their list; another choice of line stays. */
export function chips({ query, reasons }: ChatsPage): Html {
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

/** Choosing among reasons and lines. */
export function narrowing({ query, reasons, overview }: ChatsPage): Html {
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

/** Those that occur, and the chosen one in any case. */
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
