import { describe, expect, it } from 'vitest';
import { NO_CATCH_UP } from '../../../../src/decide/catch-up.ts';
import { shiftChat } from '../../../../src/decide/clock-shift.ts';
import { DAY, HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { decided, decidedAnew, planSave } from '../../../../src/store/plan/chat-row.ts';
import {
  advancedTo,
  attemptsBehind,
  beginShift,
  isAhead,
  nextBatchAfter,
  planHeartbeat,
  planPruning,
  planRedecide,
  planShift,
} from '../../../../src/store/plan/housekeeping.ts';
import { holdOf, lineOf, policyOf, sharedChatOf, T } from '../../../helpers/builders.ts';
import { storedOf, unstoredOf } from './rows.ts';

const policy = policyOf();

describe('a chat that is decided', () => {
  const stored = storedOf();

  it('is the very same object, and isn’t written, when nothing changes', () => {
    expect(decided(stored, stored.chat, policy, T)).toBe(stored.chat);
    expect(decidedAnew([stored], policy, T)).toEqual([]);
  });

  it('is written when time changed its decision', () => {
    const [write] = decidedAnew([stored], policy, T + 7 * DAY);
    expect(write).toMatchObject({ stored, chat: { state: 'idle', reason: 'no_recent_outbound' } });
  });

  it('is written when its row lacks the correction of the clock, or isn’t there', () => {
    const shifted = { ...stored, isShifted: true };
    expect(planSave(shifted, stored.chat, policy, T).chats).toEqual([{ stored: shifted, chat: stored.chat }]);
    const none = unstoredOf();
    expect(planSave(none, none.chat, policy, T).chats).toHaveLength(1);
  });

  it('keeps an earlier wake-up while it stays in its state, as long as that lies ahead', () => {
    const later = { ...stored.chat, lastOutboundAt: T + HOUR };
    const { wakeAt } = stored.chat;
    expect(wakeAt).toBe(T + 7 * DAY);
    expect(decided(stored, later, policy, T + HOUR).wakeAt).toBe(wakeAt);
    expect(decided(stored, later, policy, T + 7 * DAY).wakeAt).toBe(T + 7 * DAY + HOUR);
  });
});

describe('deciding all chats anew', () => {
  it('begins anew for another fingerprint, goes on for the same, and is done once', () => {
    const underWay = { fingerprint: 'a', afterId: 7 };
    expect(nextBatchAfter({ done: null, underWay: null }, 'a')).toBe(0);
    expect(nextBatchAfter({ done: null, underWay }, 'a')).toBe(7);
    expect(nextBatchAfter({ done: 'b', underWay }, 'c')).toBe(0);
    expect(nextBatchAfter({ done: 'a', underWay: null }, 'a')).toBeNull();
  });

  it('covers every chat only with the first batch that isn’t full', () => {
    const batch = [storedOf({}, 8), storedOf({ operatorHeldAt: T }, 9)];
    const under = { fingerprint: 'a', afterId: 7 };
    expect(planRedecide(batch, { ...under, limit: 2 }, policy, T)).toMatchObject({
      reached: 9,
      progress: { done: null, underWay: { fingerprint: 'a', afterId: 9 } },
    });
    expect(planRedecide(batch, { ...under, limit: 3 }, policy, T).progress).toEqual({
      done: 'a',
      underWay: null,
    });
    expect(planRedecide([], { ...under, limit: 3 }, policy, T)).toEqual({
      chats: [],
      reached: 7,
      progress: { done: 'a', underWay: null },
      cardShares: [],
    });
  });

  it('writes by the settings of now', () => {
    const batch = [storedOf({ lastOutboundAt: T - DAY, firstOutboundAt: T - DAY })];
    const strict = policyOf({ idleAfterMs: HOUR });
    const { chats } = planRedecide(batch, { fingerprint: 'a', afterId: 0, limit: 9 }, strict, T);
    expect(chats).toMatchObject([{ chat: { state: 'idle' } }]);
  });
});

describe('a correction of the clock', () => {
  const shift = { byMs: HOUR, now: T + HOUR, windowMs: DAY };
  const pending = beginShift(null, shift, 10);

  it('is ahead of the rows that were there and that it hasn’t reached', () => {
    const reached = advancedTo(pending, 4);
    if (reached === null) throw new Error('it stands still');
    expect([4, 5, 10, 11].map((id) => isAhead(reached, id))).toEqual([false, true, true, false]);
    expect(advancedTo(reached, 4)).toBeNull();
    expect(advancedTo(null, 4)).toBeNull();
  });

  it('is refused while another one is under way', () => {
    expect(() => beginShift(pending, shift, 10)).toThrow('still under way');
  });

  it('gives a chat what is left of its window', () => {
    expect(shiftChat(sharedChatOf(T - HOUR), null, pending).lastSharedAt).toBe(T);
  });

  it('takes holds, lines, backups, the restore and the heartbeat along; a catch-up begins anew', () => {
    const catchUp = { ...NO_CATCH_UP, sweptAt: T + DAY };
    const rows = {
      holds: [holdOf({ reason: 'rate_limited', until: T + 5 })],
      lines: [lineOf({ cardCheckedAt: T + DAY, cardChangedAt: T - HOUR })],
      restored: { at: T - HOUR, lastRow: 3 },
      lastBackupAt: T + DAY,
      heartbeatAt: T,
      catchUp,
    };
    expect(planShift(rows, shift)).toMatchObject({
      holds: [{ until: T + HOUR + 5 }],
      lines: [{ cardCheckedAt: T + HOUR, cardChangedAt: T }],
      restored: { at: T, lastRow: 3 },
      lastBackupAt: T + HOUR,
      heartbeatAt: T + HOUR,
    });
    const nothing = { ...rows, restored: { at: null, lastRow: null }, lastBackupAt: null, catchUp: null };
    expect(planShift(nothing, shift)).toMatchObject({
      restored: { at: null, lastRow: null },
      lastBackupAt: null,
      catchUp: null,
    });
  });
});

describe('a heartbeat', () => {
  const beat = (heartbeatAt: number | null, isRestored = false, toleratedMs: number | undefined = MINUTE) =>
    planHeartbeat({ heartbeatAt, isRestored }, T, toleratedMs);

  it('requests a catch-up after too long a pause, after a restore, and the first time', () => {
    expect(beat(T - MINUTE)).toEqual({ heartbeatAt: T, requestsCatchUp: false });
    expect(beat(T - MINUTE - 1)).toEqual({ heartbeatAt: T, requestsCatchUp: true });
    expect(beat(T - 1, true).requestsCatchUp).toBe(true);
    expect(beat(null).requestsCatchUp).toBe(true);
  });

  it('requests none when no pause is said to be too long', () => {
    expect(planHeartbeat({ heartbeatAt: null, isRestored: true }, T, undefined)).toEqual({
      heartbeatAt: T,
      requestsCatchUp: false,
    });
  });

  it('leaves one of the future in place', () => {
    expect(beat(T + DAY).heartbeatAt).toBe(T + DAY);
  });
});

describe('pruning attempts', () => {
  it('takes those that ended before they had to be kept', () => {
    expect(planPruning(null, DAY, T)).toEqual({ endedBefore: T - DAY, behind: null });
  });

  it('keeps those longer that seem to have ended earlier than they did, until all of them are too old', () => {
    const once = attemptsBehind(null, HOUR, T - HOUR);
    const twice = attemptsBehind(once, MINUTE, T);
    expect(twice).toEqual({ byMs: HOUR + MINUTE, since: T });
    const last = T + DAY;
    expect(planPruning(twice, DAY, last)).toEqual({ endedBefore: T - HOUR - MINUTE, behind: twice });
    expect(planPruning(twice, DAY, last + 1)).toEqual({ endedBefore: T + 1, behind: null });
  });
});
