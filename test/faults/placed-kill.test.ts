import { it } from 'vitest';
import { CRASH_POINTS, type CrashPoint } from '../helpers/crash-points.ts';
import { killAt } from '../helpers/crash-points-run.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const REPEATS = suiteCount(3);
const POINTS = CRASH_POINTS.length;

it(
  `keeps every promise, killed ${REPEATS} times at each of ${POINTS} points`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${REPEATS} npm run test:faults -- placed-kill`);
    const plan = CRASH_POINTS.flatMap((point) => Array<CrashPoint>(REPEATS).fill(point));
    const reached = await killAt(seeded, seeded.shuffle(plan));
    reportReached('placed-kill', { seed: seeded.seed, points: POINTS, ...reached, violations: 0 });
  },
  120_000 + POINTS * REPEATS * 10_000,
);
