import { describe, expect, it } from 'vitest';
import {
  accountHold,
  accountProbeAt,
  afterCardCheck,
  CARD_SETTLES_MS,
  type CardState,
  cardStateOf,
  type Hold,
  type Line,
  lineHold,
  settledCardChanges,
} from '../../../src/decide/holds.ts';
import { applyHold } from '../../../src/decide/share.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { holdOf, LINE, lineOf, OTHER_LINE, T } from '../../helpers/builders.ts';

const ACCOUNT_HOLDS: readonly Hold[] = [
  holdOf({ reason: 'paused' }),
  holdOf({ reason: 'api_key_rejected', until: T + 5 * SECOND }),
  holdOf({ reason: 'feature_disabled', until: T + HOUR }),
  holdOf({ reason: 'rate_limited', until: T + MINUTE }),
  holdOf({ reason: 'api_unavailable', until: T + SECOND }),
];

describe('what closes the account', () => {
  it.each(ACCOUNT_HOLDS.map((hold, index) => ({ reason: hold.reason, index })))(
    'is $reason before whatever else holds',
    ({ reason, index }) => {
      const holds = ACCOUNT_HOLDS.slice(index).reverse();
      expect(accountHold(holds, T)?.reason).toBe(reason);
    },
  );

  it('is nothing without holds, and no hold of a line', () => {
    expect(accountHold([], T)).toBeNull();
    expect(accountHold([holdOf({ scope: LINE, reason: 'line_paused', until: T + 1 })], T)).toBeNull();
  });

  it('is a rate limit until its millisecond comes', () => {
    const holds = [holdOf({ reason: 'rate_limited', until: T + MINUTE })];
    expect(accountHold(holds, T + MINUTE - 1)).toMatchObject({
      reason: 'rate_limited',
      until: T + MINUTE,
    });
    expect(accountHold(holds, T + MINUTE)).toBeNull();
  });

  it.each(['paused', 'api_key_rejected', 'feature_disabled', 'api_unavailable'] as const)(
    'is %s until somebody or some probe ends it, however late',
    (reason) => {
      expect(accountHold([holdOf({ reason, until: T + 1 })], T + 30 * DAY)?.reason).toBe(reason);
    },
  );

  it('may be probed when every hold has waited long enough', () => {
    const [, key, , , breaker] = ACCOUNT_HOLDS as [Hold, Hold, Hold, Hold, Hold];
    expect(accountProbeAt([key, breaker], T)).toBe(T + 5 * SECOND);
    expect(accountProbeAt([key, breaker], T + 9 * SECOND)).toBe(T + 9 * SECOND);
  });

  it("isn't probed during a pause of the operator's or of Linq's", () => {
    const breaker = holdOf({ reason: 'api_unavailable', until: T });
    const limit = holdOf({ reason: 'rate_limited', until: T + MINUTE });
    expect(accountProbeAt([breaker, holdOf({ reason: 'paused' })], T + DAY)).toBeNull();
    expect(accountProbeAt([breaker, limit], T + 1)).toBe(T + MINUTE);
    expect(accountProbeAt([breaker, limit], T + HOUR)).toBe(T + HOUR);
  });
});

describe('what closes a line', () => {
  const FLAGGED = { status: 'FLAGGED', statusAt: T };
  const notOurs = holdOf({ scope: LINE, reason: 'line_not_ours', until: T + 6 * HOUR });
  const paused = holdOf({ scope: LINE, reason: 'line_paused', until: T + 30 * MINUTE });
  const reasonOf = (line: Partial<Line>, holds: readonly Hold[], now = T + 1) =>
    lineHold(lineOf(line), holds, now)?.reason ?? null;

  it('is, in this order: not ours, flagged, paused, the card', () => {
    const line = { ...FLAGGED, card: 'missing' as const };
    expect(reasonOf(line, [paused, notOurs])).toBe('line_not_ours');
    expect(reasonOf(line, [paused])).toBe('line_flagged');
    expect(reasonOf({ card: 'missing' }, [paused])).toBe('line_paused');
    expect(reasonOf({ card: 'missing' }, [])).toBe('card_missing');
    expect(reasonOf({}, [])).toBeNull();
  });

  it.each<[CardState, string | null]>([
    ['active', null],
    ['inactive', 'card_inactive'],
    ['missing', 'card_missing'],
    ['unknown', 'card_unknown'],
  ])('with a card that is %s is %s', (card, reason) => {
    expect(reasonOf({ card }, [])).toBe(reason);
  });

  it('is no hold of another line', () => {
    expect(reasonOf({ line: OTHER_LINE }, [notOurs, paused])).toBeNull();
  });

  it('is a pause until its millisecond comes', () => {
    expect(reasonOf({}, [paused], T + 30 * MINUTE - 1)).toBe('line_paused');
    expect(reasonOf({}, [paused], T + 30 * MINUTE)).toBeNull();
  });

  it.each([
    ['the status FLAGGED', FLAGGED],
    ['the reputation CRITICAL', { reputation: 'CRITICAL', reputationAt: T }],
    [
      'CRITICAL though ACTIVE',
      { status: 'ACTIVE', statusAt: T + 9, reputation: 'CRITICAL', reputationAt: T },
    ],
  ])('is %s, with a chat to be tried after six hours', (_, line) => {
    const hold = { reason: 'line_flagged', since: T, until: T + 6 * HOUR };
    expect(lineHold(lineOf(line), [], T + DAY)).toEqual(hold);
  });

  it('is a flag only while nothing cleared it since', () => {
    expect(reasonOf({ ...FLAGGED, clearedAt: T - 1 }, [])).toBe('line_flagged');
    expect(reasonOf({ ...FLAGGED, clearedAt: T }, [])).toBeNull();
  });

  it.each(['AT_RISK', 'HEALTHY', 'SOMETHING_NEW'])('is no reputation of %s', (reputation) => {
    expect(reasonOf({ status: 'ACTIVE', statusAt: T, reputation, reputationAt: T }, [])).toBeNull();
  });

  it('waits for six more hours from the last try, but not from one of an earlier flag', () => {
    const tried = holdOf({ scope: LINE, reason: 'line_flagged', until: T + 20 * HOUR });
    expect(lineHold(lineOf(FLAGGED), [tried], T)?.until).toBe(T + 20 * HOUR);
    const flaggedAgain = lineOf({ status: 'FLAGGED', statusAt: T + 30 * HOUR });
    expect(lineHold(flaggedAgain, [tried], T + 31 * HOUR)?.until).toBe(T + 36 * HOUR);
  });

  it('has no chat tried before all of its holds have waited, whichever is named', () => {
    const now = T + 7 * HOUR;
    const pausedLate = holdOf({ scope: LINE, reason: 'line_paused', until: now + 30 * MINUTE });
    expect(lineHold(lineOf(FLAGGED), [pausedLate], now)).toMatchObject({
      reason: 'line_flagged',
      until: now + 30 * MINUTE,
    });
    expect(lineHold(lineOf(FLAGGED), [pausedLate], now + 30 * MINUTE)?.until).toBe(T + 6 * HOUR);
    const notOursLate = holdOf({ scope: LINE, reason: 'line_not_ours', until: T + HOUR });
    expect(lineHold(lineOf(FLAGGED), [notOursLate], T + 2 * HOUR)?.until).toBe(T + 6 * HOUR);
  });
});

describe('a hold laid over the decision of a chat', () => {
  const due = { state: 'due', reason: 'window_lapsed', nextAttemptAt: T } as const;
  const backingOff = { state: 'retrying', reason: 'backoff', nextAttemptAt: T + HOUR } as const;
  const limit = { reason: 'rate_limited', since: T, until: T + MINUTE } as const;
  const noCard = { reason: 'card_missing', since: T, until: null } as const;
  const probed = { reason: 'api_unavailable', since: T, until: T + SECOND } as const;

  it('holds a chat that would be shared or tried again, with the reason of the hold', () => {
    expect(applyHold(due, noCard)).toEqual({ state: 'held', reason: 'card_missing', nextAttemptAt: null });
    expect(applyHold(backingOff, noCard)).toMatchObject({ state: 'held', reason: 'card_missing' });
  });

  it('gives the next attempt when the hold ends by time, the later of the two ends', () => {
    expect(applyHold(due, limit).nextAttemptAt).toBe(T + MINUTE);
    expect(applyHold(backingOff, limit).nextAttemptAt).toBe(T + HOUR);
    expect(applyHold(due, probed).nextAttemptAt).toBeNull();
  });

  it.each(['retired', 'held', 'done', 'waiting', 'idle'] as const)(
    'leaves a chat that is %s alone',
    (state) => {
      const decision = { state, reason: 'window', nextAttemptAt: T + HOUR } as const;
      expect(applyHold(decision, noCard)).toEqual(decision);
    },
  );

  it('comes before not knowing the line, and tells no next attempt that does not come', () => {
    const unknown = { state: 'held', reason: 'line_unknown', nextAttemptAt: null } as const;
    expect(applyHold(unknown, limit)).toEqual({ state: 'held', reason: 'rate_limited', nextAttemptAt: null });
    expect(applyHold(unknown, null)).toEqual(unknown);
  });

  it('leaves a chat alone whose attempt is in progress', () => {
    const sharing = { state: 'sharing', reason: 'became_eligible', nextAttemptAt: null } as const;
    expect(applyHold(sharing, noCard)).toEqual(sharing);
  });

  it('changes nothing when nothing is closed', () => {
    expect(applyHold(due, null)).toEqual(due);
  });
});

describe('the state of a card', () => {
  const card = (line: string, isActive: boolean) => ({ line, isActive });

  it.each([
    ['missing', [card(OTHER_LINE, true)]],
    ['inactive', [card(OTHER_LINE, true), card(LINE, false)]],
    ['active', [card(LINE, false), card(LINE, true)]],
  ] as const)('is %s, by the cards of its line alone', (state, cards) => {
    expect(cardStateOf(LINE, cards)).toBe(state);
  });
});

describe('a check of a card', () => {
  const known = lineOf({ cardCheckedAt: T, cardDigest: 'a' });
  const check = (
    digest: string | null,
    line: Line | null = known,
    isNoted = true,
    card: Line['card'] = 'active',
  ) => afterCardCheck(line, { line: LINE, card, cardCheckedAt: T + MINUTE, digest }, isNoted);

  it('finds a change when the digest differs from the one before', () => {
    expect(check('b')).toEqual({
      card: 'active',
      cardCheckedAt: T + MINUTE,
      cardDigest: 'b',
      cardChangedAt: T + MINUTE,
    });
    expect(check('a')).toEqual({ card: 'active', cardCheckedAt: T + MINUTE });
    expect(check(null)).toEqual({ card: 'active', cardCheckedAt: T + MINUTE });
  });

  it('sets what later ones are compared with the first time, and forgets it while changes are not noted', () => {
    const followed = { card: 'active', cardCheckedAt: T + MINUTE, cardDigest: 'b' };
    expect(check('b', null)).toEqual(followed);
    expect(check('b', lineOf())).toEqual(followed);
    expect(check('b', known, false)).toEqual({ ...followed, cardDigest: null });
    expect(check('b', lineOf(), false)).not.toHaveProperty('cardDigest');
  });

  it('minds only the card that is shared', () => {
    for (const card of ['inactive', 'missing'] as const)
      expect(check('b', known, true, card)).toEqual({ card, cardCheckedAt: T + MINUTE });
  });

  it('takes a change that was reported since the last check for the same', () => {
    expect(check('b', { ...known, cardChangedAt: T + 1 })).not.toHaveProperty('cardChangedAt');
    expect(check('b', { ...known, cardChangedAt: T })).toMatchObject({ cardChangedAt: T + MINUTE });
  });
});

describe('the changes of cards that have settled', () => {
  const at = (...changes: (number | null)[]) =>
    settledCardChanges(
      changes.map((cardChangedAt) => ({ cardChangedAt })),
      T,
    );

  it('say when the next one will have', () => {
    expect(at(null)).toEqual({ mark: '', nextAt: null });
    expect(at(T - CARD_SETTLES_MS + 1, T)).toEqual({ mark: '', nextAt: T + 1 });
    expect(at(T - CARD_SETTLES_MS)).toMatchObject({ nextAt: null });
  });

  it('differ from all that were before, whichever line changed', () => {
    const old = T - DAY;
    const marks = [at(null, null), at(old, null), at(old, old - 5), at(old, old), at(old + 1, old)];
    expect(new Set(marks.map(({ mark }) => mark)).size).toBe(marks.length);
    const many = Array.from({ length: 20_000 }, () => old);
    expect(at(...many).mark).not.toBe(at(...many.slice(1), old + 1).mark);
  });
});
