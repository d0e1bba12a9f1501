import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import type { ProblemCases } from '../problem-case.ts';
import { LINE, OTHER_LINE, type World } from '../world.ts';

/** Linq refuses shares of the line so, until it is mended; a chat of it is written in. */
const refuse = (code: number) => async (world: World) => {
  world.simulator.fail({ line: LINE, code });
  await world.write();
};

const haveCard = (card: 'inactive' | 'none') => async (world: World) => {
  world.simulator.setCard(LINE, card);
  await world.write();
};

/** Shares go well again, and the chat that waited gets its card. */
const mend = ({ simulator }: World) => simulator.clearFaults();
const isShared = (world: World) =>
  world.until(() => world.simulator.calls.some(({ status }) => status === 204));
const release = async (world: World) => {
  await world.verb('line', 'release', LINE);
  await isShared(world);
};
const leaveOut = (world: World) => world.restart({ LINQ_LINES: OTHER_LINE });

/** Those of one line. */
export const LINE_CASES = {
  card_missing: {
    severity: 'warning',
    line: LINE,
    provoke: haveCard('none'),
    ways: {
      async '`setup` made a card, within 2 minutes'(world) {
        await world.verb('setup', '--yes', '--no-check', '--create-card', LINE, '--first-name', 'Harbor');
        world.clock.leap(2 * MINUTE);
        await isShared(world);
      },
      async 'a card was made in the dashboard, within 2 minutes'(world) {
        world.simulator.setCard(LINE, 'active');
        world.clock.leap(2 * MINUTE);
        await isShared(world);
      },
      'the line is left out of LINQ_LINES': leaveOut,
    },
  },
  card_inactive: {
    severity: 'warning',
    line: LINE,
    provoke: haveCard('inactive'),
    ways: {
      async 'Linq activated it, within 2 minutes'(world) {
        world.simulator.setCard(LINE, 'active');
        world.clock.leap(2 * MINUTE);
        await isShared(world);
      },
      async 'Linq activated it, at once by `line release`'(world) {
        world.simulator.setCard(LINE, 'active');
        await release(world);
      },
    },
  },
  line_flagged: {
    severity: 'warning',
    line: LINE,
    async provoke(world) {
      await world.write();
      await isShared(world);
      world.simulator.flagLine(LINE, 'FLAGGED', 'CRITICAL');
      await world.simulator.settled();
    },
    ways: {
      'a `line release`': (world) => world.verb('line', 'release', LINE),
      async 'the chat that is tried after 6 hours'(world) {
        const chatId = await world.write();
        world.clock.leap(6 * HOUR);
        await world.until(() => world.simulator.sharesOf(chatId).length === 1);
      },
      async 'Linq says that the line is well'({ simulator }) {
        simulator.flagLine(LINE, 'ACTIVE', 'HEALTHY');
        await simulator.settled();
      },
    },
  },
  line_paused: {
    severity: 'warning',
    line: LINE,
    provoke: refuse(2027),
    ways: {
      async '30 minutes'(world) {
        mend(world);
        world.clock.leap(30 * MINUTE);
        await isShared(world);
      },
      async 'Linq reports the line as active'(world) {
        mend(world);
        world.clock.leap(MINUTE);
        world.simulator.flagLine(LINE, 'ACTIVE');
        await isShared(world);
      },
      async 'a `line release`'(world) {
        mend(world);
        await release(world);
      },
    },
  },
  line_not_ours: {
    severity: 'warning',
    line: LINE,
    provoke: refuse(2006),
    ways: {
      async 'the right key is in LINQ_API_KEY and the service is restarted'(world) {
        mend(world); // with the key of the account that owns the line Linq takes the call
        await world.restart();
        await isShared(world);
      },
      async 'the account got the line back, by `line release`'(world) {
        mend(world);
        await release(world);
      },
      'the line is left out of LINQ_LINES': leaveOut,
      async 'the chat that is tried after 6 hours'(world) {
        mend(world);
        world.clock.leap(6 * HOUR);
        await isShared(world);
      },
    },
  },
} satisfies ProblemCases;
