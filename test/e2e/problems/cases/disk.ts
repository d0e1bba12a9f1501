import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SECOND } from '../../../../src/decide/time.ts';
import { mountVolume, type Volume } from '../../../helpers/volume.ts';
import type { ProblemCases } from '../problem-case.ts';
import type { World } from '../world.ts';

const MEBIBYTES = 32;
const volumes = new Map<string, Volume>();
const dataOf = (directory: string) => join(directory, 'data');
const junkIn = ({ directory }: World) => join(dataOf(directory), 'junk');

/** The service's data gets a disk of its own. */
const prepare = (directory: string) => void volumes.set(directory, mountVolume(dataOf(directory), MEBIBYTES));

/** Something else leaves so much space. */
const fill = (leftMebibytes: number) => async (world: World) => {
  try {
    writeFileSync(junkIn(world), Buffer.alloc((MEBIBYTES - leftMebibytes) * 1024 ** 2));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' }); // all that there was
  }
  world.clock.leap(5 * SECOND); // so long the last look at the store is believed
};

const free = async (world: World) => {
  rmSync(junkIn(world));
  world.clock.leap(5 * SECOND);
};
const enlarge = async (world: World) => {
  volumes.get(world.directory)?.resize(16 * MEBIBYTES);
  world.clock.leap(5 * SECOND);
};

/** Those of the disk; mounting one needs rights that only the suite of faults asks for. */
export const DISK_CASES = {
  store_failing: {
    severity: 'error',
    beside: ['disk_low'],
    prepare,
    provoke: fill(0),
    ways: { 'space is freed': free, 'the disk is enlarged': enlarge },
  },
  disk_low: {
    severity: 'warning',
    prepare,
    provoke: fill(2.5),
    ways: { 'space is freed': free, 'the disk is enlarged': enlarge },
  },
} satisfies ProblemCases;
