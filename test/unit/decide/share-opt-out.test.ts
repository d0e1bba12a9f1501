import { describe, expect, it } from 'vitest';
import type { ChatRecord } from '../../../src/decide/chat.ts';
import { mergeChatEvent } from '../../../src/decide/facts.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { HOUR } from '../../../src/decide/time.ts';
import { chatOf, eventOf, inboundOf, policyOf, T } from '../../helpers/builders.ts';

const NOW = T + HOUR;
const decide = (chat: Partial<ChatRecord>, now = NOW) => decideShare(chatOf(chat), policyOf(), now);
const HELD = { state: 'held', reason: 'opted_out', nextAttemptAt: null, wakeAt: null };

/** The three ways to opt out, each at `T + 10`. */
const WAYS: readonly (readonly [string, Partial<ChatRecord>])[] = [
  ['a word', { optOutWordAt: T + 10 }],
  ['health', { health: 'OPTED_OUT', healthAt: T + 10 }],
  ["Linq's refusal", { optOutRefusedAt: T + 10 }],
];

describe('opting out', () => {
  it.each(WAYS)('by %s holds the chat', (_, out) => {
    expect(decide(out)).toEqual(HELD);
  });

  it.each(WAYS)('by %s outlasts an earlier inbound message and one of the same instant', (_, out) => {
    expect(decide({ ...out, optedInAt: T + 9 })).toEqual(HELD);
    expect(decide({ ...out, optedInAt: T + 10 })).toEqual(HELD);
  });

  it.each(WAYS)('by %s ends with a later inbound message', (_, out) => {
    expect(decide({ ...out, optedInAt: T + 11 }).state).toBe('due');
  });

  it('again holds the chat again', () => {
    expect(decide({ optOutWordAt: T + 20, optedInAt: T + 11 })).toEqual(HELD);
  });

  it('counts the latest of several opt-outs', () => {
    const chat = { optOutWordAt: T + 10, optOutRefusedAt: T + 30, optedInAt: T + 20 };
    expect(decide(chat)).toEqual(HELD);
    expect(decide({ ...chat, optedInAt: T + 31 }).state).toBe('due');
  });

  it('while OPTED_OUT stays on record after an inbound message holds nothing any more', () => {
    expect(decide({ health: 'OPTED_OUT', healthAt: T + 10, optedInAt: T + 11 }).reason).toBe(
      'became_eligible',
    );
  });
});

describe('a newer health than OPTED_OUT', () => {
  const optedOut = mergeChatEvent(chatOf(), eventOf({ health: { status: 'OPTED_OUT', at: T + 10 } }));
  const healthy = eventOf({ health: { status: 'HEALTHY', at: T + 11 } });

  it('ends the opt-out that came from health', () => {
    expect(decideShare(optedOut, policyOf(), NOW)).toEqual(HELD);
    expect(decideShare(mergeChatEvent(optedOut, healthy), policyOf(), NOW).state).toBe('due');
  });

  it.each([
    ['a word', { optOutWordAt: T + 9 }],
    ["Linq's refusal", { optOutRefusedAt: T + 9 }],
  ])('leaves the opt-out by %s alone', (_, out) => {
    const chat = mergeChatEvent({ ...optedOut, ...out }, healthy);
    expect(decideShare(chat, policyOf(), NOW)).toEqual(HELD);
    expect(decideShare(mergeChatEvent(chat, inboundOf(T + 12)), policyOf(), NOW).state).toBe('due');
  });
});

describe('opt-outs that lie in the future', () => {
  it('hold from now on', () => {
    expect(decide({ optOutWordAt: NOW + HOUR })).toEqual(HELD);
    expect(decide({ optOutWordAt: NOW + HOUR, optedInAt: NOW - 1 })).toEqual(HELD);
  });

  it('are read as now, as is a later inbound message, so the chat is held until the opt-out has passed', () => {
    const chat = { optOutWordAt: NOW + 5, optedInAt: NOW + 9 };
    expect(decide(chat)).toMatchObject({ state: 'held', reason: 'opted_out', wakeAt: NOW + 6 });
    expect(decide(chat, NOW + 5).state).toBe('held');
    expect(decide(chat, NOW + 6)).toMatchObject({ state: 'due', nextAttemptAt: NOW + 6 });
  });

  it('end by an inbound message read as now, once they lie in the past themselves', () => {
    expect(decide({ optOutWordAt: NOW - 1, optedInAt: NOW + HOUR }).state).toBe('due');
    expect(decide({ optOutWordAt: NOW, optedInAt: NOW + HOUR })).toMatchObject({
      state: 'held',
      wakeAt: NOW + 1,
    });
  });
});
