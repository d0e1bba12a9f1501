import { HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { API_KEY } from '../../../helpers/process.ts';
import { readOverview } from '../../../helpers/status.ts';
import type { ProblemCases } from '../problem-case.ts';
import { isOpen } from '../seen.ts';
import { OTHER_LINE, type World } from '../world.ts';

/** Where nobody answers. */
const NOWHERE = 'http://127.0.0.1:9/api/partner';

const writeInMany = async (world: World, count: number) => {
  for (let n = 0; n < count; n++) await world.write();
};

/** Each call of sharing fails so, until it is mended; a chat is written in. */
const refuse =
  (fault: Parameters<World['simulator']['fail']>[0], chats = 1) =>
  async (world: World) => {
    world.simulator.fail(fault);
    await writeInMany(world, chats);
  };

const isShared = (world: World) =>
  world.until(() => world.simulator.calls.some(({ status }) => status === 204));

/** Those of the account at Linq, of its API and of the clock that both are compared by. */
export const ACCOUNT_CASES = {
  api_key_rejected: {
    severity: 'error',
    async provoke(world) {
      await world.restart({ LINQ_API_KEY: 'revoked' });
      await world.write();
    },
    ways: {
      async 'a valid key is put into LINQ_API_KEY and the service is restarted'(world) {
        await world.restart({ LINQ_API_KEY: API_KEY });
        await isShared(world);
      },
      async 'Linq accepts the present key, within 5 minutes'(world) {
        await world.restart({ LINQ_API_KEY: API_KEY });
        await isShared(world);
        const revoke = world.simulator.fail({ route: '*', code: 2004 });
        await world.write(OTHER_LINE);
        await world.until(() => isOpen(world, 'api_key_rejected'));
        revoke();
        world.clock.leap(5 * MINUTE);
      },
    },
  },
  feature_disabled: {
    severity: 'error',
    provoke: refuse({ code: 2011 }),
    ways: {
      async 'Linq enabled contact cards, with the next try after an hour'({ simulator, clock }) {
        simulator.clearFaults();
        clock.leap(HOUR);
      },
      async 'Linq enabled contact cards, at once after a restart'(world) {
        world.simulator.clearFaults();
        await world.restart();
        await isShared(world);
      },
    },
  },
  clock_skew: {
    severity: 'error',
    async provoke(world) {
      world.clock.stepWall(2 * MINUTE);
      await world.restart();
      await world.write();
    },
    ways: {
      async 'the clock is synchronised'(world) {
        world.clock.stepWall(-2 * MINUTE);
        world.clock.leap(5 * SECOND);
        await isShared(world);
      },
    },
  },
  api_unavailable: {
    severity: 'warning',
    provoke: refuse({ status: 500 }, 5),
    ways: {
      async 'the outage ends, within a minute'({ simulator, clock }) {
        simulator.clearFaults();
        clock.leap(MINUTE);
      },
    },
  },
  rate_limited: {
    severity: 'warning',
    provoke: refuse({ status: 429, retryAfter: 300 }),
    ways: {
      async 'Linq’s time is over'({ simulator, clock }) {
        simulator.clearFaults();
        clock.leap(5 * MINUTE);
      },
      async 'rate and concurrency are lowered, and Linq’s time is over'(world) {
        world.simulator.clearFaults();
        await world.restart({ SHARE_RATE_PER_LINE: '1', SHARE_CONCURRENCY: '2' });
        world.clock.leap(5 * MINUTE);
      },
    },
  },
} satisfies ProblemCases;

/** The only one that becomes worse while it lasts. */
export const LASTING_CASES = {
  api_unavailable: {
    severity: 'error',
    settings: { LINQ_API_BASE_URL: NOWHERE },
    async provoke(world) {
      await writeInMany(world, 5);
      await world.until(() => isOpen(world, 'api_unavailable'), SECOND);
      world.clock.leap(10 * MINUTE);
      await world.until(async () => !(await readOverview(world.url())).ok);
    },
    ways: {
      async 'LINQ_API_BASE_URL is put right'(world) {
        await world.restart({ LINQ_API_BASE_URL: world.simulator.baseUrl });
        await isShared(world);
      },
    },
  },
} satisfies ProblemCases;
