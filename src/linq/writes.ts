import type { ContactCard } from '../decide/holds.ts';
import type { CallFailed, NamedSubscription, NewCard, Subscription } from '../decide/linq-api.ts';
import type { LinqAnswer } from '../decide/outcome.ts';
import type { ExchangeRequest, Reply } from './call.ts';
import { readCreated, readCreatedCard, readSubscription } from './read.ts';

export interface NewSubscription {
  /** https, or http on loopback; its query selects the payload version. */
  readonly targetUrl: string;
  readonly events: readonly string[];
}

/** Absent fields stay unchanged. */
export interface SubscriptionChange {
  readonly targetUrl?: string;
  readonly events?: readonly string[];
  readonly isActive?: boolean;
  /** Null: events of all lines. */
  readonly lines?: readonly string[] | null;
}

/** `signingSecret`: returned only this once; null when the answer had no usable one. */
export type CreatedAnswer =
  | {
      readonly kind: 'created';
      readonly subscription: NamedSubscription;
      readonly signingSecret: string | null;
    }
  | CallFailed;
export type UpdatedAnswer = { readonly kind: 'updated'; readonly subscription: Subscription } | CallFailed;
export type DeletedAnswer = { readonly kind: 'deleted' } | CallFailed;
export type CardAnswer = { readonly kind: 'card'; readonly card: ContactCard } | CallFailed;

/** The calls that change an account, each made once: none rejects or retries. */
export interface LinqWrites {
  createSubscription(subscription: NewSubscription): Promise<CreatedAnswer>;
  updateSubscription(subscriptionId: string, change: SubscriptionChange): Promise<UpdatedAnswer>;
  /** A subscription that is already gone counts as deleted. */
  deleteSubscription(subscriptionId: string): Promise<DeletedAnswer>;
  createContactCard(card: NewCard): Promise<CardAnswer>;
}

export interface WritePorts {
  readonly send: (request: ExchangeRequest) => Promise<Reply>;
  readonly answerOf: (reply: Reply) => LinqAnswer;
  readonly segment: (text: string) => string;
}

const SUBSCRIPTION_NOT_FOUND = 2010;
const SUBSCRIPTIONS = '/v3/webhook-subscriptions';

export function createWrites({ send, answerOf, segment }: WritePorts): LinqWrites {
  /** Makes the call, and reads the answer if it succeeded. */
  async function write<T>(request: ExchangeRequest, read: (body: string | null) => T | null) {
    const reply = await send(request);
    const isSuccess = reply.kind === 'reply' && reply.httpStatus >= 200 && reply.httpStatus <= 299;
    const answer = isSuccess ? UNREADABLE : answerOf(reply);
    return { value: isSuccess ? read(reply.body) : null, failed: { kind: 'failed', answer } as const };
  }

  return {
    async createSubscription({ targetUrl, events }) {
      const json = { target_url: targetUrl, subscribed_events: events };
      const request = { method: 'POST', path: SUBSCRIPTIONS, json, wantsBody: true } as const;
      const { value, failed } = await write(request, readCreated);
      return value === null ? failed : { kind: 'created', ...value };
    },
    async updateSubscription(subscriptionId, { targetUrl, events, isActive, lines }) {
      const json = {
        target_url: targetUrl,
        subscribed_events: events,
        is_active: isActive,
        phone_numbers: lines,
      };
      const path = `${SUBSCRIPTIONS}/${segment(subscriptionId)}`;
      const { value, failed } = await write({ method: 'PUT', path, json, wantsBody: true }, readSubscription);
      return value === null ? failed : { kind: 'updated', subscription: value };
    },
    async deleteSubscription(subscriptionId) {
      const path = `${SUBSCRIPTIONS}/${segment(subscriptionId)}`;
      const { value, failed } = await write({ method: 'DELETE', path, wantsBody: true }, () => true);
      const isGone =
        failed.answer.kind === 'answered' &&
        (failed.answer.linqCode === SUBSCRIPTION_NOT_FOUND ||
          (failed.answer.httpStatus === 404 && failed.answer.hasEnvelope));
      return value === null && !isGone ? failed : { kind: 'deleted' };
    },
    async createContactCard({ line, firstName, lastName, imageUrl }) {
      const json = { phone_number: line, first_name: firstName, last_name: lastName, image_url: imageUrl };
      const request = { method: 'POST', path: '/v3/contact_card', json, wantsBody: true } as const;
      const { value, failed } = await write(request, readCreatedCard);
      return value === null ? failed : { kind: 'card', card: value };
    },
  };
}

/** A 2xx with an unreadable body: the write probably took effect, but with what result is unknown. */
const UNREADABLE: LinqAnswer = { kind: 'unanswered', mayHaveArrived: true, cause: 'unreadable' };
