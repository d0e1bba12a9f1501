import { describe, expect, it } from 'vitest';
import { createDeadlines } from '../../../src/linq/call.ts';

const DEADLINE_MS = 20;

/** Items that tell when they expire, by a monotonic clock that the test moves. */
function setUp() {
  let now = 0;
  const expired: string[] = [];
  const deadlines = createDeadlines(DEADLINE_MS, () => now);
  const start = (name: string) => {
    let expire = () => {};
    const ended = new Promise<void>((resolve) => {
      expire = resolve;
    });
    const item = { expire: () => [expired.push(name), expire()] };
    deadlines.add(item);
    return { item, ended };
  };
  return { deadlines, expired, start, moveTo: (ms: number) => (now = ms) };
}

describe('createDeadlines', () => {
  it('ends what outlived the deadline, and later what started later', async () => {
    const { expired, start, moveTo } = setUp();
    const first = start('first');
    moveTo(DEADLINE_MS - 5);
    const second = start('second');
    moveTo(DEADLINE_MS);
    await first.ended;
    expect(expired).toEqual(['first']);
    moveTo(2 * DEADLINE_MS);
    await second.ended;
    expect(expired).toEqual(['first', 'second']);
  });

  it('leaves alone what ended before', async () => {
    const { deadlines, expired, start, moveTo } = setUp();
    const early = start('early');
    const late = start('late');
    deadlines.delete(early.item);
    expect([...deadlines.running()]).toEqual([late.item]);
    moveTo(DEADLINE_MS);
    await late.ended;
    expect(expired).toEqual(['late']);
    expect([...deadlines.running()]).toEqual([]);
  });

  it('watches again after a time in which nothing ran', async () => {
    const { expired, start, moveTo } = setUp();
    const first = start('first');
    moveTo(DEADLINE_MS);
    await first.ended;
    const second = start('second');
    moveTo(2 * DEADLINE_MS);
    await second.ended;
    expect(expired).toEqual(['first', 'second']);
  });
});
