import { beforeEach, describe, expect, it } from 'vitest';
import { DAY } from '../../../src/decide/time.ts';
import { createChanges, createMessages } from '../../../src/simulator/activity.ts';
import { createBehaviour } from '../../../src/simulator/behaviour.ts';
import { createCards } from '../../../src/simulator/contact-cards.ts';
import { createPublish } from '../../../src/simulator/linq-events.ts';
import { createRandomness } from '../../../src/simulator/random.ts';
import { createShares, type ShareCall } from '../../../src/simulator/shares.ts';
import { LinqError } from '../../../src/simulator/simulator-errors.ts';
import { createWorld } from '../../../src/simulator/world.ts';

const LINE = '+12025550100';
const behaviour = createBehaviour();

let now = 0;
const clock = { now: () => now, monotonic: () => now };
const ignore = () => undefined;

function createParts() {
  const randomness = createRandomness(1);
  const world = createWorld(clock, randomness);
  world.addLine(LINE, 'active');
  const publish = createPublish(clock, randomness, 'partner', ignore);
  const shares = createShares({ world, clock, behaviour, onChange: ignore, onShared: ignore });
  return {
    world,
    shares,
    ...createMessages(world, clock, randomness, publish),
    ...createChanges(world, clock, publish),
    ...createCards({ world, behaviour, clock, publish }),
  };
}

let linq = createParts();
beforeEach(() => {
  now = Date.UTC(2026, 10, 3);
  linq = createParts();
});

/** A chat with an outbound message, as far as a share is concerned the good case. */
function greetedChat(
  chat: { isGroup?: boolean; service?: 'iMessage' | 'SMS'; handle?: string } = {},
): string {
  const { chatId } = linq.createChat({ line: LINE, ...chat });
  linq.sendMessage(chatId);
  return chatId;
}

function share(chatId: string): ShareCall {
  const call = linq.shares.arrive(chatId, 'trace');
  linq.shares.perform(call);
  return call;
}

function refusalOf(chatId: string): number | null {
  try {
    share(chatId);
    return null;
  } catch (error) {
    return error instanceof LinqError ? error.linqCode : null;
  }
}

describe('a share call', () => {
  it('shows a prompt at first, and again only when 24 h have passed since the last prompt', () => {
    const chatId = greetedChat();
    const effects = [0, 1, DAY - 2, 1, 1, DAY - 1].map((ms) => {
      now += ms;
      return share(chatId).effect;
    });
    expect(effects).toEqual(['prompt', 'suppressed', 'suppressed', 'prompt', 'suppressed', 'prompt']);
  });

  it('does not count suppressed calls into the 24 h', () => {
    const chatId = greetedChat();
    share(chatId);
    now += DAY / 2;
    share(chatId);
    now += DAY / 2;
    expect(share(chatId).effect).toBe('prompt');
  });

  it('has no effect outside iMessage, before an outbound message, or with an inactive card', () => {
    const silent = linq.createChat({ line: LINE }).chatId;
    linq.receiveMessage(silent, 'Hello');
    expect(share(silent).effect).toBe('no_outbound');
    linq.failMessage(silent);
    expect(share(silent).effect).toBe('no_outbound');
    expect(share(greetedChat({ service: 'SMS' })).effect).toBe('not_imessage');
    const chatId = greetedChat();
    linq.setCard(LINE, 'inactive');
    expect(share(chatId).effect).toBe('card_inactive');
    linq.setCard(LINE, 'active');
    expect(share(chatId).effect).toBe('prompt');
  });

  it('is refused for an unknown chat, a line without a card, and a chat that our line left', () => {
    const chatId = greetedChat({ isGroup: true });
    linq.setCard(LINE, 'none');
    expect([refusalOf('unknown'), refusalOf(chatId)]).toEqual([2001, 2012]);
    linq.setCard(LINE, 'active');
    linq.leaveChat(chatId);
    expect(refusalOf(chatId)).toBe(2013);
    linq.joinChat(chatId);
    expect(refusalOf(chatId)).toBeNull();
  });

  it('stays recorded as refused, with its arrival, when it is refused', () => {
    refusalOf('unknown');
    expect(linq.shares.calls).toMatchObject([
      { chatId: 'unknown', line: null, effect: 'refused', arrivedAt: now, answeredMonotonicMs: null },
    ]);
  });
});

describe('opt-outs', () => {
  it.each(['STOP', ' QUIT\n', 'OPTOUT', 'opt out', 'Opt-Out'])('%j refuses shares to the person', (word) => {
    const chatId = greetedChat();
    linq.receiveMessage(chatId, word);
    expect(refusalOf(chatId)).toBe(2024);
    expect(linq.world.chat(chatId).health.status).toBe('OPTED_OUT');
  });

  it.each(['stop', 'please STOP', 'END.'])('%j is no opt-out', (text) => {
    const chatId = greetedChat();
    linq.receiveMessage(chatId, text);
    expect(refusalOf(chatId)).toBeNull();
  });

  it('end with the next other message', () => {
    const chatId = greetedChat();
    linq.receiveMessage(chatId, 'STOP');
    linq.receiveMessage(chatId, 'Sorry, go on');
    expect(refusalOf(chatId)).toBeNull();
    expect(linq.world.chat(chatId).health.status).toBe('HEALTHY');
  });

  it("count in all the person's direct chats, but mark only the one where the word came in", () => {
    const first = greetedChat({ handle: '+12025550142' });
    const second = greetedChat({ handle: '+12025550142' });
    linq.receiveMessage(first, 'STOP');
    expect(refusalOf(second)).toBe(2024);
    expect(linq.world.chat(second).health.status).toBe('HEALTHY');
  });

  it('do nothing in groups', () => {
    const chatId = greetedChat({ isGroup: true });
    linq.receiveMessage(chatId, 'STOP');
    expect(refusalOf(chatId)).toBeNull();
    expect(linq.world.chat(chatId).health.status).toBe('HEALTHY');
  });
});
