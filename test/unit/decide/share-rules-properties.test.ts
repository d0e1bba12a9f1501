import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChatRecord, settleInterrupted, settleVerdict } from '../../../src/decide/chat.ts';
import { type ChatFacts, mergeChatEvent, NO_FACTS } from '../../../src/decide/facts.ts';
import type { Verdict } from '../../../src/decide/outcome.ts';
import { backoffMs, parseRetryAfter } from '../../../src/decide/pacing.ts';
import { decideManualShare, decideShare } from '../../../src/decide/share.ts';
import { DAY, SECOND } from '../../../src/decide/time.ts';
import { chatOf, inboundOf, leaseOf, policyOf, T } from '../../helpers/builders.ts';
import { NO_PAST, type Past, rowByHand, rowOf } from '../../helpers/model/table.ts';
import { type Latest, type Told, toldOf } from '../../helpers/model/told.ts';
import { chatEvents, chats, policies } from './arbitraries.ts';
import { holds } from './properties.ts';

const latest = <V>(value: V | null, at: number | null): Latest<V> | null =>
  value === null ? null : { value, at: at ?? 0 };

/** A chat on record, in the words of the table. */
function readAs(chat: ChatRecord): { told: Told; past: Past } {
  const { retiredAt, retiredReason, retryAt, retryReason } = chat;
  const told: Told = {
    ...chat,
    line: latest(chat.line, chat.lineAt),
    service: latest(chat.service, chat.serviceAt),
    isGroup: latest(chat.isGroup, chat.isGroupAt),
    health: latest(chat.health, chat.healthAt),
  };
  const past: Past = {
    ...NO_PAST,
    sharedAt: chat.lastSharedAt,
    shareStartedAt: chat.lastShareStartedAt,
    shares: chat.shareCount,
    uncertainAt: chat.uncertainAt,
    pretendedAt: chat.dryRunAt,
    restoredAt: chat.restoredAt,
    refusal: retiredAt === null || retiredReason === null ? null : { at: retiredAt, reason: retiredReason },
    optOutRefusedAt: chat.optOutRefusedAt,
    isHeld: chat.operatorHeldAt !== null,
    isParked: chat.parkedAt !== null,
    isBlocked: chat.blockedAt !== null,
    retry: retryAt === null || retryReason === null ? null : { until: retryAt, reason: retryReason },
    wasAsked: chat.lookedUpAt !== null,
    cardChangedAt: chat.cardChangedAt,
  };
  return { told, past };
}

const laterMs = fc.oneof(fc.constantFrom(0, 1, SECOND, DAY), fc.nat(10 * DAY));
const verdicts: fc.Arbitrary<Verdict> = fc.constantFrom(
  { kind: 'shared' },
  { kind: 'transient', mayHaveArrived: true, retryAfterMs: null },
  { kind: 'rate_limited', retryAfterMs: 1_000 },
  { kind: 'card_missing' },
  { kind: 'retired', reason: 'chat_gone' },
  { kind: 'opted_out' },
  { kind: 'recipient_blocked' },
  { kind: 'rejected' },
);

describe('the rules', () => {
  it('say what the published table says, for any chat, settings and instant', () => {
    const property = fc.property(chats, policies, laterMs, (chat, policy, ms) => {
      const { told, past } = readAs(chat);
      const { state, reason } = decideShare(chat, policy, T + ms);
      expect(`${state} ${reason}`).toBe(rowOf(told, past, policy, T + ms));
    });
    holds(property);
  });

  it('say what the published table says of a share by hand', () => {
    const property = fc.property(chats, policies, laterMs, (chat, policy, ms) => {
      const { told, past } = readAs(chat);
      const row = rowByHand(told, past, policy, T + ms);
      const refused = decideManualShare(chat, policy, T + ms);
      expect(refused === null ? 'due' : `${refused.state} ${refused.reason}`).toBe(
        row.replace(/^due .*/, 'due'),
      );
    });
    holds(property);
  });

  it('let an opt-out stand against any other inbound message that is not later', () => {
    const property = fc.property(fc.nat(DAY), fc.nat(DAY), (wordMs, inboundMs) => {
      const events = [inboundOf(T + wordMs, { isOptOut: true }), inboundOf(T + inboundMs)];
      const chat = events.reduce(mergeChatEvent<ChatRecord>, chatOf());
      const isOut = decideShare(chat, policyOf(), T + 2 * DAY).reason === 'opted_out';
      expect(isOut).toBe(wordMs >= inboundMs);
    });
    holds(property);
  });
});

describe('the facts', () => {
  it('are what all events tell together, for any events in any order', () => {
    const property = fc.property(fc.array(chatEvents, { maxLength: 12 }), (events) => {
      const { line, service, isGroup, health, ...told } = toldOf(events, null);
      expect(events.reduce(mergeChatEvent<ChatFacts>, NO_FACTS)).toEqual({
        ...told,
        line: line?.value ?? null,
        lineAt: line?.at ?? null,
        service: service?.value ?? null,
        serviceAt: service?.at ?? null,
        isGroup: isGroup?.value ?? null,
        isGroupAt: isGroup?.at ?? null,
        health: health?.value ?? null,
        healthAt: health?.at ?? null,
      });
    });
    holds(property);
  });

  it('are never changed by what becomes of an attempt', () => {
    const property = fc.property(chats, verdicts, policies, (chat, verdict, policy) => {
      const settled = settleVerdict(chat, verdict, { startedAt: T, endedAt: T + 5 }, policy, 0.5);
      for (const name of Object.keys(NO_FACTS) as (keyof ChatFacts)[]) expect(settled[name]).toBe(chat[name]);
    });
    holds(property);
  });
});

describe('an attempt', () => {
  it('frees its lease and ends the row of crashes, whatever Linq answers', () => {
    const property = fc.property(chats, verdicts, policies, (chat, verdict, policy) => {
      const leased = { ...chat, lease: leaseOf() };
      const settled = settleVerdict(leased, verdict, { startedAt: T, endedAt: T + 5 }, policy, 0);
      expect(settled).toMatchObject({ lease: null, interruptions: 0 });
    });
    holds(property);
  });

  it('counts one share for a success, and none for anything else', () => {
    const property = fc.property(chats, verdicts, policies, (chat, verdict, policy) => {
      const settled = settleVerdict(chat, verdict, { startedAt: T, endedAt: T + 5 }, policy, 0);
      expect(settled.shareCount - chat.shareCount).toBe(verdict.kind === 'shared' ? 1 : 0);
    });
    holds(property);
  });

  it('that a crash cut off parks its chat at the third in a row and not before, called or not', () => {
    const property = fc.property(
      chats,
      fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
      (chat, cuts) => {
        let cut: ChatRecord = { ...chat, parkedAt: null, interruptions: 0 };
        for (const mayHaveCalled of cuts)
          cut = settleInterrupted(cut, { startedAt: T, mayHaveCalled }, T + 1);
        expect(cut.parkedAt !== null).toBe(cuts.length >= 3);
        expect(cut.uncertainAt).toBe(cuts.includes(true) ? (chat.uncertainAt ?? T) : chat.uncertainAt);
      },
    );
    holds(property);
  });
});

describe('a wait', () => {
  const failures = fc.integer({ min: 1, max: 60 });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const asked = fc.option(fc.integer({ min: 1, max: DAY }));

  it('is only ever prolonged by jitter, by no more than half of what it doubles', () => {
    const property = fc.property(failures, asked, random, (count, askedMs, jitter) => {
      const plain = backoffMs(count, askedMs, 0);
      const waitMs = backoffMs(count, askedMs, jitter);
      expect(waitMs).toBeGreaterThanOrEqual(plain);
      expect(waitMs).toBeLessThanOrEqual(plain + backoffMs(count, null, 0) / 2);
    });
    holds(property);
  });

  it('of so many seconds is read as just that, from header or body, up to a day', () => {
    const property = fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(4e12), (seconds, now) => {
      const expected = Math.min(seconds * SECOND, DAY);
      expect(parseRetryAfter(String(seconds), undefined, now)).toBe(expected);
      expect(parseRetryAfter(null, seconds, now)).toBe(expected);
    });
    holds(property);
  });

  it('until a date ends with that date, and is none when it is past', () => {
    const property = fc.property(fc.integer({ min: -86_400, max: 86_400 }), (seconds) => {
      const date = new Date(T + seconds * SECOND).toUTCString();
      expect(parseRetryAfter(date, undefined, T)).toBe(seconds > 0 ? seconds * SECOND : null);
    });
    holds(property);
  });
});
