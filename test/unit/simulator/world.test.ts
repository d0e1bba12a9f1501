import { describe, expect, it } from 'vitest';
import { createRandomness } from '../../../src/simulator/random.ts';
import { SimulatorError } from '../../../src/simulator/simulator-errors.ts';
import { createWorld } from '../../../src/simulator/world.ts';

const LINE = '+12025550100';

function createAccount() {
  const world = createWorld({ now: () => 0 }, createRandomness(1));
  world.addLine(LINE, 'active');
  return world;
}

describe('createChat', () => {
  it('invents a person for each chat: no two share a handle, none is a usual line', () => {
    const world = createAccount();
    const people = Array.from({ length: 70_500 }, () => world.createChat({ line: LINE }).others[0]?.handle);
    expect(new Set(people).size).toBe(people.length);
    expect(people).not.toContain(LINE);
    expect(people[0]).toBe('+13015550100');
  });

  it('gives a person the same handle id in every chat', () => {
    const world = createAccount();
    const chats = [1, 2].map(() => world.createChat({ line: LINE, handle: '+12025550142' }));
    expect(new Set(chats.map(({ others }) => others[0]?.handleId)).size).toBe(1);
  });

  it.each([
    ['a line that was not added', { line: '+12025550199' }],
    ['a chat id that is taken', { line: LINE, chatId: 'c1' }],
  ])('refuses %s', (_what, chat) => {
    const world = createAccount();
    world.createChat({ line: LINE, chatId: 'c1' });
    expect(() => world.createChat(chat)).toThrow(SimulatorError);
  });
});
