import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginAttempt, type ChatRecord, settleDryRun, settleVerdict } from '../../../src/decide/chat.ts';
import type { Verdict } from '../../../src/decide/outcome.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { chatOf, leaseOf, policyOf, sharedChatOf, T } from '../../helpers/builders.ts';
import { chats, policies } from './arbitraries.ts';
import { holds } from './properties.ts';

const SPAN = { startedAt: T, endedAt: T + 200 };
const begun = (chat: Partial<ChatRecord> = {}) => beginAttempt(chatOf(chat), leaseOf(), policyOf());
const settle = (verdict: Verdict, chat: Partial<ChatRecord> = {}, random = 0) =>
  settleVerdict(begun(chat), verdict, SPAN, policyOf(), random);
const transient = (retryAfterMs: number | null = null, mayHaveArrived = false): Verdict => ({
  kind: 'transient',
  mayHaveArrived,
  retryAfterMs,
});
const FREE = { lease: null };

/** Every verdict there is. */
const VERDICTS: readonly Verdict[] = [
  { kind: 'shared' },
  transient(null, true),
  transient(),
  { kind: 'rate_limited', retryAfterMs: null },
  { kind: 'api_key_rejected' },
  { kind: 'feature_disabled' },
  { kind: 'card_missing' },
  { kind: 'line_paused' },
  { kind: 'line_not_ours' },
  { kind: 'retired', reason: 'chat_gone' },
  { kind: 'opted_out' },
  { kind: 'recipient_blocked' },
  { kind: 'rejected' },
];

describe('settling', () => {
  it('a share opens the window at the end of the call, and forgets every trouble before', () => {
    const chat = {
      failures: 4,
      retryAt: T - 1,
      retryReason: 'backoff',
      interruptions: 2,
      uncertainAt: T - 1,
    } as const;
    expect(settle({ kind: 'shared' }, { ...chat, dryRunAt: T - 5, shareCount: 6 })).toMatchObject({
      ...FREE,
      lastSharedAt: T + 200,
      lastShareStartedAt: T,
      shareCount: 7,
      failures: 0,
      retryAt: null,
      retryReason: null,
      interruptions: 0,
      uncertainAt: null,
      dryRunAt: null,
    });
  });

  it.each([
    [0, SECOND],
    [1, 2 * SECOND],
    [9, 512 * SECOND],
    [10, 15 * MINUTE],
    [1_000, 15 * MINUTE],
  ])('a transient failure after %i others backs off %i ms from its end', (failures, waitMs) => {
    expect(settle(transient(), { failures })).toMatchObject({
      failures: failures + 1,
      retryAt: T + 200 + waitMs,
      retryReason: 'backoff',
    });
  });

  it('jitter adds up to half of the backoff, on top of what Linq asks for too', () => {
    expect(settle(transient(), { failures: 1 }, 0.999).retryAt).toBe(T + 200 + 2 * SECOND + 999);
    expect(settle(transient(HOUR), { failures: 1 }, 0).retryAt).toBe(T + 200 + HOUR);
    expect(settle(transient(HOUR), { failures: 1 }, 0.5).retryAt).toBe(T + 200 + HOUR + SECOND / 2);
  });

  it('remembers the start of an attempt that may have worked, and only of such', () => {
    expect(settle(transient(null, true)).uncertainAt).toBe(T);
    expect(settle(transient()).uncertainAt).toBeNull();
  });

  it('keeps the earliest such start whatever comes after it, but for a share', () => {
    const before = { uncertainAt: T - HOUR };
    for (const verdict of VERDICTS) {
      expect(settle(verdict, before).uncertainAt, verdict.kind).toBe(
        verdict.kind === 'shared' ? null : T - HOUR,
      );
    }
    expect(settleDryRun(begun(before), T + 200).uncertainAt).toBe(T - HOUR);
  });

  it.each([
    [
      { kind: 'retired', reason: 'unsupported' },
      { retiredAt: T, retiredReason: 'unsupported', failures: 0 },
    ],
    [{ kind: 'opted_out' }, { optOutRefusedAt: T, failures: 0 }],
    [{ kind: 'recipient_blocked' }, { blockedAt: T + 200, failures: 0 }],
    [{ kind: 'rejected' }, { retryAt: T + 200 + DAY, retryReason: 'rejected', failures: 0 }],
  ] satisfies [Verdict, Partial<ChatRecord>][])('writes what %o says of the chat', (verdict, parts) => {
    expect(settle(verdict, { failures: 3 })).toMatchObject({ ...FREE, ...parts });
  });

  it.each(['api_key_rejected', 'feature_disabled', 'card_missing', 'line_paused', 'line_not_ours'] as const)(
    '%s says nothing of the chat: it is due as before',
    (kind) => {
      const chat = settle({ kind }, { failures: 2 });
      expect(chat).toMatchObject({ ...FREE, failures: 2, retryAt: null });
      expect(decideShare(chat, policyOf(), T + 200).state).toBe('due');
    },
  );

  it('any verdict ends the lease and the row of interruptions', () => {
    for (const verdict of VERDICTS)
      expect(settle(verdict, { interruptions: 2 })).toMatchObject({ interruptions: 0, ...FREE });
  });

  it('only a share moves the window and the count', () => {
    for (const verdict of VERDICTS.slice(1)) {
      const before = sharedChatOf(T - DAY);
      expect(settle(verdict, before)).toMatchObject({ lastSharedAt: T - DAY, shareCount: 1 });
    }
  });

  it('a dry run opens only the window of dry runs', () => {
    expect(settleDryRun(begun({ interruptions: 1 }), T + 200)).toMatchObject({
      ...FREE,
      dryRunAt: T + 200,
      lastSharedAt: null,
      shareCount: 0,
      interruptions: 0,
    });
  });

  it('a share never leads to another one inside its window, whatever the chat went through', () => {
    const property = fc.property(chats, policies, fc.nat(DAY), (chat, policy, laterMs) => {
      const shared = settleVerdict(chat, { kind: 'shared' }, SPAN, policy, 0);
      const lapsesAt = SPAN.endedAt + policy.windowMs;
      const at = Math.min(SPAN.endedAt + laterMs, lapsesAt - 1);
      expect(decideShare(shared, policy, at).state).not.toBe('due');
    });
    holds(property);
  });
});
