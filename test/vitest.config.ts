import { existsSync, statfsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Timeouts only end what hangs: on a machine that has other work, each test takes several times longer. */
const IN_PROCESS_MS = 60_000;
const WITH_PROCESSES_MS = 900_000;

const layer = (name: string, testTimeout: number, extra: object = {}) => ({
  test: {
    name,
    root,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    expect: { poll: { timeout: testTimeout / 2 } },
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
      layer('unit', IN_PROCESS_MS, { maxWorkers: 2, ...TOGETHER, ...IN_MEMORY }),
      layer('integration', IN_PROCESS_MS, { maxWorkers: 2, ...TOGETHER, ...IN_MEMORY }),
      layer('e2e', WITH_PROCESSES_MS, PROCESSES),
      layer('faults', WITH_PROCESSES_MS, PROCESSES),
      layer('security', WITH_PROCESSES_MS, PROCESSES),
      layer('browser', WITH_PROCESSES_MS, PROCESSES),
      // a PostgreSQL of its own for the run, which `npm test` doesn't need
      layer('postgres', WITH_PROCESSES_MS, {
        globalSetup: ['test/helpers/build.ts', 'test/helpers/postgres-cluster.ts'],
        maxWorkers: 2,
        ...TOGETHER,
        ...IN_MEMORY,
      }),
      layer('faults-postgres', WITH_PROCESSES_MS, PROCESSES), // each with a PostgreSQL of its own
      layer('deploy', WITH_PROCESSES_MS, { ...PROCESSES, env: {} }), // on the disk, as `doctor` would have it
    ],
  },
});
