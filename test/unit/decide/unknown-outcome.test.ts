import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginAttempt,
  type ChatRecord,
  settleDryRun,
  settleInterrupted,
  settleVerdict,
} from '../../../src/decide/chat.ts';
import type { Verdict } from '../../../src/decide/outcome.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { chatOf, leaseOf, policyOf, T } from '../../helpers/builders.ts';
import { holds } from './properties.ts';

/** What becomes of an attempt: whether its call arrives, and what we hear. */
const FATES = {
  'answer lost': { arrives: true, heard: lost(true) },
  'call lost': { arrives: false, heard: lost(true) },
  'no connection': { arrives: false, heard: lost(false) },
  'server error': { arrives: false, heard: lost(false) },
  limited: { arrives: false, heard: { kind: 'rate_limited', retryAfterMs: null } },
  cardless: { arrives: false, heard: { kind: 'card_missing' } },
  rejected: { arrives: false, heard: { kind: 'rejected' } },
  'cut after the call': { arrives: true, heard: 'cut' },
  'cut amid the call': { arrives: false, heard: 'cut' },
  'cut before the call': { arrives: false, heard: 'cut early' },
  pretended: { arrives: false, heard: 'pretended' },
  'cut while pretended': { arrives: false, heard: 'cut early' },
  shared: { arrives: true, heard: { kind: 'shared' } },
} as const satisfies Record<string, { arrives: boolean; heard: Verdict | 'cut' | 'cut early' | 'pretended' }>;

type Fate = keyof typeof FATES;

function lost(mayHaveArrived: boolean): Verdict {
  return { kind: 'transient', mayHaveArrived, retryAfterMs: null };
}

function after(chat: ChatRecord, fate: Fate, policy: Policy, startedAt: number): ChatRecord {
  const begun = beginAttempt(chat, leaseOf({ startedAt, until: startedAt + MINUTE }), policy);
  const { heard } = FATES[fate];
  const endedAt = startedAt + 15 * SECOND;
  if (heard === 'pretended') return settleDryRun(begun, endedAt);
  if (heard === 'cut' || heard === 'cut early') {
    const cut = settleInterrupted(begun, { startedAt, mayHaveCalled: heard === 'cut' }, endedAt);
    return { ...cut, parkedAt: null }; // an operator releases it
  }
  return settleVerdict(begun, heard, { startedAt, endedAt }, policy, 0);
}

/**
 * A chat's history: after each wait an attempt, if the rules ask for one.
 * @returns how often the recipient was asked: Linq ignores a call within a window of one that wasn't ignored
 */
function play(policy: Policy, history: readonly (readonly [number, Fate])[]) {
  const prompts: number[] = [];
  let chat = chatOf();
  let now = T;
  let attempts = 0;
  for (const [waitMs, fate] of history) {
    now += waitMs;
    if (decideShare(chat, policy, now).state !== 'due') continue;
    attempts++;
    if (FATES[fate].arrives && now >= (prompts.at(-1) ?? 0) + policy.windowMs) prompts.push(now);
    chat = after(chat, fate, policy, now);
    now += 15 * SECOND;
  }
  return { prompts, attempts, chat };
}

const waits = fc.constantFrom(MINUTE, HOUR, 23 * HOUR, DAY - MINUTE, DAY, DAY + 1, 3 * DAY);
const histories = fc.array(fc.tuple(waits, fc.constantFrom(...(Object.keys(FATES) as Fate[]))), {
  maxLength: 20,
});
const once = policyOf({ reshare: 'once', idleAfterMs: 0 });

describe('attempts whose outcome nobody knows', () => {
  it('under once lead to one prompt at most, whatever comes after them', () => {
    holds(
      fc.property(histories, (history) => {
        expect(play(once, history).prompts.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('under a limit lead to no more prompts than that', () => {
    holds(
      fc.property(histories, fc.integer({ min: 1, max: 3 }), (history, limit) => {
        const policy = policyOf({ maxSharesPerChat: limit, idleAfterMs: 0 });
        expect(play(policy, history).prompts.length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('end the attempts one window after the first of them, however often it is repeated', () => {
    const daily = Array.from({ length: 9 }, () => [DAY - MINUTE, 'call lost'] as const);
    expect(play(once, daily).attempts).toBe(2);
  });

  it('and a server error after them changes nothing of that', () => {
    const { prompts, chat } = play(once, [
      [0, 'answer lost'],
      [HOUR, 'server error'],
      [DAY, 'shared'],
    ]);
    expect(prompts).toHaveLength(1);
    expect(decideShare(chat, once, T + 2 * DAY)).toMatchObject({ state: 'done', reason: 'shared_once' });
  });

  it.each([
    'no connection',
    'server error',
    'cut before the call',
    'cut while pretended',
    'pretended',
  ] as const)('are none where it is known that nothing arrived: %s', (fate) => {
    const { prompts } = play(once, [
      [0, fate],
      [3 * DAY, 'shared'],
    ]);
    expect(prompts).toHaveLength(1);
  });
});
