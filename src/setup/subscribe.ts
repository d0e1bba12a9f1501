import type { CallFailed, NamedSubscription, Subscription } from '../decide/linq-api.ts';
import { classifyAnswer, type LinqAnswer } from '../decide/outcome.ts';
import { CARD_EVENTS, CORE_EVENTS } from '../decide/subscription.ts';
import { SetupError } from '../errors.ts';
import { failureOf } from './failure.ts';
import { cardEventsFor, type SubscriptionChange } from './subscription-plan.ts';

/** The required calls to Linq. None rejects. */
export interface SubscriptionCalls {
  subscriptions(): Promise<
    { readonly kind: 'subscriptions'; readonly subscriptions: readonly Subscription[] } | CallFailed
  >;
  createSubscription(subscription: {
    readonly targetUrl: string;
    readonly events: readonly string[];
  }): Promise<
    | {
        readonly kind: 'created';
        readonly subscription: NamedSubscription;
        readonly signingSecret: string | null;
      }
    | CallFailed
  >;
  updateSubscription(
    subscriptionId: string,
    change: SubscriptionChange,
  ): Promise<{ readonly kind: 'updated' } | CallFailed>;
  deleteSubscription(subscriptionId: string): Promise<{ readonly kind: 'deleted' } | CallFailed>;
}

export interface SubscribePorts {
  readonly linq: SubscriptionCalls;
  /** Makes the secret durable before it returns. @throws when it can't */
  readonly saveSecret: (secret: string, subscriptionId: string) => void;
  /** Reports what takes more than one call. */
  readonly notify: (text: string) => void;
}

const CREATE = 'create the webhook subscription';

/**
 * Creates a subscription and saves its secret, which Linq returns only in that response. Afterwards there is
 * either a subscription whose secret is saved, or no new one.
 * @param before the existing subscriptions
 * @throws {ReactorError} that says what is left behind, if anything
 */
export async function subscribe(
  ports: SubscribePorts,
  targetUrl: string,
  before: readonly Subscription[],
): Promise<NamedSubscription> {
  const answer = await create(ports, targetUrl);
  if (answer.kind === 'created') return keepSecret(ports, answer.subscription, answer.signingSecret);
  if (!mayHaveArrived(answer.answer)) throw failureOf(CREATE, answer.answer);
  ports.notify('Linq’s answer was lost. Checking whether the subscription exists.');
  if (!(await removeStrays(ports, targetUrl, before))) throw failureOf(CREATE, answer.answer);
  ports.notify('It exists, but its secret is lost: deleting and recreating it.');
  const second = await create(ports, targetUrl);
  if (second.kind === 'created') return keepSecret(ports, second.subscription, second.signingSecret);
  throw new SetupError(
    'Linq’s answer to creating the webhook subscription was lost twice. Run setup again: it checks what exists.',
  );
}

/** A rate-limited call wasn't performed, and another one now would only extend the limit. */
function mayHaveArrived(answer: LinqAnswer): boolean {
  if (answer.kind === 'unanswered') return answer.mayHaveArrived;
  return answer.httpStatus >= 500 && classifyAnswer(answer).kind !== 'rate_limited';
}

/** Also requests the contact-card events, and does without if the account lacks them. */
async function create({ linq }: SubscribePorts, targetUrl: string) {
  const answer = await linq.createSubscription({ targetUrl, events: [...CORE_EVENTS, ...CARD_EVENTS] });
  if (answer.kind === 'created' || !mayLackEvents(answer.answer)) return answer;
  return linq.createSubscription({ targetUrl, events: CORE_EVENTS });
}

/**
 * An event type that the account lacks fails the whole call, with an undocumented code. It is none of the
 * codes for other reasons: the key, a conflict, the rate.
 */
function mayLackEvents(answer: LinqAnswer): boolean {
  if (answer.kind !== 'answered' || !answer.hasEnvelope) return false;
  const { httpStatus } = answer;
  return httpStatus >= 400 && httpStatus < 500 && ![401, 409, 429].includes(httpStatus);
}

/** Updates a subscription in place; also does without the contact-card events. @throws {ReactorError} */
export async function updateSubscription(
  { linq }: Pick<SubscribePorts, 'linq'>,
  subscriptionId: string,
  change: SubscriptionChange,
): Promise<void> {
  let answer = await linq.updateSubscription(subscriptionId, change);
  if (answer.kind === 'failed' && change.events !== undefined && mayLackEvents(answer.answer)) {
    const events = change.events.filter((event) => !CARD_EVENTS.includes(event));
    answer = await linq.updateSubscription(subscriptionId, { ...change, events });
  }
  if (answer.kind === 'failed') throw failureOf('change the webhook subscription', answer.answer);
}

/** Adds the contact-card events if the account has them. True: they were added. Never rejects: it isn't vital. */
export async function addCardEvents(
  { linq }: Pick<SubscribePorts, 'linq'>,
  subscription: NamedSubscription,
): Promise<boolean> {
  const change = cardEventsFor(subscription);
  if (change === null) return false;
  return (await linq.updateSubscription(subscription.subscriptionId, change)).kind === 'updated';
}

/** Deletes as many subscriptions as possible; returns the remaining ones. */
export async function unsubscribe(
  { linq }: Pick<SubscribePorts, 'linq'>,
  subscriptions: readonly NamedSubscription[],
): Promise<readonly NamedSubscription[]> {
  const left: NamedSubscription[] = [];
  for (const subscription of subscriptions) {
    const answer = await linq.deleteSubscription(subscription.subscriptionId);
    if (answer.kind === 'failed') left.push(subscription);
  }
  return left;
}

async function keepSecret(
  ports: SubscribePorts,
  subscription: NamedSubscription,
  secret: string | null,
): Promise<NamedSubscription> {
  const takeBack = async () => {
    const [left] = await unsubscribe(ports, [subscription]);
    return left === undefined
      ? 'The new subscription was deleted again; nothing is left behind.'
      : `Delete the new subscription ${left.subscriptionId} in the Linq dashboard: its secret is lost.`;
  };
  if (secret === null) {
    throw new SetupError(
      `Linq returned no signing secret for the new subscription. ${await takeBack()} Run setup again.`,
    );
  }
  try {
    ports.saveSecret(secret, subscription.subscriptionId);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'for an unknown reason';
    throw new SetupError(`The signing secret can’t be saved: ${why} ${await takeBack()}`, { cause: error });
  }
  return subscription;
}

/**
 * Deletes what a create with a lost response left behind; true if something existed and is gone.
 * @throws {SetupError} when that can't be determined, or the deletion fails
 */
async function removeStrays(
  ports: SubscribePorts,
  targetUrl: string,
  before: readonly Subscription[],
): Promise<boolean> {
  const listed = await ports.linq.subscriptions();
  if (listed.kind === 'failed') {
    throw new SetupError(
      'Linq’s answer to creating the webhook subscription was lost, and the subscriptions can’t be listed. Run setup again: it checks what exists.',
    );
  }
  const known = new Set(before.map(({ subscriptionId }) => subscriptionId));
  const strays = listed.subscriptions.filter(
    (one): one is NamedSubscription =>
      one.subscriptionId !== null && one.targetUrl === targetUrl && !known.has(one.subscriptionId),
  );
  const [left] = await unsubscribe(ports, strays);
  if (left === undefined) return strays.length > 0;
  throw new SetupError(
    `Linq created the subscription ${left.subscriptionId}, but its secret was lost in transit, and it can’t be deleted now. Run setup again with --recreate.`,
  );
}
