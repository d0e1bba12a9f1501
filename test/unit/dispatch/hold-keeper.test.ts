import { describe, expect, it } from 'vitest';
import { createHoldBook } from '../../../src/dispatch/hold-book.ts';
import { createHoldKeeper, createStreaks } from '../../../src/dispatch/hold-keeper.ts';
import type { AttemptOutcome } from '../../../src/store/turn.ts';
import { holdOf, T } from '../../helpers/builders.ts';

const five = ['a', 'b', 'c', 'd', 'e'];

describe('first failures in a row', () => {
  it('make a streak with the fifth chat, and prolong it with each further one', () => {
    const { failed, areSharesFailing } = createStreaks();
    expect([...five, 'f'].map((chat) => failed(chat))).toEqual([false, false, false, false, true, true]);
    expect(areSharesFailing()).toBe(true);
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

  it('are counted on when a card could be looked at, which begins to count looks anew', () => {
    const streaks = createStreaks();
    for (const chat of five.slice(0, 4)) streaks.failed(chat);
    for (let looks = 0; looks < 4; looks++) streaks.cardCheckFailed();
    streaks.readAnswered();
    expect(streaks.cardCheckFailed()).toBe(false);
    expect(streaks.failed('e')).toBe(true);
  });
});

describe('refusals', () => {
  const refuse = (
    { refused }: ReturnType<typeof createStreaks>,
    chats: readonly string[],
    wasUndone = false,
  ) => chats.flatMap((chat) => refused(chat, wasUndone));

  it('are to be undone, all five, with the fifth chat', () => {
    const streaks = createStreaks();
    expect(refuse(streaks, five.slice(0, 4))).toEqual([]);
    expect(refuse(streaks, ['e'])).toEqual(five);
    expect(streaks.isRefusing()).toBe(true);
  });

  it('are not, with a share between', () => {
    const streaks = createStreaks();
    refuse(streaks, five.slice(0, 4));
    streaks.shared();
    expect(refuse(streaks, five.slice(0, 4))).toEqual([]);
  });

  it('are counted on through other answers', () => {
    const streaks = createStreaks();
    refuse(streaks, five.slice(0, 4));
    streaks.answered();
    expect(refuse(streaks, ['e'])).toEqual(five);
  });

  it('stand for a chat that was undone once and is refused again after a share', () => {
    const streaks = createStreaks();
    refuse(streaks, five);
    streaks.shared();
    expect(refuse(streaks, [...five, 'f'], true)).toEqual([]);
    expect(streaks.isRefusing()).toBe(false);
  });

  it('are undone one by one while nothing has worked', () => {
    const streaks = createStreaks();
    refuse(streaks, five);
    expect(refuse(streaks, ['a', 'f'], true)).toEqual(['a', 'f']);
  });
});

const ended = (chatId: string, parts: Partial<AttemptOutcome> = {}): AttemptOutcome => ({
  chatId,
  outcome: 'retry',
  httpStatus: 500,
  linqCode: 3006,
  failures: 1,
  ...parts,
});
const REFUSED = { outcome: 'rejected', httpStatus: 400, linqCode: 1005, failures: 0 } as const;
const SHARED = { outcome: 'shared', httpStatus: 200, linqCode: null, failures: 0 } as const;

describe('what a process before saw', () => {
  const all = (parts: Partial<AttemptOutcome>) => five.slice(0, 4).map((chat) => ended(chat, parts));

  it.each([
    ['400 of an unknown kind', 400, 9999],
    ['chat gone', 404, 2001],
    ['opted out', 403, 2024],
    ['blocked', 403, 2026],
  ])('counts on: refused, %s', (_, httpStatus, linqCode) => {
    const streaks = createStreaks(all({ ...REFUSED, httpStatus, linqCode }));
    expect(streaks.refused('e', false)).toEqual(five);
  });

  it('counts on: first failures', () => {
    expect(createStreaks(all({})).failed('e')).toBe(true);
    expect(createStreaks(all({ outcome: 'unknown', httpStatus: null, linqCode: null })).failed('e')).toBe(
      true,
    );
  });

  it('does not count refusals of the account or the line, nor rate limits', () => {
    const closed = all({ ...REFUSED, httpStatus: 403, linqCode: 2011 });
    expect(createStreaks(closed).refused('e', false)).toEqual([]);
    expect(createStreaks(all({ httpStatus: 429, linqCode: 1007, failures: 0 })).failed('e')).toBe(false);
  });

  it('does not count what came before a share', () => {
    const refused = createStreaks([...all(REFUSED), ended('x', SHARED)]);
    expect(refused.refused('e', false)).toEqual([]);
    expect(createStreaks([...all({}), ended('x', SHARED)]).failed('e')).toBe(false);
  });

  it('does not count a chat that began to fail before the last answer, or before what is remembered', () => {
    const began = [ended('a', { failures: 2 }), ended('x', REFUSED), ended('a', { failures: 2 })];
    expect(createStreaks([...began, ...all({}).slice(1)]).failed('e')).toBe(false);
    expect(createStreaks([ended('a', { failures: 9 }), ...all({}).slice(1)]).failed('e')).toBe(false);
  });

  it('knows that refusals opened the breaker, and believes those it undid, after a share', () => {
    const opened = five.map((chat) => ended(chat, { ...REFUSED, failures: 1 }));
    expect(createStreaks(opened).isRefusing()).toBe(true);
    const believed = [...opened, ended('x', SHARED), ...five.map((chat) => ended(chat, REFUSED))];
    const streaks = createStreaks(believed);
    expect(streaks.isRefusing()).toBe(false);
    expect(streaks.refused('f', false)).toEqual([]);
  });
});

describe('outcomes of all replicas', () => {
  function start() {
    const book = createHoldBook(() => {});
    return { book, keeper: createHoldKeeper(book) };
  }
  const call = { line: null, isFirst: true, wasUndone: false, startedAt: T, endedAt: T };
  const refusal = { kind: 'retired', reason: 'chat_gone' } as const;

  it('that were refused open the breaker and are all undone, wherever they were', () => {
    const { book, keeper } = start();
    keeper.heard(refusal, { ...call, chatId: 'a' });
    keeper.recount(
      five.map((chat) => ended(chat, REFUSED)),
      T,
    );
    expect(book.find(null, 'api_unavailable')).toMatchObject({ since: T, until: T + 1_000, step: 0 });
    expect(book.takeChanges().undone).toEqual(five);
  });

  it('are undone once: what follows is undone as it comes', () => {
    const { book, keeper } = start();
    const past = five.map((chat) => ended(chat, REFUSED));
    keeper.recount(past, T);
    book.takeChanges();
    keeper.heard(refusal, { ...call, chatId: 'f' });
    keeper.recount([...past, ended('f', REFUSED)], T + 1);
    expect(book.takeChanges().undone).toEqual(['f']);
  });

  it('that failed open the breaker, unless it is open: then its wait stays', () => {
    const { book, keeper } = start();
    book.load([holdOf({ reason: 'api_unavailable', until: T + 30_000, step: 5 })], [], T);
    const past = five.map((chat) => ended(chat));
    keeper.recount(past, T + 60_000);
    expect(book.find(null, 'api_unavailable')).toMatchObject({ until: T + 30_000 });
    const next = start();
    next.keeper.recount(past, T);
    expect(next.book.find(null, 'api_unavailable')).toMatchObject({ until: T + 1_000 });
  });

  it.each([
    ['failed', {}],
    ['were refused', REFUSED],
  ] as const)('that %s don’t open it again once a card check has had to close it', (_, parts) => {
    const { book, keeper } = start();
    const past = five.map((chat) => ended(chat, parts));
    keeper.recount(past, T);
    const check = { ...call, chatId: null, startedAt: T + 1_000 };
    keeper.reached(check);
    expect(book.find(null, 'api_unavailable')).not.toBeNull();
    const again = { ...check, startedAt: book.find(null, 'api_unavailable')?.until ?? 0 };
    keeper.reached({ ...again, startedAt: again.startedAt - 1 }, true);
    expect(book.find(null, 'api_unavailable')).not.toBeNull();
    keeper.reached(again, true);
    keeper.recount(past, T);
    expect(book.find(null, 'api_unavailable')).toBeNull();
    keeper.heard({ kind: 'transient', mayHaveArrived: false, retryAfterMs: null }, { ...call, chatId: 'f' });
    expect(book.find(null, 'api_unavailable')).toEqual(parts === REFUSED ? null : expect.anything());
  });

  it('replace what was counted here, but for card checks, of which they tell nothing', () => {
    const { book, keeper } = start();
    for (const chatId of five.slice(0, 4))
      keeper.heard({ kind: 'transient', mayHaveArrived: false, retryAfterMs: null }, { ...call, chatId });
    for (let checks = 0; checks < 4; checks++)
      keeper.heard(
        { kind: 'transient', mayHaveArrived: false, retryAfterMs: null },
        { ...call, chatId: null },
      );
    keeper.recount([...five.slice(0, 4).map((chat) => ended(chat)), ended('x', SHARED), ended('e')], T);
    expect(book.find(null, 'api_unavailable')).toBeNull();
    keeper.heard({ kind: 'transient', mayHaveArrived: false, retryAfterMs: null }, { ...call, chatId: null });
    expect(book.find(null, 'api_unavailable')).not.toBeNull();
  });
});
