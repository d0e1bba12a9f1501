import { expect, it } from 'vitest';
import { createPowerRun } from '../helpers/crash-image-run.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const IMAGES = suiteCount(48);
const IMAGES_PER_KILL = 4;
const KILLS = Math.ceil(IMAGES / IMAGES_PER_KILL);
/** A database of its own for so many, since each image is held against all that was ever sent. */
const KILLS_PER_DATABASE = 20;
const RERUN = `SUITE_COUNT=${IMAGES} npm run test:faults -- power-loss`;

it(
  `loses nothing that it answered, in ${IMAGES} images of what power loss leaves of the disk`,
  async () => {
    const seeded = createSeeded(RERUN);
    const total = { kills: 0, images: 0, syncs: 0, checkpoints: 0, untold: 0, powerLosses: 0 };
    for (let left = KILLS; left > 0; left -= KILLS_PER_DATABASE) {
      const run = await createPowerRun(seeded);
      for (let kill = 0; kill < Math.min(left, KILLS_PER_DATABASE); kill++) {
        const images = await run.live(IMAGES_PER_KILL);
        total.kills++;
        total.images += images.length;
        expect(images.filter(({ lost, wrong }) => lost.length + wrong.length > 0)).toEqual([]);
      }
      total.syncs += run.seen.syncs;
      total.checkpoints += run.seen.checkpoints;
      total.untold += run.seen.untold;
      total.powerLosses += run.seen.powerLosses;
    }
    expect(total.checkpoints).toBeGreaterThan(KILLS / 4); // else the file itself was hardly ever at risk
    expect(total.untold).toBeLessThanOrEqual(total.kills / 2); // the log tells all but what a kill cut off
    reportReached('power-loss', { seed: seeded.seed, ...total, violations: 0 });
  },
  60_000 + KILLS * 10_000,
);

/** So much that the log isn't copied to the file in so short a life: that would sync it. */
const ROOMY_MIB = 512;
const CONTROL_KILLS = Math.min(20, Math.ceil(KILLS / 16));

it('would tell: the same service without a sync of each commit loses rows in such images', async () => {
  const seeded = createSeeded(RERUN);
  const preload = new URL('../helpers/crash-image-normal.mjs', import.meta.url);
  const settings = { NODE_OPTIONS: `--import=${preload.href}` };
  let images = 0;
  for (let kill = 0; kill < CONTROL_KILLS; kill++) {
    const run = await createPowerRun(seeded, {
      settings,
      answers: [100, 300],
      killedEarly: 0,
      volumeMib: ROOMY_MIB,
    });
    const seen = await run.live(IMAGES_PER_KILL);
    images += seen.length;
    const losing = seen.filter(({ lost }) => lost.length > 0);
    expect(losing.map(({ how, when }) => `${how} ${when}`)).toContain('all lost at the kill');
  }
  reportReached('power-loss-control', {
    seed: seeded.seed,
    kills: CONTROL_KILLS,
    images,
    violations: 0,
  });
});
