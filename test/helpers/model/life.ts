import { join } from 'node:path';
import type { Policy } from '../../../src/decide/policy.ts';
import { type ClockGuard, createClockGuard } from '../../../src/dispatch/clock-guard.ts';
import { createDispatcher, type Dispatcher } from '../../../src/dispatch/dispatcher.ts';
import type { LinqCalls } from '../../../src/dispatch/ports.ts';
import type { ReplicaRole } from '../../../src/dispatch/shared-state.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { T } from '../builders.ts';
import type { FakeClock } from '../clock.ts';
import { adoptCrash } from './adopt.ts';
import type { Crashing, Mortal } from './linq.ts';
import type { Oracle } from './oracle.ts';

/** What else a process is made of needs these. */
export interface LifeParts {
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly clock: FakeClock;
  readonly guard: ClockGuard;
}

export interface LifeOptions {
  readonly directory: string;
  readonly policy: Policy;
  readonly concurrency: number;
  readonly ratePerLine: number;
  readonly cardTtlMs: number;
  /** In [0, 1): jitter of backoffs. */
  readonly random: () => number;
  /** 0: attempts are kept for ever. */
  readonly attemptRetentionMs: number;
  /** Told of every process that begins, before it does anything. */
  readonly onStart?: (parts: LifeParts) => Promise<void>;
}

/** One process, from its start to its end in whatever way. */
export interface Life extends Mortal {
  readonly dispatcher: Dispatcher;
  isClosed: boolean;
  /** How many of its sleeps are under way. */
  sleeping: number;
  /** What it waits for from its store. */
  readonly waiting: Set<Promise<unknown>>;
}

interface Surroundings {
  readonly oracle: Oracle;
  readonly clock: FakeClock;
  readonly calls: (life: Mortal) => LinqCalls;
  readonly crashing: Crashing;
  /** By default it is the only one. */
  readonly replica?: (life: Mortal) => ReplicaRole;
}

/** A process begins: on what the one before left in the database. */
export async function startLife(options: LifeOptions, surroundings: Surroundings): Promise<Life> {
  const { oracle, clock } = surroundings;
  const { policy } = options;
  const path = join(options.directory, 'reactor.db');
  const store = openSqliteStore({ path, policy });
  await adoptCrash(oracle, store, path, T + clock.monotonic());
  oracle.started(policy, T + clock.monotonic());
  return beginLife(options, store, surroundings);
}

/** A process begins, whatever was before. */
export async function beginLife(
  options: Omit<LifeOptions, 'directory'>,
  store: Store,
  { oracle, clock, calls, crashing, replica }: Surroundings,
): Promise<Life> {
  const lastHeartbeatAt = await store.heartbeat(clock.now());
  const guard = createClockGuard({ clock, lastHeartbeatAt, onCorrected: () => {} });
  const onDate = guard.heard;
  const waiting = new Set<Promise<unknown>>();
  const life = { store, isDead: false, isClosed: false, sleeping: 0, waiting, onDate };
  const dispatcher = createDispatcher({
    ...options,
    store: mortalStore(life, crashing),
    linq: calls(life),
    clock: { ...clock, sleepUntil: sleepOf(life, clock) },
    guard,
    ...(replica === undefined ? {} : { replica: replica(life) }),
    log: SILENT,
    onFatal: (error) => oracle.fail(`the store is said to be broken: ${String(error)}`),
  });
  await options.onStart?.({ store, dispatcher, clock, guard });
  void dispatcher.start();
  return Object.assign(life, { dispatcher });
}

/** Tells whether this process sleeps: the sleep of a dead one goes on in the clock. */
function sleepOf(life: { sleeping: number }, clock: FakeClock): FakeClock['sleepUntil'] {
  return async (...times) => {
    life.sleeping++;
    await clock.sleepUntil(...times);
    life.sleeping--;
  };
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A store that answers nobody once its process is dead, and at which the process may die: before or after a commit. */
function mortalStore(life: Mortal & Pick<Life, 'waiting'>, crashing: Crashing): Store {
  const never = new Promise<never>(() => {});
  return new Proxy(life.store, {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (life.isDead) return never;
        const point = name === 'turn' ? crashing.at : null;
        if (point === 'turn not kept') crashing.kill(life);
        if (life.isDead) return never;
        const result: unknown = Reflect.apply(member, target, args);
        const done = () => void life.waiting.delete(answered);
        const answered = Promise.resolve(result).then(done, done);
        life.waiting.add(answered);
        if (point === 'turn kept') crashing.kill(life);
        return life.isDead ? never : result;
      };
    },
  });
}
