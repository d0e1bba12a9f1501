import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { openStored, type Stored } from './database.ts';
import { type Exit, type Held, hold, type Running, startReactor } from './process.ts';
import { findLateRepeats, findViolations, groupByChat } from './promises.ts';
import type { Seeded } from './seed.ts';
import { ask, listChats, readOverview, TOKEN, until } from './status.ts';
import type { Trial } from './trial.ts';

/** How long a process lives once it listens; most of them live shortly. */
const LIFETIME_MS = [20, 900] as const;
/** When one is killed that still starts, from its first touch of the database on. */
const STARTING_MS = [0, 150] as const;

/** One database under many processes, each of which is killed. */
export function createKillRun(seeded: Seeded, trial: Trial) {
  const { simulator, load, directory, settings, windowMs } = trial;
  const seen = { kills: 0, killedWhileStarting: 0, interrupted: 0, unrepeated: 0, parked: 0 };
  const released = new Set<string>();
  let openBefore = 0;
  let next: Held | null = null;

  /** The process that was loaded meanwhile; the one after it is loaded from now on. */
  function takeNext(): Held {
    const taken = next ?? hold(directory, settings);
    next = hold(directory, settings);
    return taken;
  }

  /** What the process before left open is told in one line as soon as the next one runs. */
  function checkLog(running: Running): void {
    const told = running.log().filter(({ msg }) => msg === 'attempts.interrupted');
    expect(told.map(({ interrupted }) => interrupted)).toEqual(openBefore === 0 ? [] : [openBefore]);
  }

  function noteKill(exit: Exit): void {
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' }); // it didn't end by itself
    seen.kills++;
  }

  /** Nothing answered is lost, and no promise about calls is broken. */
  function checkWhileDead({ isThorough }: { isThorough: boolean }): Stored {
    const stored = openStored(directory);
    expect(findViolations(trial, stored, released)).toEqual([]);
    if (isThorough) expect(stored.integrity()).toBe('ok');
    stored.close();
    openBefore = stored.attempts.filter(({ outcome }) => outcome === null).length;
    return stored;
  }

  async function live(): Promise<void> {
    const running = takeNext();
    running.go();
    if (seeded.random() < 0.1) {
      seen.killedWhileStarting++;
      await delay(seeded.between(...STARTING_MS));
      noteKill(await running.end('SIGKILL'));
      return;
    }
    const run = load.run(await running.listening);
    checkLog(running);
    const endFault = seeded.random() < 0.3 ? simulator.fail({ drop: 'after', times: 1 }) : () => {};
    const [shortest, longest] = LIFETIME_MS;
    await delay(shortest + (longest - shortest) * seeded.random() ** 4);
    noteKill(await running.end('SIGKILL'));
    await run.ended;
    endFault(); // if it was killed before its first call: many left over would be an outage
  }

  /** Lets a last process do all that is left, parked chats included; it stops by itself. */
  async function finish(): Promise<Stored> {
    await next?.end('SIGKILL');
    const last = await startReactor(directory, settings);
    checkLog(last);
    await load.finish(last.url);
    const release = async () => {
      for (const { chatId } of await listChats(last.url, 'reason=parked')) {
        released.add(chatId);
        await ask(last.url, `/status/chats/${chatId}/hold`, { method: 'DELETE', headers: TOKEN });
      }
      return (await readOverview(last.url)).chats;
    };
    await until(release, ({ total, byState }) => total === load.chats.size && byState.done === total);
    seen.parked = released.size;
    expect(await last.end('SIGTERM')).toEqual({ code: 0, signal: null });
    return checkWhileDead({ isThorough: true });
  }

  /** Every chat got its shares, and what a kill cut off was repeated before anything that waited. */
  function checkShares(stored: Stored, maxShares: number): void {
    expect(findLateRepeats(stored, windowMs)).toEqual([]);
    const attemptsOf = groupByChat(stored.attempts);
    for (const { chatId, shareCount } of stored.chats.values()) {
      const made = attemptsOf.get(chatId) ?? [];
      const count = (outcome: string) => made.filter((attempt) => attempt.outcome === outcome).length;
      const isRepeated = made.at(-1)?.outcome === 'shared';
      expect(shareCount).toBe(isRepeated ? maxShares : maxShares - 1); // one that may have arrived counts
      expect(count('shared')).toBeLessThanOrEqual(shareCount);
      seen.interrupted += count('interrupted');
      seen.unrepeated += isRepeated ? 0 : 1;
    }
  }

  return { seen, live, noteKill, checkLog, checkWhileDead, finish, checkShares };
}
