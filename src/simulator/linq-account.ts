import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { SECOND } from '../decide/time.ts';
import { type Changes, createChanges, createMessages, type Messages } from './activity.ts';
import { type Behaviour, createBehaviour, createFaults, type Fault } from './behaviour.ts';
import { type Cards, createCards } from './contact-cards.ts';
import { createDeliveries, type Delivery, REDELIVERY_MS } from './deliveries.ts';
import { type AnyEvent, createAnyEvent, createPublish, describeBody, type LinqEvent } from './linq-events.ts';
import type { PayloadVersion } from './payloads.ts';
import { createRandomness } from './random.ts';
import { reshape } from './resources.ts';
import { createShares, isShare, type ShareCall } from './shares.ts';
import { createWatchers } from './waiting.ts';
import {
  createSubscriptions,
  type NewSubscription,
  payloadVersionOf,
  type Subscription,
} from './webhook-subscriptions.ts';
import { type CardState, type Chat, createWorld } from './world.ts';

const PARTNER_ID = '5b0e6c1a-7d42-5c3e-9f18-2a64d0c7be91';

export interface AccountOptions {
  readonly clock: Clock;
  /** The account's lines, each with an active card. */
  readonly lines?: readonly string[];
  /** Seeds everything random: ids, losses, delays. A 32-bit integer. Default: a random one, see `seed`. */
  readonly seed?: number;
  readonly behaviour?: Partial<Behaviour>;
  /** Pauses between webhook attempts, real ms. Default: Linq's, ten attempts in about 25 minutes. */
  readonly redeliveryMs?: readonly number[];
  /** How long a webhook attempt may take, real ms. Default 10 s. */
  readonly deliveryTimeoutMs?: number;
  /** Parallel connections to the webhook target. Default 32. */
  readonly deliveryConnections?: number;
}

/** An account at the simulated Linq: its lines, chats and messages, the share calls it received, and its webhooks. */
export interface Account extends Messages, Changes, Pick<Cards, 'setCard'> {
  /** Another simulator with this seed repeats the same ids and disorder, given the same requests. */
  readonly seed: number;

  addLine(number: string, options?: { card?: CardState }): void;
  chat(chatId: string): Chat;
  deleteChat(chatId: string): void;

  /** All share calls in order of arrival, whatever their result. */
  readonly calls: readonly ShareCall[];
  callsOf(chatId: string): readonly ShareCall[];
  /** Those answered with 2xx. */
  sharesOf(chatId: string): readonly ShareCall[];
  /** Those that would have shown the person a prompt. */
  prompts(chatId: string): readonly ShareCall[];

  subscribe(subscription: NewSubscription): Subscription;
  /** Emits an event of any type without any change behind it; returns its id. */
  emitEvent(event: AnyEvent): string;
  /** Sends a body as is, signed, to every active subscription: recorded payloads, future events, nonsense. */
  deliver(body: string): void;
  readonly deliveries: readonly Delivery[];
  pendingDeliveries(): number;

  /** @returns a function that removes the fault */
  fail(fault: Fault): () => void;
  clearFaults(): void;
  /** Changes the behaviour from now on; returns all settings. */
  behave(change: Partial<Behaviour>): Behaviour;

  /** Resolves once the condition holds; it is checked after every call, response and delivery. */
  when(condition: () => boolean): Promise<void>;
  /** Resolves once no delivery is in progress, redeliveries included. */
  settled(): Promise<void>;
}

/** The account, and its parts that the API serves. */
export function createAccount(options: AccountOptions) {
  const { clock } = options;
  const seed = options.seed ?? randomInt(2 ** 32);
  const behaviour = createBehaviour(options.behaviour);
  const watchers = createWatchers();
  const randomness = createRandomness(seed);
  const world = createWorld(clock, randomness);
  const faults = createFaults(randomness.numbers('faults'));
  const subscriptions = createSubscriptions(clock, randomness, behaviour);
  const deliveries = createDeliveries({
    clock,
    behaviour,
    redeliveryMs: options.redeliveryMs ?? REDELIVERY_MS,
    timeoutMs: options.deliveryTimeoutMs ?? 10 * SECOND,
    connections: options.deliveryConnections ?? 32,
    random: randomness.numbers('deliveries'),
    onChange: watchers.changed,
  });
  const emit = (event: LinqEvent) => {
    const bodies = new Map<PayloadVersion, string>();
    for (const subscription of subscriptions.of(event)) {
      const version = payloadVersionOf(subscription.targetUrl);
      const body = bodies.get(version) ?? JSON.stringify(reshape(event.build(version), behaviour));
      bodies.set(version, body);
      deliveries.send({ ...event, body }, subscription);
    }
  };
  const publish = createPublish(clock, randomness, PARTNER_ID, emit);
  const messages = createMessages(world, clock, randomness, publish);
  const shares = createShares({
    world,
    clock,
    behaviour,
    onChange: watchers.changed,
    onShared: (chatId) => {
      if (behaviour.messagePerShare) messages.sendMessage(chatId, { text: 'Name and photo shared' });
    },
  });
  const cards = createCards({ world, behaviour, clock, publish });
  const account: Account = {
    ...messages,
    ...createChanges(world, clock, publish),
    setCard: cards.setCard,
    emitEvent: createAnyEvent(world, clock, publish),
    seed,
    addLine(number, { card = 'active' } = {}) {
      world.addLine(number, card);
    },
    chat: world.chat,
    deleteChat: world.deleteChat,
    calls: shares.calls,
    callsOf: shares.callsOf,
    sharesOf: (chatId) => shares.callsOf(chatId).filter(isShare),
    prompts: (chatId) => shares.callsOf(chatId).filter(({ effect }) => effect === 'prompt'),
    subscribe: subscriptions.create,
    deliver(body) {
      const about = describeBody(body, () => randomness.uuid('event'));
      for (const subscription of subscriptions.list())
        if (subscription.isActive) deliveries.send({ ...about, body }, subscription);
    },
    deliveries: deliveries.all,
    pendingDeliveries: deliveries.pending,
    fail: faults.add,
    clearFaults: faults.clear,
    behave: (change) => Object.assign(behaviour, change),
    when: watchers.when,
    settled: () => watchers.when(() => deliveries.pending() === 0),
  };
  for (const number of options.lines ?? []) account.addLine(number);
  const served = {
    world,
    behaviour,
    subscriptions,
    cards,
    random: randomness.numbers('pages'),
    randomness,
    faults,
    shares,
  };
  return { account, served, cancelDeliveries: deliveries.stop };
}
