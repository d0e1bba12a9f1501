import { Agent } from 'undici';
import type { Clock } from '../clock.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import type { Behaviour } from './behaviour.ts';
import { signDelivery } from './sign.ts';
import { createStop, pause } from './waiting.ts';
import { learnRouting, routingHeaders, type Subscription } from './webhook-subscriptions.ts';

/** Nine pauses, ten attempts, about 25 minutes: Linq's documented redelivery (real ms). */
export const REDELIVERY_MS: readonly number[] = Array.from({ length: 9 }, (_, n) => 3 * SECOND * 2 ** n);

export interface DeliveryAttempt {
  /** Real ms on `clock.monotonic()`. */
  readonly atMonotonicMs: number;
  /** HTTP status, null when there was no answer. */
  readonly status: number | null;
}

/** One copy of an event for one subscription. */
export interface Delivery {
  readonly eventId: string;
  readonly eventType: string;
  readonly chatId: string | null;
  readonly subscriptionId: string;
  readonly attempts: readonly DeliveryAttempt[];
  /** `refused`: a 4xx, never retried; `exhausted`: the last retry failed; `lost`: dropped on purpose. */
  state: 'pending' | 'accepted' | 'refused' | 'exhausted' | 'lost' | 'cancelled';
}

export interface ToDeliver {
  readonly eventId: string;
  readonly eventType: string;
  readonly chatId: string | null;
  readonly body: string;
}

export interface Deliveries {
  readonly all: readonly Delivery[];
  /** Sends the event, signed, with retries and any configured disorder. */
  send(event: ToDeliver, subscription: Subscription): void;
  pending(): number;
  /** Cancels deliveries in progress. */
  stop(): Promise<void>;
}

export interface DeliveriesParts {
  readonly clock: Clock;
  readonly behaviour: Behaviour;
  /** Pauses between attempts, real ms; its length bounds the number of retries. */
  readonly redeliveryMs: readonly number[];
  /** How long one attempt may take, real ms. Linq gives 10 s. */
  readonly timeoutMs: number;
  readonly connections: number;
  readonly random: () => number;
  readonly onChange: () => void;
}

const isRetried = (status: number | null): boolean => status === null || status >= 500 || status === 429;

export function createDeliveries(parts: DeliveriesParts): Deliveries {
  const { clock, behaviour, random, redeliveryMs, timeoutMs } = parts;
  const all: Delivery[] = [];
  const underWay = new Set<Promise<void>>();
  const connect = () =>
    new Agent({
      connections: parts.connections,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs },
    });
  let agent = connect();
  let stopping = createStop();

  /** @returns the HTTP status; null when refused, reset or timed out, which the schedule treats alike */
  const post = async (event: ToDeliver, subscription: Subscription, signedAt: EpochMs) => {
    const headers = signDelivery({
      secret: subscription.signingSecret,
      webhookId: event.eventId,
      timestampSeconds: Math.floor(signedAt / SECOND),
      body: event.body,
      eventType: event.eventType,
      subscriptionId: subscription.subscriptionId,
    });
    try {
      const { origin, pathname, search } = new URL(subscription.targetUrl);
      const response = await agent.request({
        origin,
        path: pathname + search,
        method: 'POST',
        headers: {
          ...routingHeaders(subscription, event.chatId),
          ...headers,
          'content-type': 'application/json',
        },
        body: event.body,
        signal: stopping.signal,
      });
      await response.body.dump();
      if (response.statusCode < 300) learnRouting(subscription, event.chatId, response.headers);
      return response.statusCode;
    } catch {
      return null;
    }
  };

  const run = async (event: ToDeliver, subscription: Subscription, attempts: DeliveryAttempt[]) => {
    const { signal } = stopping;
    if (behaviour.shuffleMs > 0) await pause(clock, random() * behaviour.shuffleMs, signal);
    const firstAt = clock.systemNow();
    for (const wait of [...redeliveryMs, null]) {
      const status = await post(event, subscription, behaviour.renewTimestamp ? clock.systemNow() : firstAt);
      if (signal.aborted) break;
      attempts.push({ atMonotonicMs: clock.monotonic(), status });
      if (!isRetried(status)) return status !== null && status < 300 ? 'accepted' : 'refused';
      if (wait === null) return 'exhausted';
      parts.onChange();
      await pause(clock, wait, signal);
    }
    return 'cancelled';
  };

  const record = (event: ToDeliver, subscription: Subscription, state: Delivery['state']) => {
    const { eventId, eventType, chatId } = event;
    const { subscriptionId } = subscription;
    const attempts: DeliveryAttempt[] = [];
    const delivery: Delivery = { eventId, eventType, chatId, subscriptionId, attempts, state };
    all.push(delivery);
    return { delivery, attempts };
  };

  const sendCopy = (event: ToDeliver, subscription: Subscription) => {
    const { delivery, attempts } = record(event, subscription, 'pending');
    const task = run(event, subscription, attempts).then((state) => {
      delivery.state = state;
      underWay.delete(task);
      parts.onChange();
    });
    underWay.add(task);
  };

  return {
    all,
    pending: () => underWay.size,
    send(event, subscription) {
      if (random() < behaviour.lossRate) {
        record(event, subscription, 'lost');
        return;
      }
      sendCopy(event, subscription);
      if (random() < behaviour.duplicateRate) sendCopy(event, subscription);
    },
    async stop() {
      stopping.abort();
      await agent.destroy();
      await Promise.all(underWay);
      agent = connect();
      stopping = createStop();
    },
  };
}
