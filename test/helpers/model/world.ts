import { join } from 'node:path';
import type { ReactorEvent } from '../../../src/decide/event.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import type { Dispatcher } from '../../../src/dispatch/dispatcher.ts';
import type { Store } from '../../../src/store/store.ts';
import { T } from '../builders.ts';
import { createFakeClock, type FakeClock } from '../clock.ts';
import { adoptRows } from './adopt.ts';
import { backUpFile, restoreFile } from './backup.ts';
import { checkStopped } from './checks.ts';
import { CARD_BACKOFF_MS } from './closures.ts';
import { type LifeOptions, startLife } from './life.ts';
import { type Crashing, createModelLinq, type Mood } from './linq.ts';
import type { Backup } from './memory.ts';
import { createOracle, type Oracle, type OracleOptions } from './oracle.ts';
import { comeToRest } from './rest.ts';
import type { CrashPoint } from './steps.ts';

export type WorldOptions = OracleOptions & LifeOptions & { readonly mood: Mood };

export interface World {
  readonly clock: FakeClock;
  readonly oracle: Oracle;
  readonly mood: Mood;
  readonly store: () => Store;
  readonly dispatcher: () => Dispatcher;
  trueNow(): number;
  /** Commits events and waits until all that follows has happened. */
  deliver(...events: ReactorEvent[]): Promise<void>;
  /** Resolves when everything that can happen by itself has; a process that died meanwhile was started anew. */
  idle(): Promise<void>;
  /** Lets time pass, stopping at every instant at which somebody wanted to wake. */
  run(ms: number): Promise<void>;
  /** Lets time pass in one leap, as on a machine that was suspended. */
  leap(ms: number): Promise<void>;
  /** The process dies as soon as it comes to that point. */
  crash(point: CrashPoint): Promise<void>;
  /** If it is to die at that point, it lives on. */
  spare(point: CrashPoint): void;
  /** Stops in good order, or not, and starts with other settings, some time later. */
  restart(policy: Partial<Policy>, isCrash: boolean, downMs?: number): Promise<void>;
  backUp(): Promise<void>;
  /** Crashes, and starts on the last backup; without one nothing happens. */
  restore(): Promise<void>;
  readonly crashes: () => number;
  close(): Promise<void>;
}

/** Store and dispatcher as in the service, on a clock and a Linq of the model's own, with the oracle between them. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { mood } = options;
  const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
  const oracle = createOracle({ ...options }); // it learns of another policy once the process has started
  const trueNow = () => T + clock.monotonic();
  const path = join(options.directory, 'reactor.db');
  let backup: Backup | null = null;
  let crashes = 0;
  const crashing: Crashing = {
    at: null,
    kill(life) {
      life.isDead = true;
      crashing.at = null;
      crashes++;
    },
  };
  const linq = createModelLinq({ clock, oracle, mood, trueNow, crashing });
  const start = () => startLife(options, { oracle, clock, calls: linq.calls, crashing });
  let life = await start();
  const rest = (isAtRest: () => boolean) =>
    comeToRest(clock, () => !linq.isAnswering() && (life.isDead || isAtRest()));

  async function idle(): Promise<void> {
    await rest(() => life.sleeping > 0);
    if (life.isDead) return revive();
    await adoptRows(oracle, life.store);
    oracle.keep();
  }

  async function revive(): Promise<void> {
    if (!life.isClosed) await life.store.close();
    linq.hangUp();
    clock.restarted();
    life = await start();
    await idle();
  }

  /** The next instant at which anybody wants to do anything; in ms from now. */
  function nextInMs(): number {
    const wakeInMs = (clock.nextWakeAt() ?? Number.POSITIVE_INFINITY) - clock.now();
    return Math.max(0, Math.min(wakeInMs, linq.nextAnswerInMs() ?? Number.POSITIVE_INFINITY));
  }

  function advance(ms: number): void {
    clock.advance(ms);
    linq.answer();
  }

  async function leap(ms: number): Promise<void> {
    advance(ms);
    if (ms > SECOND) oracle.troubled(trueNow()); // nobody was awake meanwhile
    await idle();
  }

  /** Without an active card nothing is called. */
  function watch(): void {
    const now = trueNow();
    if (mood.card !== 'active') oracle.troubled(now + CARD_BACKOFF_MS + MINUTE);
    for (const chatId of oracle.neglected(now)) oracle.fail(`${chatId} is neglected at ${now}`);
  }

  async function run(ms: number): Promise<void> {
    const end = clock.monotonic() + ms;
    for (;;) {
      await idle();
      watch();
      const leftMs = end - clock.monotonic();
      if (leftMs <= 0) return;
      advance(Math.min(nextInMs(), leftMs));
    }
  }

  /** Running calls end by themselves or are cut off: a stop takes its time. */
  async function stop(): Promise<void> {
    let isOver = false;
    void life.dispatcher.stop().then(() => {
      isOver = true;
    });
    for (;;) {
      await rest(() => true);
      if (isOver || life.isDead) break;
      advance(Math.min(nextInMs(), SECOND));
    }
    if (life.isDead) return;
    await checkStopped(oracle, life.store);
    await adoptRows(oracle, life.store);
    oracle.keep();
  }

  await idle();
  return {
    clock,
    oracle,
    mood,
    store: () => life.store,
    dispatcher: () => life.dispatcher,
    trueNow,
    idle,
    run,
    leap,
    async deliver(...events) {
      for (const event of events) {
        if (event.kind === 'chat') oracle.toldChat(event, trueNow());
        else if (event.kind === 'line') oracle.toldLine(event, trueNow());
      }
      await life.store.record(events, clock.now());
      if (events.some(({ kind }) => kind === 'line')) life.dispatcher.linesChanged();
      else life.dispatcher.nudge();
      await idle();
    },
    async crash(point) {
      if (point !== 'at once') crashing.at = point;
      else {
        crashing.kill(life);
        await idle();
      }
    },
    spare(point) {
      if (crashing.at === point) crashing.at = null;
    },
    async restart(policy, isCrash, downMs = 0) {
      if (isCrash) crashing.kill(life);
      else await stop();
      life.isDead = true;
      linq.hangUp();
      clock.advance(downMs);
      options.policy = { ...options.policy, ...policy };
      await revive();
    },
    async backUp() {
      backUpFile(path, `${path}.backup`);
      backup = oracle.copy();
    },
    async restore() {
      if (backup === null) return;
      crashing.kill(life);
      await life.store.close();
      life.isClosed = true;
      advance(1); // no restore takes less
      restoreFile(path, `${path}.backup`, clock.now());
      oracle.restored(backup, trueNow());
      await revive();
    },
    crashes: () => crashes,
    async close() {
      life.isDead = true;
      await life.store.close();
    },
  };
}
