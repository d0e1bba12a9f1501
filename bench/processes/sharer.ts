import type { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import type { Store } from '../../src/store/store.ts';
import { answerParent } from '../child.ts';
import { outboundEvents } from '../events.ts';
import { type Database, openStore } from '../open-store.ts';
import { loadProgram } from '../program.ts';
import { type Rate, startRate } from '../rate.ts';
import { API_KEY, CONCURRENCY, POLICY } from '../settings.ts';

export type SharerQuestion =
  | { readonly kind: 'open'; readonly database: Database; readonly apiUrl: string }
  /** Makes chats that are due, then shares them; the first `leadIn` of them before the clock starts. */
  | { readonly kind: 'drain'; readonly count: number; readonly leadIn: number; readonly seed: number }
  /** Makes chats whose windows lapse one by one, from `fromMs` on over `overMs`. */
  | { readonly kind: 'lapse'; readonly count: number; readonly fromMs: number; readonly overMs: number };

export interface SharerAnswer {
  /** Of shares whose outcome was durable. */
  readonly rate: Rate | null;
  readonly lapses: readonly (readonly [chatId: string, lapsesAt: number])[];
}

const NOTHING: SharerAnswer = { rate: null, lapses: [] };
const GROUP = 1_000;

interface Sharer {
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly now: () => number;
}

let sharer: Sharer | null = null;
let settledCount = 0;
let onSettled: () => void = () => {};

/** Store, dispatcher and client as the service wires them, with sharing paused. */
async function open(database: Database, apiUrl: string): Promise<Sharer> {
  const program = await loadProgram();
  const clock = program.clock.createSystemClock();
  const store = counting(await openStore(program, database));
  const { log } = await program.httpServer.createHttpServer({
    trustProxy: false,
    log: { level: 'info', format: 'json' },
    isDraining: () => false,
  });
  const guard = program.clockGuard.createClockGuard({ clock, lastHeartbeatAt: null, onCorrected: () => {} });
  const linq = program.linqClient.createLinqClient({
    baseUrl: apiUrl,
    apiKey: API_KEY,
    connections: CONCURRENCY + 4,
    clock,
    onDate: guard.heard,
  });
  const dispatcher = program.dispatcher.createDispatcher({
    store,
    linq,
    clock,
    guard,
    policy: POLICY,
    concurrency: CONCURRENCY,
    ratePerLine: 0,
    cardTtlMs: 600_000,
    random: Math.random,
    log,
    onFatal: () => process.exit(1),
  });
  await dispatcher.pause();
  await dispatcher.start();
  return { store, dispatcher, now: () => clock.now() };
}

/** The store, telling when outcomes have become durable. */
function counting(store: Store): Store {
  return {
    ...store,
    async turn(turn, now) {
      const result = await store.turn(turn, now);
      settledCount += result.settled.length;
      onSettled();
      return result;
    },
  };
}

async function settled(count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    onSettled = () => {
      if (settledCount >= count) resolve();
    };
  });
}

async function drain({ store, dispatcher, now }: Sharer, count: number, leadIn: number, seed: number) {
  const events = outboundEvents(count + leadIn, `due ${seed}`, now());
  for (let from = 0; from < events.length; from += GROUP) {
    await store.record(events.slice(from, from + GROUP), now());
  }
  settledCount = 0;
  await dispatcher.resume();
  await settled(leadIn);
  const before = settledCount;
  const stop = startRate();
  await settled(count + leadIn);
  const rate = stop(settledCount - before);
  await dispatcher.pause();
  return { ...NOTHING, rate };
}

async function lapse({ store, dispatcher, now }: Sharer, count: number, fromMs: number, overMs: number) {
  const events = outboundEvents(count, 'lapsing', now());
  await store.record(events, now());
  const firstAt = now() + fromMs;
  const lapses: [string, number][] = [];
  for (const { chatId } of events) {
    const lapsesAt = firstAt + Math.floor(Math.random() * overMs);
    const lastSharedAt = lapsesAt - POLICY.windowMs;
    const shared = { lastSharedAt, lastShareStartedAt: lastSharedAt, shareCount: 1 };
    await store.updateChat(chatId, (chat) => ({ ...chat, ...shared }), now());
    lapses.push([chatId, lapsesAt]);
  }
  if (now() >= firstAt) throw new Error('making the chats took longer than until the first lapse');
  await dispatcher.resume();
  return { ...NOTHING, lapses };
}

answerParent<SharerQuestion, SharerAnswer>(async (question) => {
  if (question.kind === 'open') {
    sharer = await open(question.database, question.apiUrl);
    return NOTHING;
  }
  if (sharer === null) throw new Error('open it first');
  if (question.kind === 'drain') return drain(sharer, question.count, question.leadIn, question.seed);
  return lapse(sharer, question.count, question.fromMs, question.overMs);
});
