import { describe, expect, it } from 'vitest';
import type { CompletedRun } from '../../../../src/decide/catch-up.ts';
import { DAY, HOUR } from '../../../../src/decide/time.ts';
import {
  isReleasable,
  isUnread,
  planReleases,
  withRestoreMark,
} from '../../../../src/store/plan/housekeeping.ts';
import { chatOf, policyOf, T } from '../../../helpers/builders.ts';
import { storedOf } from './rows.ts';

const policy = policyOf();
const restored = { at: T, lastRow: 10 };
const runOf = (parts: Partial<CompletedRun>): { completed: CompletedRun } => ({
  completed: {
    reason: 'away',
    startedAt: T + HOUR,
    since: null,
    chatsSeen: 1,
    chatsTotal: 1,
    chatsRead: 1,
    chatsChanged: 0,
    chatsUnread: 0,
    endedAt: T + HOUR + 1,
    ...parts,
  },
});

describe('the mark of a restore', () => {
  const mark = (at: number, isNew: boolean, parts = {}, mark = restored, now = T + HOUR) =>
    withRestoreMark(chatOf({ firstOutboundAt: at, ...parts }), isNew, mark, policy, now).restoredAt;

  it('is given to every chat that we wrote in before the restore', () => {
    expect(mark(T - 1, false)).toBe(T);
    expect(mark(T - 1, false, {}, { at: T, lastRow: null as never }, T + 9 * DAY)).toBe(T);
  });

  it('is given to a chat that turns up within a window, as long as chats wait to be read', () => {
    expect(mark(T + 1, true)).toBe(T);
    expect(mark(T + 1, true, {}, restored, T + DAY - 1)).toBe(T);
    expect(mark(T + 1, true, {}, restored, T + DAY)).toBeNull();
    expect(mark(T + 1, true, {}, { at: T, lastRow: null as never })).toBeNull();
    expect(mark(T + 1, false)).toBeNull();
  });

  it('is given once, and to nobody where nothing was restored', () => {
    expect(mark(T - 1, true, { restoredAt: 5 })).toBe(5);
    expect(mark(T - 1, true, {}, { at: null as never, lastRow: null as never })).toBeNull();
  });
});

describe('a wait for being read', () => {
  it('is that of a later row that has no other reason to wait', () => {
    expect(isUnread(storedOf({ restoredAt: T, firstOutboundAt: T }, 11), restored)).toBe(true);
    expect(isUnread(storedOf({ restoredAt: T, firstOutboundAt: T }, 10), restored)).toBe(false);
    expect(isUnread(storedOf({ restoredAt: T, firstOutboundAt: T - 1 }, 11), restored)).toBe(false);
    expect(isUnread(storedOf({ firstOutboundAt: T }, 11), restored)).toBe(false);
  });

  it('may end when a run that began after the restore has read whatever changed since the backup', () => {
    const isFree = (parts: Partial<CompletedRun>, now = T + 2 * HOUR) =>
      isReleasable(restored, runOf(parts), T - DAY, policy, now);
    expect(isFree({})).toBe(true);
    expect(isFree({ since: T - DAY })).toBe(true);
    expect(isFree({ since: T - DAY + 1 })).toBe(false);
    expect(isFree({ startedAt: T - 1 })).toBe(false);
    expect(isFree({ chatsUnread: 1 })).toBe(false);
    expect(isFree({}, T + DAY)).toBe(false); // it has ended by itself
    expect(isReleasable(restored, { completed: null }, T, policy, T)).toBe(false);
  });

  it('ends batch by batch, until a batch isn’t full', () => {
    const batch = [
      storedOf({ restoredAt: T, firstOutboundAt: T }, 11),
      storedOf({ restoredAt: T, firstOutboundAt: T - 1 }, 12),
    ];
    const full = planReleases(batch, 2, restored, policy, T + 1);
    expect(full).toMatchObject({
      chats: [{ stored: batch[0], chat: { restoredAt: null, state: 'due' } }],
      restored: { at: T, lastRow: 12 },
      isMore: true,
    });
    expect(full.chats).toHaveLength(1);
    const last = planReleases(batch, 3, restored, policy, T + 1);
    expect(last).toMatchObject({ restored: { at: T, lastRow: null }, isMore: false });
  });
});
