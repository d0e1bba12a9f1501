import fc from 'fast-check';
import { afterAll, vi } from 'vitest';
import { createSeeded } from '../../helpers/seed.ts';
import { reportReached, suiteCount } from '../../helpers/suite.ts';

/** How often each property of the rules is tried. */
const runs = suiteCount(1_000);
const { seed } = createSeeded(
  'npx vitest run --config test/vitest.config.ts --project unit test/unit/decide',
);
const reached = { properties: 0, violations: 0 };

vi.setConfig({ testTimeout: Math.max(20_000, runs * 20) });
afterAll(() => reportReached('rules', { seed, runs, ...reached }));

/** Tries a property as often as the suite says. */
export function holds<P>(property: fc.IProperty<P>): void {
  reached.properties++;
  reached.violations++; // unless it holds
  fc.assert(property, { numRuns: runs, seed });
  reached.violations--;
}
