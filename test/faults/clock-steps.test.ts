import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { type ClockWorld, createClockWorld } from '../helpers/faketime-world.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ROUNDS = suiteCount(1);
const TIMEOUT_MS = 60_000 + ROUNDS * 60_000;
const seeded = createSeeded(`SUITE_COUNT=${ROUNDS} npm run test:faults -- clock-steps`);
const reached = { cases: 0, calls: 0 };

/** Plays variants of a case side by side, round after round; each in a world of its own. */
async function play<V extends { readonly name: string }>(
  variants: readonly V[],
  playOne: (variant: V, world: ClockWorld) => Promise<void>,
  windowMsOf: (variant: V) => number | undefined = () => undefined,
): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      variants.map(async (variant) => {
        const world = await createClockWorld(windowMsOf(variant));
        await playOne(variant, world).catch((cause: unknown) => {
          throw new Error(variant.name, { cause });
        });
        reached.cases++;
        reached.calls += world.simulator.calls.length;
        await world.simulator.stop();
      }),
    );
  }
}

afterAll(() => reportReached('clock-steps', { seed: seeded.seed, ...reached, violations: 0 }));

describe('a wall clock that is set while the service runs', () => {
  const variants = [-2 * HOUR, 26 * HOUR].flatMap((stepMs) => [
    { name: `by ${stepMs} ms, Linq knows better`, stepMs, linqMs: 0 },
    { name: `by ${stepMs} ms, and so was Linq's`, stepMs, linqMs: stepMs },
  ]);

  it(
    'makes no share early, and none late once Linq has said which clock is right',
    async () => {
      await play(variants, async ({ stepMs, linqMs }, world) => {
        const reactor = await world.start();
        await world.tell(reactor);
        await world.shareAll();
        await delay(seeded.between(0, world.windowMs));
        world.setLinq(7 * DAY); // agrees with nobody
        world.wall.set(stepMs);
        await world.expectToWait(reactor);

        world.setLinq(linqMs);
        await world.shareAgain(2);
        await world.finish(reactor);
      });
    },
    TIMEOUT_MS,
  );
});

describe('a wall clock that is wrong after a restart', () => {
  const variants = [
    { name: 'a day behind', offMs: -DAY, linqMs: 0 },
    { name: '26 hours ahead', offMs: 26 * HOUR, linqMs: 0 },
    { name: 'in 1970', offMs: 1_000 - Date.now(), linqMs: 0 },
    { name: 'a day behind, and so is Linq', offMs: -DAY, linqMs: -DAY },
  ];

  it(
    'makes no share early: none until it agrees with Linq; till then deliveries are to be sent again',
    async () => {
      await play(variants, async ({ offMs, linqMs }, world) => {
        const first = await world.start();
        await world.tell(first);
        await world.shareAll();
        await first.end(seeded.pick(['SIGTERM', 'SIGKILL']) ?? 'SIGTERM');

        world.wall.set(offMs);
        world.setLinq(linqMs);
        const reactor = await world.start();
        if (offMs !== linqMs) {
          await world.expectToWait(reactor);
          const [, , ...later] = await world.tell(reactor);
          expect(new Set(later)).toEqual(new Set([503]));
          world.wall.set(linqMs);
        }
        await world.shareAgain(2);
        expect(new Set(await world.tell(reactor))).toEqual(new Set([204]));
        await world.shareAll();
        await world.finish(reactor);
      });
    },
    TIMEOUT_MS,
  );
});

describe('a clock of which nobody can tell that it is odd', () => {
  const startAt = (name: string, at: number) => ({ name, offMs: () => at - Date.now(), ppm: 0 });
  const variants = [
    // no message of an earlier time is believed, see FIRST_IMESSAGE_AT
    startAt('from the second in which iMessage began', Date.UTC(2011, 9, 12, 0, 0, 1)),
    startAt('past the end of 32 bits in 2038', 2 ** 31 * 1_000 - 5_000),
    startAt('past the end of February 2100', Date.UTC(2100, 1, 28, 23, 59, 55)),
    { name: '500 ppm fast', offMs: () => 0, ppm: 500 },
    { name: '500 ppm slow', offMs: () => 0, ppm: -500 },
  ];
  // in so long a window 500 ppm are 10 ms: more than a call needs to arrive
  const windowMsOf = ({ ppm }: (typeof variants)[number]) => (ppm === 0 ? undefined : 20_000);

  it(
    'makes every share in its time',
    async () => {
      await play(
        variants,
        async ({ offMs, ppm }, world) => {
          const wallMs = offMs();
          if (ppm === 0) world.wall.set(wallMs);
          else world.wall.drift(ppm);
          world.setLinq(wallMs);
          const reactor = await world.start();
          expect(new Set(await world.tell(reactor))).toEqual(new Set([204]));
          await world.shareAll();
          await world.shareAgain(ppm === 0 ? 3 : 1);
          await world.finish(reactor);
        },
        windowMsOf,
      );
    },
    TIMEOUT_MS,
  );
});
