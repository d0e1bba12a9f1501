import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { ChatRecord } from '../../src/decide/chat.ts';
import type { ReactorEvent } from '../../src/decide/event.ts';
import type { Policy } from '../../src/decide/policy.ts';
import { type EpochMs, MINUTE } from '../../src/decide/time.ts';
import { createClockGuard } from '../../src/dispatch/clock-guard.ts';
import { createDispatcher, type Dispatcher } from '../../src/dispatch/dispatcher.ts';
import type { ReplicaRole } from '../../src/dispatch/shared-state.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { Attempt } from '../../src/store/turn.ts';
import { policyOf, T } from './builders.ts';
import { createFakeClock, type FakeClock } from './clock.ts';
import { createFakeLinq, type FakeLinq } from './fake-linq.ts';

export interface ReactorOptions {
  readonly policy?: Partial<Policy>;
  readonly concurrency?: number;
  /** 0 (no limit) unless a test is about it. */
  readonly ratePerLine?: number;
  readonly cardTtlMs?: number;
  /** 0 (for ever) unless a test is about it. */
  readonly attemptRetentionMs?: number;
  /** Never unless a test is about it. */
  readonly awayAfterMs?: number;
  /** Jitter; 0 unless a test is about it. */
  readonly random?: () => number;
  /** By default one on which nobody wakes by a mere limit of sleep, so that a forgotten wake-up shows. */
  readonly clock?: FakeClock;
  readonly linq?: FakeLinq;
  /** An existing database, after a restart. */
  readonly directory?: string;
  /** A store that others may use too, in place of a database of its own. It is closed with the reactor. */
  readonly store?: Store;
  readonly replica?: ReplicaRole;
  /** Whoever shares the clock: everybody rests when all of them do. */
  readonly peers?: Set<Peer>;
  /** Stands between the dispatcher and its store, to fail. */
  readonly wrapStore?: (store: Store) => Store;
}

export interface Peer {
  isAsleep(): boolean;
  /** What it waits for from its store; null: nothing. */
  writing(): Promise<unknown> | null;
}

export interface Reactor {
  readonly clock: FakeClock;
  readonly linq: FakeLinq;
  /** The store itself, without the wrapper. */
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly logged: readonly { readonly level: string; readonly event: string; readonly fields: object }[];
  readonly fatal: readonly unknown[];
  /** Commits events and waits until all that follows has happened. */
  deliver(...events: ReactorEvent[]): Promise<void>;
  /** Resolves when the dispatcher sleeps and no answer is on its way. */
  idle(): Promise<void>;
  /** Resolves when everything that can happen by itself has, asleep or stopping. */
  settle(): Promise<void>;
  /** Lets time pass, stopping at every instant at which somebody wanted to wake. */
  run(ms: number): Promise<void>;
  /** Lets time pass in one leap, as on a machine that was suspended. */
  leap(ms: number): Promise<void>;
  leapTo(at: EpochMs): Promise<void>;
  chat(chatId?: string): Promise<ChatRecord>;
  attempts(chatId?: string): Promise<readonly Attempt[]>;
  /** Ends as by `kill -9`: nothing is settled, nothing said. */
  crash(): Promise<void>;
  stop(): Promise<void>;
  /** Opens the same database anew, after `stop` or `crash`. */
  restart(options?: ReactorOptions): Promise<Reactor>;
}

/** More turns of the event loop than anything here takes: somebody never rests. */
const RESTLESS = 20_000;

/** Store and dispatcher wired as in the service, on a clock and a Linq of the test's own. */
export async function startReactor(options: ReactorOptions = {}): Promise<Reactor> {
  const { clock = createFakeClock(T, Number.POSITIVE_INFINITY), policy: parts = {} } = options;
  const { linq = createFakeLinq(clock), directory = newDirectory() } = options;
  const policy = policyOf(parts);
  const store = options.store ?? openSqliteStore({ path: join(directory, 'reactor.db'), policy });
  const { seen, kill, writing } = killable((options.wrapStore ?? ((same) => same))(store));
  const { peers = new Set<Peer>() } = options;
  let sleeping = 0;
  const self: Peer = {
    isAsleep: () => sleeping > 0,
    writing: options.store === undefined ? () => null : writing,
  };
  peers.add(self);
  const logged: { level: string; event: string; fields: object }[] = [];
  const fatal: unknown[] = [];
  const say = (level: string) => (fields: object, event: string) =>
    void logged.push({ level, event, fields });
  const guard = createClockGuard({
    clock,
    lastHeartbeatAt: await store.heartbeat(clock.now()),
    followed: () => seen.followedCorrections(),
    onCorrected: (byMs) => say('warn')({ byMs }, 'clock.corrected'),
  });
  const tellOthers = peers.size > 1 ? linq.script.onDate : () => {};
  linq.script.onDate = (date) => {
    tellOthers(date);
    guard.heard(date);
  };
  const dispatcher = createDispatcher({
    store: seen,
    linq,
    clock: {
      ...clock,
      async sleepUntil(...times) {
        sleeping++;
        await clock.sleepUntil(...times);
        sleeping--;
      },
    },
    guard,
    ...(options.replica === undefined ? {} : { replica: options.replica }),
    policy,
    concurrency: options.concurrency ?? 16,
    ratePerLine: options.ratePerLine ?? 0,
    cardTtlMs: options.cardTtlMs ?? 10 * MINUTE,
    attemptRetentionMs: options.attemptRetentionMs ?? 0,
    ...(options.awayAfterMs === undefined ? {} : { awayAfterMs: options.awayAfterMs }),
    random: options.random ?? (() => 0),
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    onFatal: (error) => void fatal.push(error),
  });
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await store.close();
    isClosed = true;
  };
  onTestFinished(async () => {
    end();
    await close();
  });
  /** Nobody waits for it any more. */
  function end(): void {
    kill();
    peers.delete(self);
  }

  async function rest(isAsleep: () => boolean): Promise<void> {
    let calm = 0;
    let stirs = clock.stirs();
    for (let turns = 0; calm < 4; turns++) {
      if (turns > RESTLESS) throw new Error('the dispatcher never rests');
      await eventLoopTurn();
      const writing = [...peers].flatMap((peer) => peer.writing() ?? []);
      if (writing.length > 0) await Promise.race(writing); // a database server takes its time
      const isCalm = clock.stirs() === stirs && !linq.isAnswering() && writing.length === 0 && isAsleep();
      calm = isCalm ? calm + 1 : 0;
      stirs = clock.stirs();
    }
  }

  const idle = () => rest(() => [...peers].every((peer) => peer.isAsleep()));

  async function leap(ms: number): Promise<void> {
    clock.advance(ms);
    await idle();
  }

  await dispatcher.start();
  await idle();
  return {
    clock,
    linq,
    store,
    dispatcher,
    logged,
    fatal,
    idle,
    settle: () => rest(() => true),
    leap,
    leapTo: (at) => leap(at - clock.now()),
    async deliver(...events) {
      await store.record(events, clock.now());
      if (events.some(({ kind }) => kind === 'line')) dispatcher.linesChanged();
      else dispatcher.nudge();
      await idle();
    },
    async run(ms) {
      const end = clock.monotonic() + ms;
      for (;;) {
        await idle();
        const wakeInMs = (clock.nextWakeAt() ?? Number.POSITIVE_INFINITY) - clock.now();
        if (clock.monotonic() + wakeInMs > end) break;
        clock.advance(wakeInMs);
      }
      await leap(Math.max(0, end - clock.monotonic()));
    },
    async chat(chatId = 'chat-1') {
      const chat = await store.chat(chatId);
      if (chat === null) throw new Error(`no chat ${chatId}`);
      return chat;
    },
    attempts: (chatId = 'chat-1') => store.attempts(chatId, 100),
    async crash() {
      end();
      await close();
    },
    async stop() {
      await dispatcher.stop();
      end();
      await close();
    },
    restart: (changes = {}) => startReactor({ ...options, clock, linq, directory, ...changes }),
  };
}

/** In memory where there is such a place: here nobody pulls the plug, and a flush to disk takes a while. */
function newDirectory(): string {
  const memory = '/dev/shm';
  const parent = existsSync(memory) ? memory : tmpdir();
  const directory = mkdtempSync(join(parent, 'contact-card-reactor-dispatch-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A store that after `kill` answers nobody any more: whoever asks is as gone as its process would be. */
function killable(store: Store): { seen: Store; kill: () => void; writing: Peer['writing'] } {
  let isDead = false;
  const open = new Set<Promise<unknown>>();
  const seen = new Proxy(store, {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (isDead) return new Promise(() => {});
        const result: unknown = Reflect.apply(member, target, args);
        const done = () => void open.delete(written);
        const written = Promise.resolve(result).then(done, done);
        open.add(written);
        return result;
      };
    },
  });
  return {
    seen,
    writing: () => (isDead || open.size === 0 ? null : Promise.race(open)),
    kill() {
      isDead = true;
    },
  };
}
