import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './process.ts';

const LIBRARY = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;

export interface FakeWall {
  /** Environment of a process that is to live by this clock. */
  readonly settings: Settings;
  /** From now on its wall clock is so far from ours. */
  readonly set: (offMs: number) => void;
  /** The wall clock of a process that is started from now on runs so much too fast. */
  readonly drift: (ppm: number) => void;
}

/**
 * A wall clock for other processes, set at any time and without their knowing. Their monotonic clock, timers and files'
 * times stay true.
 * @throws without libfaketime (Debian: `apt-get install faketime`)
 */
export function createFakeWall(directory: string): FakeWall {
  if (!existsSync(LIBRARY)) throw new Error(`${LIBRARY} is missing: apt-get install faketime`);
  const file = join(directory, 'wall-clock');
  // in one write, so that no reader finds it empty
  const tell = (text: string) => writeFileSync(file, `${text}\n`);
  tell('+0');
  return {
    settings: {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
    set: (offMs) => tell(signed(offMs / 1000)),
    drift: (ppm) => tell(`+0 x${(1 + ppm / 1e6).toFixed(6)}`),
  };
}

const signed = (seconds: number) => `${seconds < 0 ? '' : '+'}${seconds.toFixed(3)}`;
