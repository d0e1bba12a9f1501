import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { type Change, createProblemBook } from '../../../../src/status/problems/problem-book.ts';
import type { OpenProblem } from '../../../../src/status/problems/problem-words.ts';
import type { Findings } from '../../../../src/status/problems/problems.ts';
import type { KnownProblem } from '../../../../src/store/store.ts';
import { LINE, OTHER_LINE, T } from '../../../helpers/builders.ts';

const NOTHING: Findings = { open: [], undetermined: new Set() };
const found = (...open: OpenProblem[]): Findings => ({ open, undetermined: new Set() });
const LOW: OpenProblem = { code: 'disk_low', since: null };
const cardOf = (line: string): OpenProblem => ({ code: 'card_missing', since: null, line });
const knownOf = (parts: Partial<KnownProblem> = {}): KnownProblem => ({
  code: 'disk_low',
  scope: '',
  since: T - HOUR,
  alertedAt: null,
  closedAt: null,
  ...parts,
});
const said = (change: Change | null) =>
  change === null ? null : `${change.event} ${change.problem.code}${change.problem.scope}`;

/** A book that somebody is told from. */
const startBook = (known: readonly KnownProblem[] = []) => createProblemBook(known, true);

describe('a book of problems', () => {
  it('tells what opened and what closed, each once', () => {
    const book = startBook();
    const codes = (findings: Findings, at: number) => {
      const { opened, closed } = book.update(findings, at);
      return [opened.map(({ code }) => code), closed.map(({ code }) => code)];
    };
    expect(codes(found(LOW), T)).toEqual([['disk_low'], []]);
    expect(codes(found(LOW), T + 1)).toEqual([[], []]);
    expect(codes(NOTHING, T + 2)).toEqual([[], ['disk_low']]);
    expect(codes(NOTHING, T + 3)).toEqual([[], []]);
    expect(codes(found(LOW), T + 4)).toEqual([['disk_low'], []]);
  });

  it('tells nobody by an alert that alerts fail, and keeps it over a restart', () => {
    const failing: OpenProblem = { code: 'alerts_failing', since: null };
    const book = startBook();
    expect(book.update(found(failing), T).opened).toMatchObject([{ code: 'alerts_failing' }]);
    expect(book.nextToSend(T)).toBeNull();
    const restarted = startBook(book.takeUnwritten().put);
    expect(restarted.open()).toMatchObject([{ code: 'alerts_failing', since: T }]);
    expect(restarted.update(NOTHING, T + 1).closed).toHaveLength(1);
    expect(restarted.nextToSend(T + 1)).toBeNull();
    expect(restarted.takeUnwritten()).toMatchObject({ put: [], removed: [{ code: 'alerts_failing' }] });
  });

  it('counts a problem of each line alone', () => {
    const book = startBook();
    book.update(found(cardOf(LINE), cardOf(OTHER_LINE)), T);
    const { closed } = book.update(found(cardOf(OTHER_LINE)), T + 1);
    expect(closed).toMatchObject([{ code: 'card_missing', scope: LINE }]);
    expect(book.open()).toMatchObject([{ scope: OTHER_LINE, since: T }]);
  });

  it('goes on over a restart: an open problem neither opens again nor forgets since when', () => {
    const book = startBook([knownOf()]);
    expect(book.update(found(LOW), T).opened).toEqual([]);
    expect(book.open()).toMatchObject([{ code: 'disk_low', since: T - HOUR }]);
    expect(book.update(NOTHING, T + 1).closed).toMatchObject([{ code: 'disk_low', since: T - HOUR }]);
  });

  it('believes what records since when before what it remembers, but no time of the future', () => {
    const book = startBook([knownOf({ since: T + HOUR })]);
    book.update(found({ ...LOW, since: T - MINUTE }), T);
    expect(book.open()).toMatchObject([{ since: T - MINUTE }]);
    book.update(found(LOW), T - HOUR);
    expect(book.open()).toMatchObject([{ since: T - HOUR }]);
  });

  it('has what changed written, and no more', () => {
    const book = startBook();
    book.update(found(LOW, cardOf(LINE)), T);
    const first = book.takeUnwritten();
    expect(first.put).toEqual([
      { code: 'disk_low', scope: '', since: T, alertedAt: null, closedAt: null },
      { code: 'card_missing', scope: LINE, since: T, alertedAt: null, closedAt: null },
    ]);
    book.giveBack(first);
    expect(book.takeUnwritten()).toEqual(first);
    book.update(found(LOW), T + 1);
    expect(book.takeUnwritten()).toMatchObject({ put: [], removed: [{ code: 'card_missing', scope: LINE }] });
    book.update(found(LOW), T + 2);
    expect(book.takeUnwritten()).toEqual({ put: [], removed: [] });
  });

  it('forgets what another version knew, and closings when nobody is told any more', () => {
    const book = createProblemBook([knownOf({ code: 'of_tomorrow' }), knownOf({ closedAt: T })], false);
    expect(book.open()).toEqual([]);
    expect(book.takeUnwritten().removed).toMatchObject([{ code: 'of_tomorrow' }, { code: 'disk_low' }]);
  });

  it('keeps no closing when nobody is to be told', () => {
    const book = createProblemBook([knownOf()], false);
    book.update(NOTHING, T);
    expect(book.takeUnwritten()).toMatchObject({ put: [], removed: [{ code: 'disk_low' }] });
  });
});

describe('what is to be told of problems', () => {
  it('is each opening and each closing, once, the oldest first', () => {
    const book = startBook();
    book.update(found(cardOf(LINE)), T);
    book.update(found(cardOf(LINE), LOW), T + 1);
    const told: (string | null)[] = [];
    const tellAll = (at: number) => {
      for (let change = book.nextToSend(T + HOUR); change !== null; change = book.nextToSend(T + HOUR)) {
        told.push(said(change));
        book.sent(change, 'taken', at);
      }
    };
    tellAll(T + 2);
    book.update(NOTHING, T + 3);
    tellAll(T + 4);
    expect(told).toEqual([
      `opened card_missing${LINE}`,
      'opened disk_low',
      `closed card_missing${LINE}`,
      'closed disk_low',
    ]);
    expect(book.takeUnwritten()).toMatchObject({ put: [] });
  });

  it('is repeated until it was taken', () => {
    const book = startBook();
    book.update(found(LOW), T);
    for (const outcome of ['refused', 'unknown', 'refused', 'taken'] as const) {
      const change = book.nextToSend(T + HOUR);
      expect(said(change)).toBe('opened disk_low');
      if (change !== null) book.sent(change, outcome, T + 1);
    }
    expect(book.nextToSend(T + HOUR)).toBeNull();
  });

  it('is nothing when a problem closes before anybody was told that it opened', () => {
    const book = startBook();
    book.update(found(LOW), T);
    const change = book.nextToSend(T + HOUR);
    if (change !== null) book.sent(change, 'refused', T);
    book.update(NOTHING, T + 1);
    expect(book.nextToSend(T + HOUR)).toBeNull();
    expect(book.takeUnwritten()).toMatchObject({ put: [], removed: [{ code: 'disk_low' }] });
  });

  it.each(['taken', 'unknown'] as const)(
    'is the closing, too, when it came while its opening was being told, and that was %s',
    (outcome) => {
      const book = startBook();
      book.update(found(LOW), T);
      const change = book.nextToSend(T + HOUR);
      book.update(NOTHING, T + 1);
      if (change !== null) book.sent(change, outcome, T);
      expect(said(book.nextToSend(T + HOUR))).toBe('closed disk_low');
    },
  );

  it('is nothing when it came while its opening was being told, and that was refused', () => {
    const book = startBook();
    book.update(found(LOW), T);
    const change = book.nextToSend(T + HOUR);
    book.update(NOTHING, T + 1);
    if (change !== null) book.sent(change, 'refused', T);
    expect(book.nextToSend(T + HOUR)).toBeNull();
  });

  it('is nothing when a problem opens again before its closing was told', () => {
    const book = startBook([knownOf({ alertedAt: T - 1 })]);
    book.update(NOTHING, T);
    expect(book.update(found(LOW), T + 1).opened).toHaveLength(1);
    expect(book.nextToSend(T + HOUR)).toBeNull();
  });

  it.each(['taken', 'unknown'] as const)(
    'is the opening again when it came while the closing was being told, and that was %s',
    (outcome) => {
      const book = startBook([knownOf({ alertedAt: T - 1 })]);
      book.update(NOTHING, T);
      const change = book.nextToSend(T + HOUR);
      expect(said(change)).toBe('closed disk_low');
      book.update(found(LOW), T + 1);
      if (change !== null) book.sent(change, outcome, T);
      expect(said(book.nextToSend(T + HOUR))).toBe('opened disk_low');
    },
  );

  it('is neither repeated nor forgotten over a restart', () => {
    const told = startBook([knownOf({ alertedAt: T - 1 })]);
    told.update(found(LOW), T);
    expect(told.nextToSend(T + HOUR)).toBeNull();
    const untold = startBook([knownOf()]);
    untold.update(found(LOW), T);
    expect(said(untold.nextToSend(T + HOUR))).toBe('opened disk_low');
    const closing = startBook([knownOf({ alertedAt: T - 2, closedAt: T - 1 })]);
    closing.update(NOTHING, T);
    expect(said(closing.nextToSend(T + HOUR))).toBe('closed disk_low');
  });

  it('is the closing of what may have been told when a crash came', () => {
    const book = startBook([knownOf()]);
    book.update(NOTHING, T);
    expect(said(book.nextToSend(T + HOUR))).toBe('closed disk_low');
  });

  it('is the opening of one that comes and goes every 5 minutes at most, and then only if it is open', () => {
    const book = startBook();
    const told: string[] = [];
    for (let second = 0; second < 15 * 60; second += 10) {
      const at = T + second * SECOND;
      book.update(second % 60 < 30 ? found(LOW) : NOTHING, at);
      const change = book.nextToSend(at);
      if (change === null) continue;
      told.push(`${change.event} ${second}`);
      book.sent(change, 'taken', at);
    }
    expect(told).toEqual(['opened 0', 'closed 30', 'opened 300', 'closed 330', 'opened 600', 'closed 630']);
  });

  it('is told at once of another line, when the clock was set back, and when nobody heard it before', () => {
    const book = startBook();
    book.update(found(cardOf(LINE)), T);
    const first = book.nextToSend(T);
    if (first !== null) book.sent(first, 'taken', T);
    book.update(found(cardOf(LINE), cardOf(OTHER_LINE)), T + 1);
    const other = book.nextToSend(T + 1);
    expect(said(other)).toBe(`opened card_missing${OTHER_LINE}`);
    if (other !== null) book.sent(other, 'unknown', T + 1);
    expect(said(book.nextToSend(T + 2))).toBe(`opened card_missing${OTHER_LINE}`);
    book.update(NOTHING, T + 3);
    for (const at of [T + 4, T + 5]) {
      const closing = book.nextToSend(at);
      if (closing !== null) book.sent(closing, 'taken', at);
    }
    book.update(found(cardOf(LINE)), T + 6);
    expect(book.nextToSend(T + 6)).toBeNull();
    expect(said(book.nextToSend(T - HOUR))).toBe(`opened card_missing${LINE}`);
  });

  it('is told once more when it became an error', () => {
    const book = startBook();
    const unavailable: OpenProblem = { code: 'api_unavailable', since: T };
    book.update(found(unavailable), T);
    const warning = book.nextToSend(T + HOUR);
    if (warning !== null) book.sent(warning, 'taken', T);
    const worse = { ...unavailable, errorSince: T + 10 * MINUTE };
    book.update(found(worse), T + 11 * MINUTE);
    const error = book.nextToSend(T + MINUTE);
    expect(said(error)).toBe('opened api_unavailable');
    if (error !== null) book.sent(error, 'taken', T + 11 * MINUTE);
    book.update(found(worse), T + 12 * MINUTE);
    expect(book.nextToSend(T + HOUR)).toBeNull();
  });

  it('is told once more when it became an error before a warning that arrived late', () => {
    const book = startBook();
    const unavailable: OpenProblem = { code: 'api_unavailable', since: T };
    const worse = { ...unavailable, errorSince: T + 10 * MINUTE };
    book.update(found(unavailable), T);
    const warning = book.nextToSend(T + 10 * MINUTE);
    book.update(found(worse), T + 10 * MINUTE + 1);
    if (warning !== null) book.sent(warning, 'taken', T + 10 * MINUTE + 2);
    const error = book.nextToSend(T + 11 * MINUTE);
    expect(said(error)).toBe('opened api_unavailable');
    if (error !== null) book.sent(error, 'taken', T + 5 * MINUTE); // the clock was set back
    book.update(found({ ...worse, errorSince: T }), T + 5 * MINUTE);
    expect(book.nextToSend(T + HOUR)).toBeNull();
  });

  it('is not kept back by a change that is refused each time', () => {
    const book = startBook();
    book.update(found(LOW), T);
    book.update(found(LOW, cardOf(LINE)), T + 1);
    const first = book.nextToSend(T + HOUR);
    if (first !== null) book.sent(first, 'refused', T + 2);
    expect(said(book.nextToSend(T + HOUR))).toBe(`opened card_missing${LINE}`);
  });
});
