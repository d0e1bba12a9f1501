import type { AccountLine } from '../api/deps.ts';
import type { SubscriptionState } from '../problems/problems.ts';
import type { Overview } from '../view/schemas.ts';
import { type Content, type Html, html } from './html.ts';
import { CARD_WORDS } from './page-words.ts';
import { badge, button, card, counted, withCode } from './parts.ts';

export interface FirstStart {
  readonly subscription: SubscriptionState;
  /** As Linq reports them; null: it hasn't answered. */
  readonly lines: readonly AccountLine[] | null;
}

interface Start {
  readonly overview: Overview;
  readonly firstStart: FirstStart | null;
}

/** What has to be in place before the first share, step by step; none once there was one. */
function stepsOf({ overview, firstStart }: Start): readonly Step[] {
  if (firstStart === null) return [];
  const { webhooks, chats, dryRun } = overview;
  const hasWebhook = webhooks.lastAcceptedAt !== null;
  return [
    { state: 'done', title: 'The webhook secret is set', body: null } as const,
    subscriptionStep(firstStart.subscription, hasWebhook),
    cardStep(firstStart.lines),
    {
      state: hasWebhook ? 'done' : 'open',
      title: hasWebhook ? 'The first webhook has arrived' : 'Wait for the first webhook',
      body: hasWebhook ? null : TEST_MESSAGE,
    } as const,
    {
      state: 'open',
      title: dryRun ? 'The first share (DRY_RUN is true: it is only recorded)' : 'The first share',
      body:
        chats.total === 0
          ? html`<p>Follows the first message from your line.</p>`
          : html`<p><a href="/chats">${counted(chats.total, 'chat')} known, none shared yet: see why</a></p>`,
    } as const,
  ];
}

/** How many of the steps need the operator. */
export const stepsInTrouble = (start: Start): number =>
  stepsOf(start).filter(({ state }) => state === 'wrong').length;

/** The steps as a list; nothing once a card was shared. */
export function checklist(start: Start): Content {
  const steps = stepsOf(start);
  if (steps.length === 0) return null;
  const done = steps.filter(({ state }) => state === 'done').length;
  return html`<div class="first-start">${card(
    'first-start',
    'Until the first share',
    html`<ol class="checklist">${steps.map(step)}</ol>`,
    html`<span class="muted">${done} of ${steps.length} done</span>`,
  )}</div>
`;
}

/** In a dry run no share comes: the first webhook is as far as it goes. */
export const isFirstStart = ({ shares, webhooks, dryRun }: Overview): boolean =>
  shares.total === 0 && !(dryRun && webhooks.lastAcceptedAt !== null);

/** Of a first start: what comes next; null: a card was shared. */
export function awaited(overview: Overview): string | null {
  if (!isFirstStart(overview)) return null;
  return overview.webhooks.lastAcceptedAt === null ? 'the first webhook' : 'the first share';
}

interface Step {
  readonly state: 'done' | 'open' | 'wrong';
  readonly title: string;
  readonly body: Content;
}

const STEP_WORDS = { done: 'Done', open: 'To do', wrong: 'Wrong' } as const;

function step({ state, title, body }: Step): Html {
  return html`<li class="step-${state}"><p class="step-title"><span class="hidden">${STEP_WORDS[state]}: </span>${title}</p>
${body}</li>
`;
}

function subscriptionStep(subscription: FirstStart['subscription'], hasWebhook: boolean): Step {
  const isUnchecked = subscription === 'unknown' || subscription === 'unwatched';
  if (subscription === 'fine' || (isUnchecked && hasWebhook))
    return { state: 'done', title: 'Linq’s webhook subscription points here', body: null };
  const again = button('/catch-up', 'Check now', { about: 'the subscription' });
  if (subscription === 'unwatched')
    return {
      state: 'open',
      title: 'Webhook subscription: not checked',
      body: html`<p>${withCode('It is checked when PUBLIC_URL is set; `contact-card-reactor setup` sets it and creates the subscription. The first webhook proves it too.')}</p>`,
    };
  return subscription === 'unknown'
    ? {
        state: 'open',
        title: 'Webhook subscription: not checked yet',
        body: html`<p>It is checked once Linq answers. The first webhook proves it too.</p>`,
      }
    : {
        state: 'wrong',
        title: `Linq’s webhook subscription is ${subscription === 'missing' ? 'missing' : 'switched off'}`,
        body: html`<p>${withCode('`contact-card-reactor setup` puts it right. Restart the service afterwards.')}</p>${again}`,
      };
}

function cardStep(lines: FirstStart['lines']): Step {
  if (lines === null)
    return {
      state: 'open',
      title: 'A line with an active contact card',
      body: html`<p>Linq hasn’t answered yet.</p>`,
    };
  const isReady = lines.some(({ card: state }) => state === 'active');
  const row = ({ line, card: state }: AccountLine) => {
    const [tone, words] = CARD_WORDS.get(state) ?? ['quiet', 'Card not checked yet'];
    return html`<li><span class="row-name">${line}</span> ${badge(tone, words)}</li>`;
  };
  const rows = lines.length > 0 && html`<ul class="step-lines">${lines.map(row)}</ul>`;
  const none =
    lines.length === 0
      ? 'The account has no line that is served here.'
      : '`contact-card-reactor setup` creates a card for a line. Linq activates it within minutes.';
  return {
    state: isReady ? 'done' : 'wrong',
    title: isReady ? 'A line has an active contact card' : 'No line has an active contact card',
    body: html`${rows}${!isReady && html`<p>${withCode(none)}</p>`}`,
  };
}

const TEST_MESSAGE = html`<details class="steps"><summary>Send a test message</summary>
<p>Send an iMessage from one of your lines to a phone of your own: with your application, or like this.</p>
<pre class="scroll" tabindex="0" role="region" aria-label="Command"><code>curl https://api.linqapp.com/api/partner/v3/chats \\
  -H "Authorization: Bearer $LINQ_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"from":"YOUR_LINE","to":["YOUR_PHONE"],"message":{"parts":[{"type":"text","value":"Hello"}]}}'</code></pre>
<p>The webhook usually arrives within a second, and the share follows. If nothing comes, ${withCode('`contact-card-reactor doctor` says where it gets lost.')}</p></details>`;
