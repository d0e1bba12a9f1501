import { describe, expect, it } from 'vitest';
import { createStreaks } from '../../../src/dispatch/streaks.ts';

const five = ['a', 'b', 'c', 'd', 'e'];

describe('failures in a row', () => {
  it('make a streak with the fifth chat', () => {
    const { failed } = createStreaks();
    expect(five.map((chat) => failed(chat))).toEqual([false, false, false, false, true]);
  });

  it('of the same chat count once', () => {
    const { failed } = createStreaks();
    expect(Array.from({ length: 50 }, () => failed('a'))).not.toContain(true);
  });

  it.each(['answered', 'shared'] as const)('are over when a call was %s', (ended) => {
    const streaks = createStreaks();
    for (const chat of five.slice(0, 4)) streaks.failed(chat);
    streaks[ended]();
    expect(streaks.failed('e')).toBe(false);
  });

  it('begin anew after a streak', () => {
    const { failed } = createStreaks();
    for (const chat of five) failed(chat);
    expect(five.map((chat) => failed(chat))).toEqual([false, false, false, false, true]);
  });
});

describe('refusals for good', () => {
  it('are to be undone, all five, with the fifth chat', () => {
    const { retired } = createStreaks();
    const undone = five.map((chat) => retired(chat));
    expect(undone.slice(0, 4).flat()).toEqual([]);
    expect(undone[4]).toEqual(five);
  });

  it('are not, with a success between', () => {
    const { retired, shared } = createStreaks();
    for (const chat of five.slice(0, 4)) retired(chat);
    shared();
    expect(five.slice(0, 4).flatMap((chat) => retired(chat))).toEqual([]);
  });

  it('are counted on through other answers', () => {
    const { retired, answered } = createStreaks();
    for (const chat of five.slice(0, 4)) retired(chat);
    answered();
    expect(retired('e')).toEqual(five);
  });

  it('stand for a chat that was undone once and is refused again after a success', () => {
    const { retired, shared } = createStreaks();
    for (const chat of five) retired(chat);
    shared();
    expect(five.flatMap((chat) => retired(chat))).toEqual([]);
  });

  it('are undone again while nothing has worked', () => {
    const { retired } = createStreaks();
    for (const chat of five) retired(chat);
    expect(five.flatMap((chat) => retired(chat))).toEqual(five);
  });
});
