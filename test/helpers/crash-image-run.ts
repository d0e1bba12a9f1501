import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createDisk, type Disk, type Image, writeImage } from './crash-image.ts';
import { createImageCheck, type ImageCheck, knownBefore } from './crash-image-check.ts';
import { DATABASE_PATH } from './database.ts';
import { createDiskShim } from './disk-shim.ts';
import { launch, type Settings } from './process.ts';
import type { Seeded } from './seed.ts';
import { createTrial } from './trial.ts';
import { mountVolume } from './volume.ts';

/** When a process is killed that still starts. */
const STARTING_MS = [50, 500] as const;
/** So little that the log is copied to the file every 250 pages: many times in a run. */
const SMALL_MIB = 15;

export interface ImageSeen extends ImageCheck {
  /** Whether all that wasn't synced was lost, or only some of it. */
  readonly how: 'all lost' | 'some lost';
  /** Whether the power went at the kill, or earlier. */
  readonly when: 'at the kill' | 'earlier';
}

export interface PowerOptions {
  /** On top of the trial's. */
  readonly settings?: Settings;
  /** After how many answers a process is killed, if it isn't too slow for that; by default very different numbers. */
  readonly answers?: readonly [least: number, most: number];
  /** The size of the disk; small by default. */
  readonly volumeMib?: number;
  /** How many of all processes are killed before they listen. */
  readonly killedEarly?: number;
}

export interface PowerRun {
  /** Starts the service, kills it, and looks at images of its disk. @throws nothing for what is wrong with them */
  readonly live: (images: number) => Promise<readonly ImageSeen[]>;
  readonly seen: Readonly<Record<'ops' | 'syncs' | 'checkpoints' | 'untold' | 'powerLosses', number>>;
}

/**
 * One database under many processes. Each is killed; then the next finds what the killed one left, or, as if the
 * machine had been switched off, one of the images.
 */
export async function createPowerRun(seeded: Seeded, options: PowerOptions = {}): Promise<PowerRun> {
  const { settings = {}, answers = [1, 400], killedEarly = 0.1, volumeMib = SMALL_MIB } = options;
  const trial = await createTrial({ seeded, chatsPerRun: 100 });
  const directory = realpathSync(trial.directory);
  mountVolume(dirname(join(directory, DATABASE_PATH)), volumeMib);
  const shim = createDiskShim(directory);
  const check = createImageCheck(trial.windowMs);
  const seen = { ops: 0, syncs: 0, checkpoints: 0, untold: 0, powerLosses: 0 };
  let disk = createDisk();

  async function liveAndDie(): Promise<void> {
    const running = launch(directory, { ...trial.settings, ...settings, ...shim.preload() });
    if (seeded.random() < killedEarly) {
      await delay(seeded.between(...STARTING_MS));
      await running.end('SIGKILL');
      return;
    }
    const answered = () => trial.load.answers.get(204) ?? 0;
    const enough = answered() + seeded.between(...answers);
    const run = trial.load.run(await running.listening);
    for (let tries = 0; answered() < enough && tries < 1_000; tries++) await delay(3);
    await running.end('SIGKILL');
    await run.ended;
  }

  async function look(image: Image, atNs: bigint | null, isSeeded: boolean): Promise<ImageSeen> {
    return {
      ...(await check(image, knownBefore(trial, atNs))),
      how: isSeeded ? 'some lost' : 'all lost',
      when: atNs === null ? 'at the kill' : 'earlier',
    };
  }

  /** Replays what the process did, and stops at some moments of it to switch the power off. */
  async function replay(moments: number): Promise<ImageSeen[]> {
    const calls = shim.calls();
    const cuts = Array.from({ length: moments }, () => seeded.between(0, calls.length));
    const found: ImageSeen[] = [];
    const cutAt = async (index: number, atNs: bigint | null) => {
      for (const [nth, cut] of cuts.entries()) {
        if (cut !== index) continue;
        const isSeeded = nth % 2 === 0;
        found.push(await look(disk.losePower(isSeeded ? seeded : null), atNs, isSeeded));
      }
    };
    for (const [index, call] of calls.entries()) {
      await cutAt(index, call.atNs);
      disk.apply(call);
      seen.ops++;
      if (call.kind === 'sync') seen.syncs++;
      if (call.kind === 'sync' && !call.name.includes('-') && call.name !== '.') seen.checkpoints++;
    }
    await cutAt(calls.length, null);
    return found;
  }

  return {
    seen,
    async live(images) {
      await liveAndDie();
      const found = await replay(images - 2);
      seen.untold += disk.adopt(directory);
      const all = disk.losePower(null);
      const some = disk.losePower(seeded);
      found.push(await look(all, null, false), await look(some, null, true));
      if (seeded.random() < 0.5) {
        seen.powerLosses++;
        disk = switchOff(seeded.random() < 0.5 ? all : some, directory);
      }
      return found;
    },
  };
}

function switchOff(image: Image, directory: string): Disk {
  writeImage(image, directory);
  return createDisk(image);
}
