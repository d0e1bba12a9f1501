import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/decide/time.ts';
import { createHoldBook } from '../../../src/dispatch/hold-book.ts';
import { holdOf, LINE, lineOf, T } from '../../helpers/builders.ts';

const start = () => createHoldBook(() => {});
const disabled = holdOf({ reason: 'feature_disabled', until: T + HOUR });
const pause = holdOf({ scope: LINE, reason: 'line_paused', until: T + HOUR });

describe('what is loaded again', () => {
  it('replaces what is known, but for changes that no turn has written yet', () => {
    const book = start();
    book.load([disabled, pause], [lineOf()], T);
    book.end(null, 'feature_disabled');
    book.clearLine(LINE, T + 1);
    const breaker = holdOf({ reason: 'api_unavailable', until: T + MINUTE });
    book.put(breaker);
    const other = holdOf({ reason: 'rate_limited', until: T + MINUTE });
    book.load([disabled, other], [lineOf({ card: 'missing' })], T);
    expect(book.all()).toEqual([other, breaker]);
    expect(book.line(LINE)).toMatchObject({ card: 'missing', clearedAt: T + 1 });
  });

  it("replaces what was written: others' changes count from then on", () => {
    const book = start();
    book.load([disabled], [], T);
    book.end(null, 'feature_disabled');
    book.takeChanges();
    book.load([disabled], [], T);
    expect(book.all()).toEqual([disabled]);
  });

  it("ends a pause of a line when Linq's word that it is active is news", () => {
    const book = start();
    book.load([pause], [lineOf({ status: 'ACTIVE', statusAt: T - 1 })], T);
    const isActive = lineOf({ status: 'ACTIVE', statusAt: T + 1 });
    book.load([pause], [isActive], T + 1);
    expect(book.all()).toEqual([]);
    const again = { ...pause, since: T - 10 }; // its time alone would end it, too
    book.takeChanges();
    book.load([again], [isActive], T + 2);
    expect(book.all()).toEqual([again]);
  });
});

describe('a hold that ends', () => {
  it('says how long it would have lasted, since another replica may have prolonged it', () => {
    const book = start();
    book.load([disabled, pause], [lineOf()], T);
    book.end(null, 'feature_disabled');
    book.end(LINE, 'line_paused', true);
    expect([...book.takeChanges().ended.values()]).toEqual([
      { scope: null, reason: 'feature_disabled', until: T + HOUR },
      { scope: LINE, reason: 'line_paused', until: null },
    ]);
  });

  it('and begins again in the same turn is written as both', () => {
    const book = start();
    book.load([disabled], [], T);
    book.end(null, 'feature_disabled');
    const again = { ...disabled, until: T + 1 };
    book.put(again);
    const { ended, put } = book.takeChanges();
    expect([...ended.values()]).toMatchObject([{ until: T + HOUR }]);
    expect([...put.values()]).toEqual([again]);
  });

  it('is written by the next turn if this one failed, whatever became of it meanwhile', () => {
    const book = start();
    book.load([disabled], [], T);
    book.end(null, 'feature_disabled');
    const again = { ...disabled, until: T + 1 };
    book.put(again);
    const taken = book.takeChanges();
    book.end(null, 'feature_disabled');
    book.giveBack(taken);
    const { ended, put } = book.takeChanges();
    expect([...ended.values()]).toMatchObject([{ until: T + HOUR }]);
    expect([...put.values()]).toEqual([]);
  });
});

describe('a hold that a restart may have fixed', () => {
  it('is probed at once, also if it is loaded again, and its stored end is known when it ends', () => {
    const book = start();
    book.load([disabled, pause], [lineOf()], T);
    book.hasten(T + 1);
    book.load([disabled, pause], [lineOf()], T + 2);
    expect(book.find(null, 'feature_disabled')).toMatchObject({ until: T + 1 });
    expect(book.find(LINE, 'line_paused')).toEqual(pause);
    expect(book.hasChanges()).toBe(false);
    book.end(null, 'feature_disabled');
    expect([...book.takeChanges().ended.values()]).toMatchObject([{ until: T + HOUR }]);
  });

  it('waits again if another replica prolonged it meanwhile', () => {
    const book = start();
    book.load([disabled], [], T);
    book.hasten(T + 1);
    const longer = { ...disabled, until: T + 2 * HOUR };
    book.load([longer], [], T + 2);
    expect(book.all()).toEqual([longer]);
  });
});
