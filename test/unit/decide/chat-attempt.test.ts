import { describe, expect, it } from 'vitest';
import {
  beginAttempt,
  type ChatRecord,
  liveLease,
  releaseChat,
  settleInterrupted,
  settleVerdict,
  undoRefusal,
  withdrawAttempt,
} from '../../../src/decide/chat.ts';
import type { Verdict } from '../../../src/decide/outcome.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { chatOf, leaseOf, policyOf, T } from '../../helpers/builders.ts';

const SPAN = { startedAt: T, endedAt: T + 200 };
const begun = (chat: Partial<ChatRecord> = {}) => beginAttempt(chatOf(chat), leaseOf(), policyOf());
const CALLED = { startedAt: T, mayHaveCalled: true };
const FREE = { lease: null };

describe('beginAttempt', () => {
  it('leases the chat, which keeps its place in the queue', () => {
    const due = chatOf({ state: 'due', reason: 'became_eligible', nextAttemptAt: T - 5 });
    expect(begun(due)).toEqual({ ...due, lease: leaseOf() });
  });

  it('has it claimable again when the lease ends', () => {
    expect(liveLease(begun(), T + MINUTE - 1)).toEqual(leaseOf());
    expect(liveLease(begun(), T + MINUTE)).toBeNull();
    expect(liveLease(chatOf(), T)).toBeNull();
  });

  it('counts an older attempt without known outcome as a share once its window is over', () => {
    expect(begun({ uncertainAt: T - DAY, shareCount: 1 })).toMatchObject({
      shareCount: 2,
      uncertainAt: null,
    });
    const repeat = begun({ uncertainAt: T - DAY + 1, shareCount: 1 });
    expect(repeat).toMatchObject({ shareCount: 1, uncertainAt: T - DAY + 1 });
  });

  it('given back changes nothing but the lease', () => {
    const chat = chatOf({ failures: 3, interruptions: 1, retryAt: T - 1, retryReason: 'backoff' });
    expect(withdrawAttempt(begun(chat))).toEqual(chat);
  });
});

describe('settleInterrupted', () => {
  it('has the chat repeated at once, and counts the attempt as one that may have worked', () => {
    const chat = settleInterrupted(begun({ retryAt: T + HOUR, retryReason: 'backoff' }), CALLED, T + SECOND);
    expect(chat).toMatchObject({ ...FREE, uncertainAt: T, interruptions: 1, parkedAt: null });
    expect(decideShare(chat, policyOf(), T + SECOND).state).toBe('due');
  });

  it('has it repeated as well when it was cut before its call, which then can have reached nobody', () => {
    const chat = settleInterrupted(begun(), { startedAt: T, mayHaveCalled: false }, T + SECOND);
    expect(chat).toMatchObject({ ...FREE, uncertainAt: null, interruptions: 1 });
    const before = settleInterrupted(
      begun({ uncertainAt: T - HOUR }),
      { startedAt: T, mayHaveCalled: false },
      T + SECOND,
    );
    expect(before.uncertainAt).toBe(T - HOUR);
  });

  it('parks the chat at the third in a row', () => {
    expect(settleInterrupted(begun({ interruptions: 1 }), CALLED, T + SECOND).parkedAt).toBeNull();
    const parked = settleInterrupted(begun({ interruptions: 2 }), CALLED, T + SECOND);
    expect(parked).toMatchObject({ interruptions: 3, parkedAt: T + SECOND });
    expect(decideShare(parked, policyOf(), T + DAY)).toMatchObject({ state: 'held', reason: 'parked' });
  });
});

describe('taking back', () => {
  it('undoes a refusal for good', () => {
    const refused: Verdict = { kind: 'retired', reason: 'chat_gone' };
    const chat = settleVerdict(begun(), refused, SPAN, policyOf(), 0);
    expect(decideShare(undoRefusal(chat), policyOf(), T + SECOND).state).toBe('due');
  });

  it("releases the operator's hold, the parking and the block list, and starts to count crashes anew", () => {
    const chat = chatOf({ operatorHeldAt: T, parkedAt: T, blockedAt: T, interruptions: 3 });
    expect(releaseChat(chat)).toEqual({ ...chatOf(), interruptions: 0 });
    expect(settleInterrupted(releaseChat(chat), CALLED, T).parkedAt).toBeNull();
  });
});
