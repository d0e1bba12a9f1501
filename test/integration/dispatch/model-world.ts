import { expect } from 'vitest';
import { releaseChat } from '../../../src/decide/chat.ts';
import type { ChatEvent } from '../../../src/decide/event.ts';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import { eventOf, inboundOf, lineEventOf, outboundOf, T } from '../../helpers/builders.ts';
import { activeCards } from '../../helpers/fake-linq.ts';
import type { Reactor } from '../../helpers/reactor.ts';
import type { Oracle } from './model.ts';
import { ANSWERS, CHATS, LINES, lineOf, type Step } from './model-steps.ts';

export interface World {
  reactor: Reactor;
  readonly oracle: Oracle;
  answer: LinqAnswer | 'never';
  /** By how much the wall clock was set wrong so far. */
  wallOffMs: number;
}

/** The time that everybody else goes by. */
const trueNow = ({ clock }: Reactor): number => T + clock.monotonic();

/** Puts the oracle between the reactor and its Linq. */
export function watch(world: World): void {
  const { reactor, oracle } = world;
  const { script } = reactor.linq;
  script.share = (chatId) => {
    const at = trueNow(reactor);
    oracle.called(chatId, at);
    const { answer } = world;
    if (answer === 'never') return new Promise<LinqAnswer>(() => {});
    oracle.answered(chatId, at, answer);
    return answer;
  };
  script.chat = (chatId) => ({ kind: 'chat', line: lineOf(chatId), service: 'iMessage', isGroup: false });
}

async function deliver({ reactor, oracle }: World, ...events: ChatEvent[]): Promise<void> {
  for (const event of events) oracle.told(event);
  await reactor.deliver(...events);
}

/** A wall clock that jumps is noticed within a minute at most. */
async function setWall(world: World, ms: number): Promise<void> {
  world.wallOffMs += ms;
  world.reactor.clock.stepWall(ms);
  await world.reactor.leap(MINUTE);
  await world.reactor.run(MINUTE);
}

async function begin(world: World, isCrash: boolean): Promise<void> {
  const { reactor } = world;
  if (isCrash || reactor.linq.open() > 0) await reactor.crash();
  else await reactor.stop();
  reactor.clock.restarted();
  world.reactor = await reactor.restart();
}

async function change(world: World, step: Step & { do: 'hold' | 'release' | 'ask' }): Promise<void> {
  const { reactor, oracle } = world;
  const { store, dispatcher, clock } = reactor;
  const now = clock.now();
  const isDoubted = dispatcher.view().clockDistrustedSince !== null;
  if (step.do === 'hold') {
    const held = await store.updateChat(step.chat, (chat) => ({ ...chat, operatorHeldAt: now }), now);
    if (held !== null) oracle.setHeld(step.chat, true);
  } else if (step.do === 'release') {
    await store.updateChat(step.chat, releaseChat, now);
    oracle.setHeld(step.chat, false);
    dispatcher.nudge();
  } else if (!isDoubted) {
    oracle.asked(step.chat);
    void dispatcher.shareManually(step.chat);
  }
  await reactor.idle();
}

export async function take(world: World, step: Step): Promise<void> {
  const { reactor, oracle } = world;
  const { dispatcher, linq } = reactor;
  const at = trueNow(reactor) - ('agoMs' in step ? step.agoMs : 0);
  switch (step.do) {
    case 'send': {
      const { chat: chatId, service } = step;
      return deliver(world, outboundOf(at, { chatId, service, line: lineOf(chatId) }));
    }
    case 'hear':
      return deliver(world, inboundOf(at, { chatId: step.chat, isOptOut: step.isOptOut }));
    case 'leave':
      return deliver(world, eventOf({ chatId: step.chat, leftAt: at }));
    case 'join':
      return deliver(world, eventOf({ chatId: step.chat, joinedAt: at }));
    case 'hold':
    case 'release':
    case 'ask':
      return change(world, step);
    case 'answer':
      world.answer = ANSWERS[step.as];
      return;
    case 'wait':
      return step.ms > HOUR ? reactor.leap(step.ms) : reactor.run(step.ms);
    case 'step':
      return setWall(world, step.ms);
    case 'crash':
    case 'restart':
      return begin(world, step.do === 'crash');
    case 'pause':
      oracle.setPaused(true);
      return dispatcher.pause();
    case 'resume':
      oracle.setPaused(false);
      await dispatcher.resume();
      return reactor.idle();
    case 'flag':
      return reactor.deliver(lineEventOf({ at, line: step.line, status: 'FLAGGED' }));
    case 'free':
      return reactor.deliver(lineEventOf({ at, line: step.line, status: 'ACTIVE' }));
    case 'card':
      linq.script.cards = step.isActive ? (line) => activeCards(line) : () => ({ kind: 'cards', cards: [] });
  }
}

/** Once all is well again, every chat has to be shared, and again day by day. */
export async function recover(world: World): Promise<void> {
  await setWall(world, -world.wallOffMs);
  world.answer = ANSWERS.shared;
  await begin(world, true); // calls that are never answered end with their process
  await take(world, { do: 'card', isActive: true });
  await take(world, { do: 'resume' });
  await world.reactor.run(MINUTE);
  for (const line of LINES) await world.reactor.dispatcher.releaseLine(line);
  for (const chat of CHATS) {
    await take(world, { do: 'release', chat });
    await take(world, { do: 'join', chat, agoMs: 0 });
    await take(world, { do: 'send', chat, agoMs: 0, service: 'iMessage' });
    await take(world, { do: 'hear', chat, agoMs: 0, isOptOut: false });
  }
  await world.reactor.run(HOUR + MINUTE);
  for (let days = 0; days < 2; days++) await world.reactor.run(DAY + HOUR);
  expect(world.oracle.neglected(CHATS, trueNow(world.reactor), DAY + HOUR)).toEqual([]);
}
