import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { LINE, lineEventOf, outboundOf, T } from '../../helpers/builders.ts';
import { activeCards, later } from '../../helpers/fake-linq.ts';
import { startReactor } from '../../helpers/reactor.ts';

const lineOf = (index: number) => `+1202555${String(1000 + index)}`;

describe('an account with many lines', () => {
  it('looks at four cards at once, and at all of them in the end', async () => {
    const { linq, deliver, idle } = await startReactor();
    const slow = later<ReturnType<typeof activeCards>>();
    linq.script.cards = (line) => slow.promise.then(() => activeCards(line));
    await deliver(
      ...Array.from({ length: 30 }, (_, i) => outboundOf(T, { chatId: `c${i}`, line: lineOf(i) })),
    );
    expect(linq.open()).toBe(4);
    slow.answer(activeCards(LINE));
    await idle();
    expect(linq.shares()).toHaveLength(30);
  });

  it('sleeps while four slow looks are under way and the other cards wait for room', async () => {
    const reactor = await startReactor();
    const { linq, deliver, run, settle, clock } = reactor;
    linq.script.cards = () => ({ kind: 'cards', cards: [] });
    await deliver(
      ...Array.from({ length: 30 }, (_, i) => outboundOf(T, { chatId: `c${i}`, line: lineOf(i) })),
    );
    expect(linq.looks()).toHaveLength(30);
    linq.script.cards = () => later<ReturnType<typeof activeCards>>().promise;
    clock.advance(2 * MINUTE);
    await settle();
    expect(linq.open()).toBe(4);
    const stirs = clock.stirs();
    await run(SECOND);
    expect(clock.stirs() - stirs).toBeLessThan(10);
  });
});

describe("an operator's release of a line", () => {
  it('ends a flag that Linq dated later than our clock', async () => {
    const { linq, deliver, dispatcher, idle } = await startReactor();
    await deliver(outboundOf(T), lineEventOf({ at: T + HOUR, status: 'FLAGGED' }));
    linq.clear();
    expect(dispatcher.snapshot().lines[0]?.hold?.reason).toBe('line_flagged');
    await dispatcher.releaseLine(LINE);
    await idle();
    expect(dispatcher.snapshot().lines[0]?.hold).toBeNull();
  });
});
