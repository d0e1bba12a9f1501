import { describe, expect, it } from 'vitest';
import type { Line } from '../../../src/decide/holds.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { createCards } from '../../../src/dispatch/card-checks.ts';
import { LINE, OTHER_LINE, T } from '../../helpers/builders.ts';

const start = (ttlMs = 10 * MINUTE) => createCards({ ttlMs, random: () => 0 });

describe('what is known of a card', () => {
  it('is nothing at first: it is to be looked at', () => {
    const cards = start();
    expect(cards.isFresh(LINE, T)).toBe(false);
    expect(cards.isCheckDue(LINE, T)).toBe(true);
  });

  it.each([
    ['active', 10 * MINUTE, 10 * MINUTE],
    ['inactive', 10 * MINUTE, 2 * MINUTE],
    ['missing', 10 * MINUTE, 2 * MINUTE],
    ['inactive', 30 * SECOND, 30 * SECOND],
  ] as const)('when it was %s and is believed for %i ms is fresh for %i ms', (state, ttlMs, freshMs) => {
    const cards = start(ttlMs);
    cards.checked(LINE, state, T);
    expect(cards.isFresh(LINE, T + freshMs - 1)).toBe(true);
    expect(cards.isFresh(LINE, T + freshMs)).toBe(false);
    expect(cards.isCheckDue(LINE, T + freshMs)).toBe(true);
    expect(cards.checkAt(LINE)).toBe(T + freshMs);
  });

  it("isn't asked for twice at once", () => {
    const cards = start();
    cards.checking(LINE);
    expect(cards.isCheckDue(LINE, T)).toBe(false);
    expect(cards.checkAt(LINE)).toBeNull();
    expect(cards.isCheckDue(OTHER_LINE, T)).toBe(true);
  });

  it('is asked for again after a failure like a share: 1 s doubling, never before Linq says', () => {
    const cards = start();
    cards.failed(LINE, T, null);
    expect(cards.checkAt(LINE)).toBe(T + SECOND);
    cards.failed(LINE, T, null);
    expect(cards.checkAt(LINE)).toBe(T + 2 * SECOND);
    cards.failed(LINE, T, HOUR);
    expect(cards.checkAt(LINE)).toBe(T + HOUR);
    cards.checked(LINE, 'active', T);
    cards.failed(LINE, T, null);
    expect(cards.checkAt(LINE)).toBe(T + SECOND);
  });

  it('stays what it was while looks fail', () => {
    const cards = start();
    cards.checked(LINE, 'active', T);
    cards.failed(LINE, T + HOUR, null);
    expect(cards.isFresh(LINE, T + HOUR)).toBe(true);
    cards.failed(OTHER_LINE, T, null);
    expect(cards.isFresh(OTHER_LINE, T)).toBe(false);
  });

  it('that a share found missing is looked at again after 2 min', () => {
    const cards = start();
    cards.missing(LINE, T);
    expect(cards.isFresh(LINE, T)).toBe(true);
    expect(cards.checkAt(LINE)).toBe(T + 2 * MINUTE);
  });

  it('is wanted once it was forgotten, until a look that began after that has brought it', () => {
    const cards = start();
    cards.checked(LINE, 'active', T);
    expect(cards.isWanted(LINE)).toBe(false);
    cards.forget(LINE);
    expect([cards.isWanted(LINE), cards.isCheckDue(LINE, T)]).toEqual([true, true]);
    cards.checking(LINE);
    cards.failed(LINE, T, null);
    expect([cards.isWanted(LINE), cards.checkAt(LINE)]).toEqual([true, T + SECOND]);
    cards.checking(LINE);
    cards.checked(LINE, 'inactive', T + SECOND);
    expect([cards.isWanted(LINE), cards.isFresh(LINE, T + SECOND)]).toEqual([false, true]);
  });

  it('that was forgotten while a look was under way is looked at once more', () => {
    const cards = start();
    cards.checking(LINE);
    cards.forget(LINE);
    expect(cards.isCheckDue(LINE, T)).toBe(false);
    cards.checked(LINE, 'active', T + 1);
    expect(cards.isFresh(LINE, T + 1)).toBe(false);
    expect([cards.isWanted(LINE), cards.isCheckDue(LINE, T + 1)]).toEqual([true, true]);
  });

  it('that changed is looked at although a share of before was refused for lack of it', () => {
    const cards = start();
    cards.forget(LINE);
    cards.missing(LINE, T);
    expect([cards.isWanted(LINE), cards.isCheckDue(LINE, T)]).toEqual([true, true]);
    cards.checking(LINE);
    cards.forget(LINE);
    cards.missing(LINE, T);
    cards.checked(LINE, 'missing', T + 1);
    expect([cards.isWanted(LINE), cards.isCheckDue(LINE, T + 1)]).toEqual([true, true]);
  });

  it('is forgotten for one line, or for all', () => {
    const cards = start();
    for (const line of [LINE, OTHER_LINE]) cards.checked(line, 'active', T);
    cards.forget(LINE);
    expect([LINE, OTHER_LINE].map((line) => cards.isFresh(line, T))).toEqual([false, true]);
    cards.forgetAll();
    expect(cards.isFresh(OTHER_LINE, T)).toBe(false);
  });
});

describe('what another replica found out about a card', () => {
  const found = (card: Line['card'], cardCheckedAt: number | null) => ({ line: LINE, card, cardCheckedAt });

  it('counts once Linq has answered a check of our own: the answer shows whether our clock is right', () => {
    const cards = start();
    cards.adopt(found('active', T));
    expect([cards.isFresh(LINE, T), cards.isCheckDue(LINE, T)]).toEqual([false, true]);
    cards.failed(OTHER_LINE, T, null);
    expect([cards.isFresh(LINE, T), cards.isCheckDue(OTHER_LINE, T)]).toEqual([false, false]);
    cards.checked(OTHER_LINE, 'active', T);
    expect([cards.isFresh(LINE, T), cards.isCheckDue(LINE, T)]).toEqual([true, false]);
    cards.forgetAll();
    cards.adopt(found('active', T));
    expect([cards.isFresh(LINE, T), cards.isCheckDue(LINE, T)]).toEqual([false, true]);
  });

  it('counts from when it looked, and a little longer than for itself', () => {
    const cards = start();
    cards.checked(OTHER_LINE, 'active', T);
    cards.adopt(found('active', T));
    expect(cards.isFresh(LINE, T + 10 * MINUTE)).toBe(true);
    expect(cards.checkAt(LINE)).toBe(T + 10 * MINUTE + 5 * SECOND);
    cards.adopt(found('missing', T + 1));
    expect(cards.checkAt(LINE)).toBe(T + 1 + 2 * MINUTE + 5 * SECOND);
  });

  it('counts only if it is later than what is known, and if there was a look', () => {
    const cards = start();
    cards.checked(LINE, 'missing', T);
    cards.adopt(found('active', T));
    cards.adopt(found('unknown', T + 1));
    cards.adopt(found('active', null));
    expect(cards.checkAt(LINE)).toBe(T + 2 * MINUTE);
  });

  it("doesn't replace a look that is under way, or that was asked for", () => {
    const cards = start();
    cards.checking(LINE);
    cards.adopt(found('active', T));
    expect([cards.isFresh(LINE, T), cards.checkAt(LINE)]).toEqual([false, null]);
    cards.checked(LINE, 'active', T);
    cards.forget(LINE);
    cards.adopt(found('active', T + 1));
    expect(cards.isCheckDue(LINE, T + 1)).toBe(true);
  });
});
