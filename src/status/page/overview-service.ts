import type { EpochMs } from '../../decide/time.ts';
import type { LineView, Overview } from '../api/schemas.ts';
import { type Content, type Html, html } from './html.ts';
import type { OverviewPage } from './overview-view.ts';
import { badge, button, card, counted, nothing, number, pastIso, size, when } from './parts.ts';
import { HOLD_WORDS, RELEASABLE, type Tone } from './words.ts';

/** The account's lines, their cards, and what closes them. */
export function lines({ overview, now }: OverviewPage): Html {
  const rows = overview.lines.map((one) => line(one, now));
  const body = rows.length === 0 ? nothing('No line is known yet.') : html`<ul class="rows">${rows}</ul>`;
  return card('lines', 'Lines', body);
}

const CARD_WORDS: ReadonlyMap<string, readonly [Tone, string]> = new Map([
  ['active', ['ok', 'Card active']],
  ['inactive', ['warn', 'Card not active']],
  ['missing', ['error', 'No card']],
]);

function line(shown: LineView, now: EpochMs): Html {
  const { line: name, card: looked, chats, hold, until } = shown;
  const [tone, words] = CARD_WORDS.get(looked.state) ?? ['quiet', 'Card not looked at yet'];
  const isOfCard = hold === null || hold.startsWith('card_');
  const more = [
    `${counted(chats, 'chat')} · `,
    isOfCard ? 'card' : `${words.toLowerCase()},`,
    html` looked at ${pastIso(looked.checkedAt, now, 'never')}`,
    until !== null && html` · tried again ${when(Date.parse(until), now)}`,
  ];
  const end =
    hold !== null &&
    RELEASABLE.has(hold) &&
    button(`/lines/${encodeURIComponent(name)}/release`, 'End hold', { about: `of ${name}` });
  return html`<li><div class="row-main"><span class="row-name">${name}</span><span class="row-more">${more}</span></div>
<div class="row-side">${isOfCard ? badge(tone, words) : badge('warn', HOLD_WORDS.get(hold) ?? hold)}${end}</div></li>
`;
}

/** What works in the background: catching up, webhooks, the database, the clock. */
export function service({ overview, now }: OverviewPage): Html {
  const { store, startedAt, version } = overview;
  return card(
    'service',
    'Service',
    html`${catchUp(overview.catchUp, now)}
<dl class="facts">
${fact('Webhooks', webhooks(overview.webhooks))}
${fact('Database', `${size(store.sizeBytes)}, ${store.kind}, schema ${store.schemaVersion}`)}
${fact('Backup', html`${pastIso(store.lastBackupAt, now, 'none was made')}`)}
${fact('Clock', clock(overview))}
${fact('Running', html`version ${version}, started ${when(Date.parse(startedAt), now)}`)}
</dl>`,
  );
}

function fact(name: string, value: Content): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>
`;
}

type Rejected = Overview['webhooks']['rejected'];
const REJECTED: Readonly<Record<keyof Rejected, string>> = {
  missing: 'without signature',
  malformed: 'with a broken signature',
  mismatch: 'with a wrong signature',
  stale: 'too old',
  size: 'too large',
  type: 'not JSON',
  limited: 'too many',
};

function webhooks({ accepted, ignored, quarantined, rejected }: Overview['webhooks']): string {
  const kinds = Object.keys(REJECTED) as readonly (keyof Rejected)[];
  const refused = kinds.filter((kind) => rejected[kind] > 0);
  return [
    `${number(accepted)} stored`,
    `${number(ignored)} with nothing for us`,
    ...(quarantined > 0 ? [`${number(quarantined)} set aside`] : []),
    ...refused.map((kind) => `${number(rejected[kind])} ${REJECTED[kind]}`),
  ].join(', ');
}

function clock({ now, problems }: Overview): Content {
  const isWrong = problems.some(({ code }) => code === 'clock_skew');
  return isWrong ? badge('error', 'Disagrees with Linq’s') : `${now.slice(0, 16).replace('T', ' ')} UTC`;
}

const CATCH_UP_WORDS: Readonly<Record<Overview['catchUp']['state'], string>> = {
  idle: 'Up to date',
  running: 'Reading from the API',
  waiting: 'Waiting',
  failed: 'Failed, tried again by itself',
  off: 'Only when asked for',
};

function catchUp(progress: Overview['catchUp'], now: EpochMs): Html {
  const { state, cause, lastCompletedAt, chatsSeen, chatsTotal } = progress;
  const isUnderWay = state === 'running' || state === 'waiting';
  const bar =
    isUnderWay &&
    html`<progress aria-label="Chats dealt with"${chatsTotal !== null && html` max="${Math.max(1, chatsTotal)}" value="${chatsSeen}"`}></progress>`;
  const counts =
    chatsTotal === null
      ? counted(chatsSeen, 'chat')
      : `${number(chatsSeen)} of ${counted(chatsTotal, 'chat')}`;
  return html`<div class="catch-up"><div class="row-main"><span class="row-name">Catch-up: ${CATCH_UP_WORDS[state]}${cause !== null && ` (${cause})`}</span>
<span class="row-more">${isUnderWay ? counts : lastCompletedAt === null ? 'none was completed so far' : html`last completed ${pastIso(lastCompletedAt, now, '')}`}</span>${bar}</div>
${button('/catch-up', 'Catch up now')}</div>`;
}
