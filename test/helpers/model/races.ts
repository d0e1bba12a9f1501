import { join } from 'node:path';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type fc from 'fast-check';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import { createClockGuard } from '../../../src/dispatch/clock-guard.ts';
import { createDispatcher, type Dispatcher } from '../../../src/dispatch/dispatcher.ts';
import type { ManualShare } from '../../../src/dispatch/manual.ts';
import type { LinqCalls } from '../../../src/dispatch/ports.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Claim } from '../../../src/store/turn.ts';
import { LINE, outboundOf, T } from '../builders.ts';
import { createFakeClock, type FakeClock } from '../clock.ts';
import { activeCards, failed } from '../fake-linq.ts';
import { CUT } from './answers.ts';

export interface RaceOptions {
  readonly directory: string;
  readonly policy: Policy;
  readonly scheduler: fc.Scheduler;
  readonly concurrency: number;
  readonly answers: readonly LinqAnswer[];
}

/** A share call: open until `endedAt`. */
export interface RaceCall {
  readonly chatId: string;
  readonly at: number;
  endedAt: number | null;
  answer: LinqAnswer | null;
}

export interface Race {
  readonly clock: FakeClock;
  /** The store itself, without the scheduler's delays. */
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly calls: readonly RaceCall[];
  readonly broken: readonly string[];
  readonly manual: { readonly chatId: string; result: ManualShare | null }[];
  deliver(chatId: string): Promise<void>;
  ask(chatId: string): void;
  /** Another worker takes what it can of the queue, and settles it as shared when its turn comes. */
  steal(): Promise<void>;
  /** Lets everything happen, in the scheduler's order, until nothing is left; time passes only when nobody stirs. */
  drain(isOver: () => boolean): Promise<void>;
}

/** More turns of the event loop than the dispatcher waits for calls that end together. */
const TURNS = 14;

/** Store, dispatcher and Linq, each of whose promises resolves when the scheduler says. */
export async function createRace({ scheduler, answers, ...options }: RaceOptions): Promise<Race> {
  const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
  const store = openSqliteStore({ path: join(options.directory, 'reactor.db'), policy: options.policy });
  const broken: string[] = [];
  const calls: RaceCall[] = [];
  const manual: Race['manual'] = [];
  const queue = [...answers];
  const later = async <A>(value: A, label: string): Promise<A> => {
    await scheduler.schedule(Promise.resolve(), label);
    return value;
  };
  const slow = delayed(store, scheduler);

  const linq: LinqCalls = {
    async shareContactCard(chatId, signal) {
      const isOpen = calls.some((call) => call.chatId === chatId && call.endedAt === null);
      if (isOpen) broken.push(`${chatId} is called twice at a time`);
      const call: RaceCall = { chatId, at: clock.now(), endedAt: null, answer: null };
      calls.push(call);
      const cut = new Promise<LinqAnswer>((resolve) => {
        if (signal?.aborted === true) resolve(CUT.answer);
        signal?.addEventListener('abort', () => resolve(CUT.answer), { once: true });
      });
      const answer = queue.shift() ?? (answers[0] as LinqAnswer);
      call.answer = await Promise.race([later(answer, `answer ${chatId}`), cut]);
      call.endedAt = clock.now();
      return call.answer;
    },
    contactCards: (line) => later(activeCards(line), 'cards'),
    chat: () => later(failed(CUT.answer), 'chat'),
  };
  const dispatcher = createDispatcher({
    ...options,
    store: slow,
    linq,
    clock,
    guard: createClockGuard({
      clock,
      lastHeartbeatAt: await store.heartbeat(clock.now()),
      onCorrected: () => {},
    }),
    ratePerLine: 0,
    cardTtlMs: 10 * MINUTE,
    random: () => 0.5,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    onFatal: (error) => void broken.push(`said to be broken: ${String(error)}`),
  });

  async function rest(): Promise<void> {
    for (let turns = 0, stirs = clock.stirs(); turns < TURNS; turns++) {
      await eventLoopTurn();
      if (clock.stirs() !== stirs) turns = 0;
      stirs = clock.stirs();
    }
  }

  async function settleStolen(claim: Claim): Promise<void> {
    await scheduler.schedule(Promise.resolve(), `settle stolen ${claim.chat.chatId}`);
    const before = await store.chat(claim.chat.chatId);
    const told = { httpStatus: 200, linqCode: null, traceId: null, random: 0 };
    const result = { kind: 'verdict', verdict: { kind: 'shared' }, ...told } as const;
    const turn = { ...NOTHING, settlements: [{ claim, endedAt: clock.now() + 1, result }], claim: null };
    const { settled } = await store.turn(turn, clock.now());
    const after = await store.chat(claim.chat.chatId);
    const isOurs = before?.lease?.attemptId === claim.attemptId;
    if (settled[0]?.isOurs !== isOurs) broken.push(`${claim.chat.chatId} is settled by a foreign lease`);
    if (!isOurs && JSON.stringify(before) !== JSON.stringify(after)) {
      broken.push(`${claim.chat.chatId} is changed by a stale settlement`);
    }
  }

  return {
    clock,
    store,
    dispatcher,
    calls,
    broken,
    manual,
    async deliver(chatId) {
      await slow.record([outboundOf(clock.now(), { chatId })], clock.now());
      dispatcher.nudge();
    },
    ask(chatId) {
      const asked: Race['manual'][number] = { chatId, result: null };
      manual.push(asked);
      void dispatcher.shareManually(chatId).then((result) => {
        asked.result = result;
      });
    },
    async steal() {
      const now = clock.now();
      const claim = { lines: [{ line: LINE, limit: 1 }], total: 1, leaseUntil: now + MINUTE };
      const { claims } = await store.turn({ ...NOTHING, settlements: [], claim }, now);
      await Promise.all(claims.map(settleStolen));
    },
    async drain(isOver) {
      for (let idleRounds = 0; idleRounds < 50; ) {
        await rest();
        if (scheduler.count() > 0) await scheduler.waitOne();
        else if (isOver()) return;
        else {
          idleRounds++;
          clock.advance(Math.min(SECOND, Math.max(0, (clock.nextWakeAt() ?? 0) - clock.now())));
        }
      }
      broken.push('it never comes to an end');
    },
  };
}

const NOTHING = { holds: [], endedHolds: [], cards: [], cleared: [], undone: [] };

/** Every method's work is done, and its result told, when the scheduler says. */
function delayed(store: Store, scheduler: fc.Scheduler): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await scheduler.schedule(Promise.resolve(), String(name));
        const result: unknown = await Reflect.apply(member, target, args);
        await scheduler.schedule(Promise.resolve(), `${String(name)} done`);
        return result;
      };
    },
  });
}
