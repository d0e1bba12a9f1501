import fc from 'fast-check';
import { expect, it } from 'vitest';
import { releaseChat } from '../../src/decide/chat.ts';
import { DAY, MINUTE } from '../../src/decide/time.ts';
import { answerOf, outboundOf, policyOf, silenceOf, T } from '../helpers/builders.ts';
import { createModelDirectory } from '../helpers/model/directory.ts';
import { createRace, type Race } from '../helpers/model/races.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const RERUN = 'npx vitest run --config test/vitest.config.ts --project faults test/faults/races.test.ts';
const RUNS = suiteCount(500);
const CHATS = ['a', 'b', 'c'] as const;

const chat = fc.constantFrom(...CHATS);
const deeds = fc.oneof(
  fc.record({ do: fc.constantFrom('deliver', 'deliver', 'ask', 'ask', 'hold', 'release'), chat }),
  fc.record({ do: fc.constantFrom('nudge', 'pause', 'resume', 'steal', 'suspend', 'lapse'), chat }),
);
type Deed = typeof deeds extends fc.Arbitrary<infer D> ? D : never;

async function perform(race: Race, deed: Deed): Promise<unknown> {
  const { clock, store, dispatcher } = race;
  const now = clock.now();
  switch (deed.do) {
    case 'deliver':
      return race.deliver(deed.chat);
    case 'ask':
      return race.ask(deed.chat);
    case 'hold':
      return store.updateChat(deed.chat, (held) => ({ ...held, operatorHeldAt: now }), now);
    case 'release':
      await store.updateChat(deed.chat, releaseChat, now);
      return dispatcher.nudge();
    case 'nudge':
      return dispatcher.nudge();
    case 'pause':
      return dispatcher.pause();
    case 'resume':
      return dispatcher.resume();
    case 'steal':
      return race.steal();
    case 'suspend':
      return clock.advance(MINUTE + 1); // leases end while calls are under way
    case 'lapse':
      return clock.advance(DAY + 1);
  }
}

/** The line's card is known, and the chats are due. */
async function warmUp(race: Race): Promise<void> {
  let isStarted = false;
  await race.store.record([outboundOf(T, { chatId: 'first' })], T);
  void race.dispatcher.start().then(() => {
    isStarted = true;
  });
  await race.drain(() => isStarted);
  await race.store.record(
    CHATS.map((chatId) => outboundOf(T, { chatId })),
    T,
  );
  race.dispatcher.nudge();
}

/** Everything as it has to be once the dispatcher has stopped and nobody else is at work. */
async function checkEnd(race: Race): Promise<void> {
  const callsAtStop = race.calls.length;
  await race.drain(() => true);
  expect(race.calls.length).toBe(callsAtStop);
  expect(race.manual.filter(({ result }) => result === null)).toEqual([]);
  for (const chatId of CHATS) {
    const [record, attempts] = [await race.store.chat(chatId), await race.store.attempts(chatId, 100)];
    const shared = attempts.filter(({ outcome }) => outcome === 'shared');
    // what nobody knows the outcome of counts once its window is over
    const unknown = attempts.filter(({ outcome }) => outcome === 'interrupted' || outcome === 'unknown');
    expect(record).toMatchObject({ lease: null });
    expect(record?.shareCount).toBeGreaterThanOrEqual(shared.length);
    expect(record?.shareCount).toBeLessThanOrEqual(shared.length + unknown.length);
    expect(attempts.filter(({ endedAt }) => endedAt === null)).toEqual([]);
    const inOrder = shared.toReversed();
    for (const [index, { startedAt, trigger }] of inOrder.entries()) {
      const lastEndedAt = Math.max(0, ...inOrder.slice(0, index).map(({ endedAt }) => endedAt ?? 0));
      if (trigger !== 'manual') expect(startedAt).toBeGreaterThanOrEqual(index === 0 ? 0 : lastEndedAt + DAY);
    }
  }
  expect(race.broken).toEqual([]);
}

it(
  'has one live lease a chat, no call twice and no stale settlement, in whatever order things come to pass',
  async () => {
    const { seed } = createSeeded(RERUN);
    const directory = await createModelDirectory();
    const reached = { runs: 0, steps: 0, calls: 0, stolen: 0 };
    const answers = fc.array(
      fc.constantFrom(answerOf(), answerOf(), silenceOf(), answerOf(500, 3006), answerOf(403, 2024)),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    const story = fc.array(deeds, { minLength: 3, maxLength: 25 });
    const settings = fc.record({ concurrency: fc.constantFrom(1, 2, 16), answers });
    const property = fc.asyncProperty(fc.scheduler(), settings, story, async (scheduler, options, all) => {
      const race = await createRace({
        ...options,
        scheduler,
        directory: directory.fresh(),
        policy: policyOf(),
      });
      try {
        await warmUp(race);
        let isStopped = false;
        const open = new Set<Promise<unknown>>();
        const live = async () => {
          for (const deed of all) {
            await scheduler.schedule(Promise.resolve(), deed.do);
            const done = perform(race, deed).finally(() => open.delete(done));
            open.add(done);
          }
          await scheduler.schedule(Promise.resolve(), 'stop');
          await race.dispatcher.stop();
          isStopped = true;
        };
        void live();
        await race.drain(() => isStopped && open.size === 0);
        await checkEnd(race);
      } finally {
        await race.store.close();
        reached.runs++;
        reached.steps += all.length;
        reached.calls += race.calls.length;
        reached.stolen += all.filter((deed) => deed.do === 'steal').length;
      }
    });
    try {
      await fc.assert(property, { numRuns: RUNS, seed });
      expect(reached.calls).toBeGreaterThan(RUNS); // else there was nothing to race
      reportReached('races', { seed, ...reached, violations: 0 });
    } finally {
      directory.remove();
    }
  },
  RUNS * 2_000,
);
