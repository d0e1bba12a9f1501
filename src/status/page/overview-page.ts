import type { EpochMs } from '../../decide/time.ts';
import type { StatusDeps } from '../api/deps.ts';
import { createServiceView } from '../api/overview.ts';
import { PROBLEM_NOTES } from '../problems/problem-notes.ts';
import type { ProblemCode } from '../problems/problem-words.ts';
import { createShowLine, showAttempt, showChat, viewSnapshot } from '../view/chat-view.ts';
import { isHold } from '../view/explanation.ts';
import type { Overview, Problem } from '../view/schemas.ts';
import { durationInWords } from '../view/wording.ts';
import { awaited, checklist, isFirstStart, stepsInTrouble } from './first-start.ts';
import { type Content, type Html, html } from './html.ts';
import { type Notice, renderPage } from './layout.ts';
import {
  attempts,
  charts,
  chatsByState,
  deliveries,
  isShared,
  lines,
  nextDue,
  type OverviewPage,
  replicas,
  service,
} from './overview-cards.ts';
import type { Tone } from './page-words.ts';
import { badge, button, counted, distance, lasting, number, pastIso, withCode } from './parts.ts';

/** The first page: is all well, what to do if not, and what is happening. */
export function renderOverview(page: OverviewPage, notice: Notice | null): string {
  return renderPage({
    title: judge(page)[1],
    current: 'overview',
    service: { ...page.overview, isSettingUp: isFirstStart(page.overview) },
    notice,
    body: html`${verdict(page)}${problems(page)}${checklist(page)}${page.overview.chats.total === 0 ? beforeChats(page) : everything(page)}`,
  });
}

const everything = (page: OverviewPage) => html`${tiles(page)}
<div class="cards">${charts(page)}
<div class="stack">${chatsByState(page)}${nextDue(page)}${attempts(page)}</div>
<div class="stack">${lines(page)}${service(page)}${replicas(page)}${deliveries(page)}</div></div>`;

/** Without a chat there is nothing to count yet. */
const beforeChats = (page: OverviewPage) => html`<div class="cards">${deliveries(page)}
<div class="stack">${service(page)}${replicas(page)}</div></div>`;

const SHOWN = { due: 5, attempts: 8, deliveries: 200 };

/**
 * Builds the first page. Its cost doesn't grow with the number of chats.
 * @throws {StoreError} by rejecting
 */
export function createOverviewPage(deps: StatusDeps): () => Promise<OverviewPage> {
  const { store, policy, showNumbers } = deps;

  async function linesOfAccount() {
    const lines = await deps.accountLines();
    const served = lines?.filter(({ line }) => policy.lines === null || policy.lines.has(line));
    const showLine = createShowLine(showNumbers, lines?.map(({ line }) => line) ?? []);
    return served?.map(({ line, card }) => ({ line: showLine(line), card })) ?? null;
  }

  const look = createServiceView(deps);
  return async () => {
    const { overview, snapshot: found } = await look();
    const snapshot = viewSnapshot(deps);
    const { now, showLine } = snapshot;
    const { hours, days } = await store.shareHistory(now);
    const { account, lines } = snapshot.holds;
    // closed lines would crowd out the others; a closed account closes them all
    const due = await store.nextDue(SHOWN.due, now, account === null ? [...lines.keys()] : []);
    const attempts = await store.recentAttempts(SHOWN.attempts);
    return {
      overview,
      now,
      idleAfterMs: policy.idleAfterMs,
      hours,
      days,
      due: due.map((chat) => showChat(chat, snapshot)),
      attempts: attempts.map((attempt) => ({
        ...showAttempt(attempt),
        chatId: attempt.chatId,
        tries: attempt.tries,
        line: attempt.line === null ? null : showLine(attempt.line),
      })),
      firstStart: isFirstStart(overview)
        ? { subscription: found.subscription, lines: await linesOfAccount() }
        : null,
      deliveries: deps.deliveries().slice(0, SHOWN.deliveries),
    };
  };
}

/** Whether all is well, what that is based on, and the switch for all sharing. */
function verdict(page: OverviewPage): Html {
  const { overview } = page;
  const [tone, heading] = judge(page);
  return html`<section class="verdict verdict-${tone}" aria-labelledby="verdict">
${overview.paused && tone === 'warn' ? PAUSED : tone === 'info' && awaited(overview) !== null ? WAITING : SIGNS[tone]}
<div class="verdict-words"><h1 id="verdict">${heading}</h1><p>${sentence(page)}</p></div>
<div class="actions">${
    overview.paused
      ? button('/resume', 'Resume sharing', { kind: 'main' })
      : button('/pause', 'Pause all sharing')
  }</div>
</section>
`;
}

/** The verdict in a few words, and its tone. */
function judge(page: OverviewPage): readonly [Tone, string] {
  const { overview } = page;
  const { problems, paused, dryRun } = overview;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (errors > 0)
    return ['error', `${counted(errors, 'problem')} ${errors === 1 ? 'needs' : 'need'} your attention`];
  if (paused) return ['warn', 'Sharing is paused'];
  if (problems.length > 0) return ['warn', `Working, with ${counted(problems.length, 'warning')}`];
  const wrong = stepsInTrouble(page);
  if (wrong > 0)
    return ['warn', `${counted(wrong, 'step')} ${wrong === 1 ? 'needs' : 'need'} your attention`];
  const next = awaited(overview);
  if (next !== null) return ['info', `Waiting for ${next}`];
  return dryRun ? ['info', 'All is well (dry run)'] : ['ok', 'All is well'];
}

const isNew = ({ chats, webhooks }: Overview) => chats.total === 0 && webhooks.lastAcceptedAt === null;

function sentence({ overview, now, idleAfterMs }: OverviewPage): string {
  const { shares, paused, dryRun } = overview;
  if (paused) {
    const idle = ` Chats in which nothing was sent for ${durationInWords(idleAfterMs)} by then wait for your next message.`;
    return `Nothing is shared until you resume.${idleAfterMs === 0 ? '' : idle}`;
  }
  if (isNew(overview)) {
    return 'No webhooks received yet. Send a message and its chat will appear here.';
  }
  const { succeeded } = shares.last24h;
  const said = dryRun
    ? 'Dry run: everything is decided and recorded, but no card is shared'
    : shares.total === 0
      ? 'No card has been shared yet'
      : succeeded === 0
        ? 'No card was shared in the last 24 hours'
        : `${counted(succeeded, 'card')} shared in the last 24 hours`;
  if (shares.overdue > 0)
    return `${said}; ${counted(shares.overdue, 'chat')} ${shares.overdue === 1 ? 'is' : 'are'} due now.`;
  return shares.nextDueAt === null
    ? `${said}.`
    : `${said}; the next is due ${distance(Date.parse(shares.nextDueAt), now)}.`;
}

/** What is wrong, worst first: since when, what it means, and what to do. */
function problems({ overview, now }: OverviewPage): Content {
  if (overview.problems.length === 0) return null;
  const warnings = overview.problems.filter(({ severity }) => severity === 'warning');
  const areFolded = warnings.length > 1;
  const shown = areFolded ? overview.problems.filter((one) => !warnings.includes(one)) : overview.problems;
  return html`<section class="problems" aria-labelledby="problems"><h2 class="hidden" id="problems">Problems</h2>
${shown.map((one) => problem(one, now))}${areFolded && html`<ul class="warnings">${warnings.map((one) => foldedWarning(one, now))}</ul>`}</section>
`;
}

function problem(one: Problem, now: EpochMs): Html {
  const { severity, since, message } = one;
  const tone = severity === 'error' ? 'error' : 'warn';
  return html`<article class="problem problem-${tone}" aria-label="${one.code}">
<p class="problem-head">${badge(tone, severity === 'error' ? 'Error' : 'Warning')} <span class="muted">${lasting(since, now)}</span></p>
<p class="problem-message">${withCode(message)}</p>
${wayOut(one)}
</article>
`;
}

/** Several warnings would push everything else off the screen. */
function foldedWarning(one: Problem, now: EpochMs): Html {
  return html`<li class="warning"><details id="${idOf(one)}"><summary><span class="warning-message"><span class="hidden">Warning: </span>${withCode(one.message)}</span> <span class="muted">${lasting(one.since, now)}</span></summary>
${wayOut(one)}
</details></li>
`;
}

const idOf = ({ code, line }: Problem) => `problem-${code}${line === null ? '' : `-${line}`}`;

/** What to do about a problem, and what of that can be done from here. */
function wayOut(one: Problem): Html {
  const action = actionFor(one);
  const chats = chatsConcerned(one);
  return html`<p class="remedy"><strong>What to do</strong> ${withCode(one.remedy, action)}</p>
<div class="problem-ways">
${action !== null && button(action.path, action.text, { about: action.about })}
${chats !== null && html`<a class="button" href="${chats}">Show the chats<span class="hidden"> concerned</span></a>`}
${inSteps(one)}
</div>`;
}

interface ProblemAction {
  readonly path: string;
  readonly text: string;
  readonly about: string;
  /** The verb that does the same. */
  readonly command: string;
}

/** What may end the problem at once; null: nothing that the service can do. */
function actionFor({ code, line }: Problem): ProblemAction | null {
  if (line !== null) {
    const isOfCard = code.startsWith('card_');
    const path = `/lines/${encodeURIComponent(line)}/${isOfCard ? 'check' : 'release'}`;
    const text = isOfCard ? 'Check now' : 'End hold';
    return { path, text, about: isOfCard ? `the card of ${line}` : `of ${line}`, command: 'line release' };
  }
  return ACTIONS.get(code) ?? null;
}

const CHECK_SUBSCRIPTION = {
  path: '/catch-up',
  text: 'Check now',
  about: 'the subscription',
  command: 'catch-up',
} as const;

const ACTIONS: ReadonlyMap<string, ProblemAction> = new Map<ProblemCode, ProblemAction>([
  ['subscription_missing', CHECK_SUBSCRIPTION],
  ['subscription_inactive', CHECK_SUBSCRIPTION],
  ['catch_up_failing', { path: '/catch-up', text: 'Catch up now', about: '', command: 'catch-up' }],
  [
    'unreadable_deliveries',
    {
      path: '/quarantine/replay',
      text: 'Replay now',
      about: 'the deliveries in quarantine',
      command: 'quarantine replay',
    },
  ],
]);

/** The list of the chats that wait because of the problem; null: it holds none. */
function chatsConcerned({ code, line }: Problem): string | null {
  if (code === 'shares_overdue') return '/chats?state=due';
  if (code === 'chats_parked') return '/chats?state=held&reason=parked';
  if (!isHold(code)) return null;
  const ofLine = line === null ? '' : `&line=${encodeURIComponent(line)}`;
  return `/chats?state=held&reason=${code}${ofLine}`;
}

/** The problem's section of docs/problems.md. */
function inSteps({ code, line }: Problem): Content {
  if (!isProblem(code)) return null;
  const { seen, confirm, steps, ends, lost } = PROBLEM_NOTES[code];
  const say = (text: string) =>
    withCode(text.replaceAll(/\bLINE\b/g, () => line ?? 'LINE').replaceAll(/\[(\w+)\]\(#\w+\)/g, '`$1`'));
  return html`<details class="steps"><summary>Step by step</summary>
${seen !== undefined && html`<p>${say(seen)}</p>`}
<p><strong>Confirm</strong> ${say(confirm)}</p>
<ol>${steps.map((step) => html`<li>${say(step)}</li>`)}</ol>
<p><strong>Ends</strong> ${say(ends)}${lost !== undefined && html` <strong>Lost</strong> ${say(lost)}`}</p>
<p class="muted"><code>${code}</code> in docs/problems.md</p></details>`;
}

/** The figures people look for first. */
function tiles({ overview, now }: OverviewPage): Html {
  const { shares, chats, webhooks } = overview;
  const { succeeded, failed } = shares.last24h;
  const rejected = Object.values(webhooks.rejected).reduce((sum, count) => sum + count, 0);
  const next = overview.paused
    ? 'Paused'
    : shares.nextDueAt === null
      ? 'Nothing'
      : distance(Date.parse(shares.nextDueAt), now);
  const isOverdue = shares.overdue > 0;
  return html`<section aria-labelledby="figures"><h2 class="hidden" id="figures">Figures</h2><dl class="tiles">
${tile('Shared in 24 hours', number(succeeded), failed === 0 ? 'none failed' : `${number(failed)} failed`)}
${tile('Shared, total', number(shares.total), last(shares.lastSucceededAt, now))}
${tile(isOverdue ? 'Due now' : 'Next due', isOverdue ? number(shares.overdue) : sentenceCase(next), `${counted(chats.total, 'chat')} known`)}
${tile(isShared(overview) ? 'Webhooks, this replica' : 'Webhooks received', number(webhooks.accepted + webhooks.ignored), [last(webhooks.lastAcceptedAt, now), rejected > 0 && `, ${number(rejected)} refused`])}
</dl></section>
`;
}

const isProblem = (code: string): code is ProblemCode => code in PROBLEM_NOTES;

const last = (iso: string | null, now: EpochMs): Content =>
  iso === null ? 'none so far' : html`latest ${pastIso(iso, now, '')}`;

function tile(name: string, value: string, more: Content): Html {
  return html`<div class="tile"><dt>${name}</dt><dd class="tile-value">${value}</dd><dd class="tile-more">${more}</dd></div>`;
}

const sentenceCase = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

const sign = (drawing: Html) =>
  html`<svg class="sign" viewBox="0 0 24 24" width="44" height="44" aria-hidden="true"><circle cx="12" cy="12" r="11"/>${drawing}</svg>`;
const ATTENTION = sign(html`<path d="M12 6.8v6.4M12 16.8v.2"/>`);
const PAUSED = sign(html`<path d="M9.3 7.8v8.4M14.7 7.8v8.4"/>`);
const WAITING = sign(html`<path d="M7.2 12v.2M12 12v.2M16.8 12v.2"/>`);
const WELL = sign(html`<path d="M7.2 12.4l3.2 3.2 6.4-7"/>`);
const SIGNS: Readonly<Record<Tone, Html>> = {
  ok: WELL,
  info: WELL,
  quiet: WELL,
  warn: ATTENTION,
  error: ATTENTION,
};
