import { existsSync, statfsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const layer = (name: string, testTimeout: number, extra: object = {}) => ({
  test: {
    name,
    root,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    ...extra,
  },
});

/**
 * Files of one worker share what they import: loading it anew for each file was most of the time. So whatever a test
 * changes outside of itself (a module of Node.js, the umask) it puts back.
 */
const TOGETHER = { isolate: false };

const MEMORY = '/dev/shm';

function hasRoomInMemory(): boolean {
  if (!existsSync(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize > 2 ** 30;
}

/**
 * Databases and other temporary files in memory, unless TMPDIR says where: what a process wrote outlives a kill there
 * too, power losses are made from a log of the writes, and a real sync only takes time.
 */
const IN_MEMORY = process.env.TMPDIR === undefined && hasRoomInMemory() ? { env: { TMPDIR: MEMORY } } : {};

/** Processes wait much, for each other and for time: two cores have time for four workers. */
const PROCESSES = {
  globalSetup: ['test/helpers/build.ts'],
  maxWorkers: 4,
  sequence: { groupOrder: 1 },
  ...TOGETHER,
  ...IN_MEMORY,
};

/** The layers of the tests as projects. Those that run the built program as a process build it first. */
export default defineConfig({
  test: {
    root,
    projects: [
      layer('unit', 20_000, { maxWorkers: 2, ...TOGETHER, ...IN_MEMORY }),
      layer('integration', 30_000, { maxWorkers: 2, ...TOGETHER, ...IN_MEMORY }),
      layer('e2e', 60_000, PROCESSES),
      layer('faults', 600_000, PROCESSES),
      layer('security', 120_000, PROCESSES),
      layer('browser', 120_000, PROCESSES),
      // a PostgreSQL of its own for the run, which `npm test` doesn't need
      layer('postgres', 60_000, {
        globalSetup: ['test/helpers/build.ts', 'test/helpers/postgres-cluster.ts'],
        maxWorkers: 2,
        ...TOGETHER,
        ...IN_MEMORY,
      }),
      layer('faults-postgres', 600_000, PROCESSES), // each with a PostgreSQL of its own
      layer('deploy', 120_000, { ...PROCESSES, env: {} }), // on the disk, as `doctor` would have it
    ],
  },
});
