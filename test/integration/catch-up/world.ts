import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type CatchUpOptions, createCatchUp } from '../../../src/catch-up/catch-up.ts';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { policyOf, T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';
import { createAccount } from './account.ts';

const TOLERATED_MS = 5 * MINUTE;
type Settings = Partial<
  Pick<
    CatchUpOptions,
    'everyMs' | 'idleAfterMs' | 'publicUrl' | 'account' | 'toleratedMs' | 'isShared' | 'leadersView'
  >
>;

/** A database in memory where there is such a place, removed when the test has finished. */
function newDirectory(): string {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const directory = mkdtempSync(join(parent, 'contact-card-reactor-catch-up-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Catching up on a clock and an account of the test's own, with a real store that outlives crashes. */
export function createWorld(settings: Settings = {}) {
  const clock = createFakeClock(T);
  const directory = newDirectory();
  const { account, linq } = createAccount(() => clock.monotonic());
  const logged: { readonly level: string; readonly event: string; readonly fields: object }[] = [];
  const say = (level: string) => (fields: object, event: string) =>
    void logged.push({ level, event, fields });
  const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  let news = 0;
  const heard: { answer: unknown; startedAt: number }[] = [];

  /** One process: from the opening of the store to its end. @param wrap stands between, to fail */
  async function start(wrap: (store: Store) => Store = (same) => same) {
    const store = openSqliteStore({ path: join(directory, 'reactor.db'), policy: policyOf() });
    let isOpen = true;
    let isDead = false;
    const everyMs = settings.everyMs ?? 6 * HOUR;
    /** After a crash it answers nobody any more: whoever asks is as gone as its process would be. */
    const killable = <O extends object>(part: O): O =>
      new Proxy(part, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...args: unknown[]) =>
            isDead ? new Promise(() => {}) : Reflect.apply(member, target, args);
        },
      });
    await store.heartbeat(clock.now(), everyMs === 0 ? undefined : TOLERATED_MS);
    const catchUp = createCatchUp({
      store: killable(wrap(store)),
      linq: killable(linq),
      account: {
        hold: () => null,
        isLeader: () => true,
        term: () => 0,
        heard: (answer, startedAt) => void heard.push({ answer, startedAt }),
      },
      isShared: false,
      leadersView: () => null,
      clock,
      random: () => 0,
      log,
      toleratedMs: TOLERATED_MS,
      idleAfterMs: 7 * DAY,
      publicUrl: null,
      onNews: () => void news++,
      ...settings,
      everyMs,
    });
    catchUp.start();
    const close = async () => {
      if (isOpen) await store.close();
      isOpen = false;
    };
    const crash = async () => {
      isDead = true;
      await close();
    };
    onTestFinished(crash);
    return { store, catchUp, crash, stop: () => catchUp.stop().then(close) };
  }

  /** Resolves when nobody stirs any more. */
  async function idle(): Promise<void> {
    let [calm, stirs, calls] = [0, -1, -1];
    while (calm < 5) {
      await eventLoopTurn();
      calm = clock.stirs() === stirs && account.calls.length === calls ? calm + 1 : 0;
      [stirs, calls] = [clock.stirs(), account.calls.length];
    }
  }

  /** Lets time pass, stopping wherever somebody wants to wake, until it is over or the condition holds. */
  async function run(ms: number, isThere: () => boolean = () => false): Promise<void> {
    const end = clock.monotonic() + ms;
    for (;;) {
      await idle();
      const wakeInMs = (clock.nextWakeAt() ?? Number.POSITIVE_INFINITY) - clock.now();
      if (isThere() || clock.monotonic() + wakeInMs > end) break;
      clock.advance(Math.max(wakeInMs, 0));
    }
    if (!isThere()) clock.advance(Math.max(0, end - clock.monotonic()));
    await idle();
  }

  return {
    clock,
    account,
    logged,
    heard,
    start,
    idle,
    run,
    events: () => logged.map(({ event }) => event),
    completions: () =>
      logged.filter(({ event }) => event === 'catch-up.completed').map(({ fields }) => fields),
    news: () => news,
  };
}

export type World = ReturnType<typeof createWorld>;
