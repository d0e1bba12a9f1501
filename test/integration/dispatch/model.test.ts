import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/answer.ts';
import { releaseChat } from '../../../src/decide/attempt.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/duration.ts';
import type { ChatEvent } from '../../../src/decide/event.ts';
import {
  answerOf,
  eventOf,
  inboundOf,
  LINE,
  lineEventOf,
  outboundOf,
  silenceOf,
} from '../../helpers/builders.ts';
import { activeCards } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';
import { createOracle, type Oracle, watch } from './model.ts';

/** RUNS=5000 for a longer search; a failure prints the seed. */
const RUNS = Number(process.env.RUNS ?? 150);

const CHATS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const chat = fc.constantFrom(...CHATS);
/** How long ago something happened when we hear of it. */
const ago = fc.constantFrom(0, 0, 1, SECOND, HOUR, 2 * DAY);

const ANSWERS: Readonly<Record<string, LinqAnswer | 'never'>> = {
  shared: answerOf(),
  failing: answerOf(500, 3006),
  silent: silenceOf(),
  never: 'never',
  limited: answerOf(429, 1007, { retryAfterMs: 10 * MINUTE }),
  keyless: answerOf(401, 2004),
  disabled: answerOf(403, 2011),
  gone: answerOf(404, 2001),
  refused: answerOf(400, 1005),
  optedOut: answerOf(403, 2024),
  blocked: answerOf(403, 2026),
  paused: answerOf(403, 2027),
  cardless: answerOf(404, 2012),
};

const STEPS = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      chat,
      ago,
      service: fc.constantFrom('iMessage', 'iMessage', 'iMessage', 'SMS'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('hear' as const), chat, ago, isOptOut: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'join' as const), chat, ago }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      as: fc.constantFrom('shared', 'shared', ...Object.keys(ANSWERS)),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, SECOND, MINUTE, HOUR, DAY - 1, DAY, 3 * DAY),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'crash' as const,
        'restart' as const,
        'pause' as const,
        'resume' as const,
        'flag' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release' as const, 'ask' as const), chat }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('card' as const), isActive: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('step' as const), ms: fc.constantFrom(-2 * HOUR, 26 * HOUR) }),
  },
);
type Step = typeof STEPS extends fc.Arbitrary<infer S> ? S : never;

interface World {
  reactor: Reactor;
  readonly oracle: Oracle;
  answer: LinqAnswer | 'never';
}

async function deliver({ reactor, oracle }: World, ...events: ChatEvent[]): Promise<void> {
  for (const event of events) oracle.told(event);
  await reactor.deliver(...events);
}

async function take(world: World, step: Step): Promise<void> {
  const { reactor, oracle } = world;
  const { clock, dispatcher, store, linq } = reactor;
  const now = clock.now();
  switch (step.do) {
    case 'send':
      return deliver(world, outboundOf(now - step.ago, { chatId: step.chat, service: step.service }));
    case 'hear':
      return deliver(world, inboundOf(now - step.ago, { chatId: step.chat, isOptOut: step.isOptOut }));
    case 'leave':
      return deliver(world, eventOf({ chatId: step.chat, leftAt: now - step.ago }));
    case 'join':
      return deliver(world, eventOf({ chatId: step.chat, joinedAt: now - step.ago }));
    case 'answer':
      world.answer = ANSWERS[step.as] ?? 'never';
      return;
    case 'wait':
      return step.ms > HOUR ? reactor.leap(step.ms) : reactor.run(step.ms);
    case 'step':
      clock.stepWall(step.ms);
      return reactor.leap(MINUTE);
    case 'card':
      linq.script.cards = step.isActive ? (line) => activeCards(line) : () => ({ kind: 'cards', cards: [] });
      return;
    case 'flag':
      return reactor.deliver(lineEventOf({ at: now, status: 'FLAGGED' }));
    case 'hold':
      if (await store.updateChat(step.chat, (record) => ({ ...record, operatorHeldAt: now }), now))
        oracle.setHeld(step.chat, true);
      return reactor.idle();
    case 'release':
      oracle.setHeld(step.chat, false);
      await store.updateChat(step.chat, releaseChat, now);
      dispatcher.nudge();
      return reactor.idle();
    case 'ask':
      oracle.asked(step.chat);
      void dispatcher.shareManually(step.chat);
      return reactor.idle();
    case 'pause':
      oracle.setPaused(true);
      return dispatcher.pause();
    case 'resume':
      oracle.setPaused(false);
      await dispatcher.resume();
      return reactor.idle();
    case 'crash':
    case 'restart':
      if (step.do === 'crash' || linq.open() > 0) await reactor.crash();
      else await reactor.stop();
      world.reactor = await reactor.restart();
  }
}

/** After all is well again, every chat has to be shared day by day. */
async function recover(world: World): Promise<void> {
  const { oracle } = world;
  world.answer = answerOf();
  await take(world, { do: 'crash' }); // calls that are never answered end with their process
  await take(world, { do: 'card', isActive: true });
  await take(world, { do: 'resume' });
  await world.reactor.leap(MINUTE);
  await world.reactor.dispatcher.releaseLine(LINE);
  for (const chatId of CHATS) {
    await take(world, { do: 'release', chat: chatId });
    await deliver(
      world,
      eventOf({ chatId, joinedAt: world.reactor.clock.now() }),
      outboundOf(world.reactor.clock.now(), { chatId }),
      inboundOf(world.reactor.clock.now(), { chatId }),
    );
  }
  await world.reactor.run(HOUR + MINUTE);
  for (let days = 0; days < 2; days++) await world.reactor.run(DAY + HOUR);
  expect(oracle.neglected(CHATS, world.reactor.clock.now(), DAY + HOUR)).toEqual([]);
}

it('breaks no promise and forgets no chat, whatever happens in whatever order', async () => {
  const history = fc.array(STEPS, { minLength: 5, maxLength: 40 });
  const property = fc.asyncProperty(history, async (steps) => {
    const reactor = await startReactor({ concurrency: 3, policy: { idleAfterMs: 0 } });
    const world: World = { reactor, oracle: createOracle(), answer: answerOf() };
    watch(world.oracle, reactor, () => world.answer);
    for (const step of steps) await take(world, step);
    await recover(world);
    await world.reactor.crash();
    expect(world.oracle.broken).toEqual([]);
  });
  await fc.assert(property, { numRuns: RUNS });
}, 300_000);
