import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { DATABASE_PATH, openStored } from './database.ts';
import { deliver, message2026, OTHER_SECRET } from './deliver.ts';
import type { Planned } from './deliveries.ts';
import { createWorkDir, type Reactor, startReactor } from './process.ts';
import { findBrokenPromises, findLostFacts } from './promises.ts';
import { knowChat, startSimulator } from './rig.ts';
import type { Seeded } from './seed.ts';
import { createPost, type Parcel, planParcels, scheduleIn } from './soak-load.ts';
import { type Vitals, watchVitals } from './soak-vitals.ts';
import { isReady, readOverview, until } from './status.ts';
import { mountVolume } from './volume.ts';

const WINDOW_MS = 5_000;
const EVENTS_PER_SECOND = 50;
const REPEATED = 0.15;
const FORGED = 0.01;
/** Ten tries in two and a half minutes: longer than any incident. */
const SCHEDULE_MS = scheduleIn(1 / 10);

/** One database under a steady load, whatever happens to the process and its disk. */
export async function createSoak(seeded: Seeded, volumeMiB: number) {
  const simulator = await startSimulator({ seed: seeded.seed });
  simulator.fail({ latencyMs: 15 });
  const directory = createWorkDir();
  const data = dirname(join(directory, DATABASE_PATH));
  mountVolume(data, volumeMiB);
  const settings = {
    LINQ_API_BASE_URL: simulator.baseUrl,
    SHARE_WINDOW: `${WINDOW_MS / 1000}s`,
    MAX_SHARES_PER_CHAT: '2',
    SHARE_RATE_PER_LINE: '0',
    RESHARE_IDLE_AFTER: '0',
    WEBHOOK_RATE_LIMIT: '0',
  };
  const chats = new Map<string, readonly Planned[]>();
  const lives: (readonly Vitals[])[] = [];
  const forged = new Map<number, number>();
  const underWay = new Set<Promise<unknown>>();
  const waiting: Parcel[] = [];
  const recent: Parcel[] = [];
  let reactor: Reactor = await startReactor(directory, settings);
  let vitals = watchVitals(reactor.pid, directory);
  const post = createPost(() => reactor.url, 16, SCHEDULE_MS);
  onTestFinished(() => post.close());

  function next(): Parcel | undefined {
    if (recent.length > 0 && seeded.random() < REPEATED) return seeded.pick(recent);
    while (waiting.length < 40) {
      const parcels = planParcels(seeded, chats);
      const [first] = parcels;
      if (first === undefined) break;
      const { chatId, told } = first.planned;
      knowChat(simulator, { chatId, line: told.outbound?.line ?? '' });
      waiting.push(...parcels);
    }
    return waiting.splice(seeded.between(0, waiting.length - 1), 1)[0];
  }

  async function send(parcel: Parcel): Promise<void> {
    await post.deliver(parcel);
    recent.push(parcel);
    if (recent.length > 200) recent.shift();
  }

  async function forge(): Promise<void> {
    try {
      const { status } = await deliver(reactor.url, message2026({ chatId: randomUUID() }), {
        secret: OTHER_SECRET,
      });
      forged.set(status, (forged.get(status) ?? 0) + 1);
    } catch {
      // nobody listens at the moment
    }
  }

  function begin(task: Promise<unknown>): void {
    underWay.add(task);
    void task.finally(() => underWay.delete(task));
  }

  async function start(): Promise<void> {
    reactor = await startReactor(directory, settings);
    vitals = watchVitals(reactor.pid, directory);
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    lives.push(vitals.stop());
    const exit = await reactor.end(signal);
    if (signal === 'SIGTERM') expect(exit).toEqual({ code: 0, signal: null });
  }

  /** Sends for so long; deliveries that aren't answered stay under way. */
  async function load(forMs: number): Promise<void> {
    const until = performance.now() + forMs;
    let sentAt = performance.now();
    while (performance.now() < until) {
      const parcel = next();
      if (parcel !== undefined) begin(send(parcel));
      if (seeded.random() < FORGED) begin(forge());
      sentAt += 1000 / EVENTS_PER_SECOND;
      await delay(Math.max(0, sentAt - performance.now()));
    }
  }

  return {
    chats,
    lives,
    forged,
    answers: post.answers,
    calls: simulator.calls,
    load,
    async restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
      await end(signal);
      await start();
    },
    /** Starts anew (with a log that has no room of its own yet), without any space left, for so long. */
    async fillDisk(forMs: number): Promise<void> {
      await end('SIGTERM');
      await start();
      const remove = fillUp(join(data, 'other-file'));
      await load(forMs);
      remove();
      await until(() => isReady(reactor.url), Boolean);
    },
    /** Sends what is left, waits until every chat has got all its shares, stops; @returns what is wrong */
    async finish(): Promise<string[]> {
      await Promise.all([...underWay, ...waiting.map(send)]);
      await until(
        async () => readOverview(reactor.url),
        ({ chats: { total, byState } }) => total === chats.size && byState.done === total,
        { tries: 1_200 },
      );
      expect((await readOverview(reactor.url)).ok).toBe(true);
      await end('SIGTERM');
      const { chats: stored, attempts, integrity, close } = openStored(directory);
      expect(integrity()).toBe('ok');
      close();
      const strangers = [...stored.keys()].filter((chatId) => !chats.has(chatId));
      return [
        ...strangers.map((chatId) => `chat ${chatId} is nobody's`),
        ...findLostFacts(chats, stored),
        ...findBrokenPromises(simulator.calls, attempts, WINDOW_MS),
      ];
    },
  };
}

/** Takes all the space that is left on the volume; @returns what gives it back */
function fillUp(path: string): () => void {
  const file = openSync(path, 'w');
  for (let bytes = 1024 * 1024; bytes >= 4096; bytes /= 2) {
    const block = Buffer.alloc(bytes);
    try {
      for (;;) writeSync(file, block);
    } catch {
      // no space for as much as that: for less, perhaps
    }
  }
  closeSync(file);
  return () => rmSync(path);
}
