import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { createWorkDir, type Exit, type Held, hold, type Settings } from './process.ts';

/** A place in the service at which it is killed. */
export interface Place {
  /** As the preloaded module names it. */
  readonly name: string;
  /** Kills at a write to the file whose path ends so, from below SQLite. */
  readonly file?: string;
}

/** Loads processes that will die at a place. */
export type LoadDying = (directory: string, settings: Settings, place: Place, onHit: number) => Dying;

export interface Dying {
  readonly place: Place;
  readonly held: Held;
  /** Lets it run, and waits until it has died there, of nothing else. */
  readonly die: () => Promise<Exit>;
}

const PRELOAD = new URL('crash.mjs', import.meta.url).href;
const SHIM = fileURLToPath(new URL('shim/kill.c', import.meta.url));
/** Longer than any place is away, on a machine that has a lot to do. */
const PATIENCE_MS = 30_000;

/** Compiles what kills below SQLite. */
export function createLoadDying(): LoadDying {
  const library = join(createWorkDir(), 'kill.so');
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, SHIM, '-ldl']);

  function settingsOf({ name, file }: Place, onHit: number): Settings {
    if (file === undefined) return { CRASH_AT: name, CRASH_ON_HIT: String(onHit) };
    return { CRASH_AT: name, LD_PRELOAD: library, KILL_FILE: file, KILL_ON_HIT: String(onHit) };
  }

  return (directory, settings, place, onHit) => {
    const held = hold(directory, { ...settings, ...settingsOf(place, onHit) }, [PRELOAD]);
    const die = async () => {
      held.go();
      const exit = await Promise.race([held.exited, delay(PATIENCE_MS, null, { ref: false })]);
      if (exit === null) throw new Error(`never came to "${place.name}" (${onHit}):\n${held.output()}`);
      expect(held.output().split('\n')).toContain(`crash.point ${place.name}`);
      expect(exit).toEqual({ code: null, signal: 'SIGKILL' });
      return exit;
    };
    return { place, held, die };
  };
}
