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

/** The layers of the tests as projects. e2e and faults run the built program, so they build it first. */
export default defineConfig({
  test: {
    root,
    projects: [
      layer('unit', 20_000),
      layer('integration', 30_000),
      layer('e2e', 60_000, { globalSetup: ['test/helpers/build.ts'] }),
      layer('faults', 600_000, { globalSetup: ['test/helpers/build.ts'], maxWorkers: 2 }),
      layer('security', 120_000, { globalSetup: ['test/helpers/build.ts'], maxWorkers: 2 }),
    ],
  },
});
