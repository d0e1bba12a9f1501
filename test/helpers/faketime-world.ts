import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { openStored } from './database.ts';
import { deliver, message2026 } from './deliver.ts';
import { LINES } from './deliveries.ts';
import { createFakeWall, type FakeWall } from './faketime.ts';
import { createWorkDir, type Reactor, startReactor } from './process.ts';
import { findBrokenPromises } from './promises.ts';
import { knowChat, startSimulator } from './rig.ts';
import { readOverview, until } from './status.ts';

/** A doubted clock is compared again so often; a share is made at the latest so long after its time. */
const PROBE_MS = 5_000;
const PROMPT_MS = 5_000;
const CHATS = 5;

/** A service whose wall clock the test sets, and a Linq whose `Date` the test sets too. */
export interface ClockWorld {
  readonly simulator: Simulator;
  readonly wall: FakeWall;
  readonly windowMs: number;
  readonly start: () => Promise<Reactor>;
  /** From now on Linq's `Date`, and what it signs, is so far from our own clock. */
  readonly setLinq: (offMs: number) => void;
  /** Tells of chats that were written to a second ago by Linq's clock; resolves to the answers. */
  readonly tell: (reactor: Reactor, count?: number) => Promise<number[]>;
  /** Waits until each chat that was told of and stored has got its first share. */
  readonly shareAll: () => Promise<void>;
  /** Waits until each of them has got so many shares more, in time even if the clock is still to be compared. */
  readonly shareAgain: (times: number) => Promise<void>;
  /** Sharing waits and says why, for longer than a window. */
  readonly expectToWait: (reactor: Reactor) => Promise<void>;
  /** Ends the service; no share was early by the clock that nobody set, and none was lost. */
  readonly finish: (reactor: Reactor) => Promise<void>;
}

export async function createClockWorld(windowMs = 3_000): Promise<ClockWorld> {
  const simulator = await startSimulator();
  const directory = createWorkDir();
  const wall = createFakeWall(directory);
  const chats: string[] = [];
  let linqOffMs = 0;
  let mend = () => {};

  async function deliverNew(reactor: Reactor): Promise<number> {
    const chatId = randomUUID();
    const line = LINES[chats.length % LINES.length] ?? LINES[0];
    knowChat(simulator, { chatId, line });
    const at = Date.now() + linqOffMs;
    const { status } = await deliver(reactor.url, message2026({ chatId, line, sentAt: at - 1_000 }), { at });
    if (status === 204) chats.push(chatId);
    return status;
  }

  async function expectShares(goalOf: (soFar: number) => number, allowedMs: number): Promise<void> {
    expect(chats.length).toBeGreaterThan(0);
    const goals = chats.map((chatId) => [chatId, goalOf(simulator.sharesOf(chatId).length)] as const);
    const left = async () => goals.filter(([chatId, goal]) => simulator.sharesOf(chatId).length < goal);
    await until(left, ({ length }) => length === 0, { tries: allowedMs / 50, everyMs: 50 });
  }

  const isSkewTold = async ({ url }: Reactor) =>
    (await readOverview(url)).problems.some(({ code }) => code === 'clock_skew');

  return {
    simulator,
    wall,
    windowMs,
    start: () =>
      startReactor(directory, {
        ...wall.settings,
        LINQ_API_BASE_URL: simulator.baseUrl,
        SHARE_WINDOW: `${windowMs / 1000}s`,
        SHARE_RATE_PER_LINE: '0',
        RESHARE_IDLE_AFTER: '0',
      }),
    setLinq(offMs) {
      mend();
      linqOffMs = offMs;
      mend = simulator.fail({ route: '*', dateSkewMs: offMs });
    },
    async tell(reactor, count = CHATS) {
      const statuses: number[] = [];
      for (let n = 0; n < count; n++) statuses.push(await deliverNew(reactor));
      return statuses;
    },
    shareAll: () => expectShares(() => 1, PROMPT_MS),
    shareAgain: (times) => expectShares((soFar) => soFar + times, times * (windowMs + PROMPT_MS) + PROBE_MS),
    async expectToWait(reactor) {
      await until(() => isSkewTold(reactor), Boolean);
      await delay(200); // calls that were on their way
      const before = simulator.calls.length;
      await delay(windowMs + 500);
      expect(simulator.calls).toHaveLength(before);
      expect(await isSkewTold(reactor)).toBe(true);
    },
    async finish(reactor) {
      expect(await isSkewTold(reactor)).toBe(false);
      expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
      const { attempts, close } = openStored(directory);
      close();
      const wrong = attempts.filter(({ outcome }) => outcome !== 'shared' && outcome !== 'interrupted');
      expect(wrong).toEqual([]);
      expect(findBrokenPromises(simulator.calls, attempts, windowMs)).toEqual([]);
    },
  };
}
