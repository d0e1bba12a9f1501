import { describe, expect, it } from 'vitest';
import type { ChatEvent, LineEvent } from '../../../src/decide/event.ts';
import {
  type ChatFacts,
  type LineFacts,
  mergeChatEvent,
  mergeLineEvent,
  NO_FACTS,
} from '../../../src/decide/facts.ts';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import { eventOf, inboundOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../helpers/builders.ts';

const merge = (...events: ChatEvent[]): ChatFacts => events.reduce(mergeChatEvent<ChatFacts>, NO_FACTS);
const NO_LINE_FACTS: LineFacts = { status: null, statusAt: null, reputation: null, reputationAt: null };
const mergeLine = (...events: LineEvent[]) => events.reduce(mergeLineEvent<LineFacts>, NO_LINE_FACTS);
const healthOf = (status: string, at = T) => eventOf({ health: { status, at } });

/** Both orders, so that arrival can't be what decides. */
const inEitherOrder = (a: ChatEvent, b: ChatEvent) => [merge(a, b), merge(b, a)];

describe('mergeChatEvent', () => {
  it('keeps the earliest and the latest outbound message, in whatever order they come', () => {
    const times = [T + MINUTE, T, T + SECOND];
    const facts = merge(...times.map((at) => outboundOf(at)));
    expect(facts).toMatchObject({ firstOutboundAt: T, lastOutboundAt: T + MINUTE });
  });

  it('takes line, service and group as of the latest outbound message', () => {
    const old = outboundOf(T, { line: LINE, service: 'SMS', isGroup: false });
    const newer = outboundOf(T + 1, { line: OTHER_LINE, service: 'iMessage', isGroup: true });
    for (const facts of inEitherOrder(old, newer)) {
      expect(facts).toMatchObject({ line: OTHER_LINE, service: 'iMessage', isGroup: true });
    }
  });

  it('leaves a fact alone of which the latest outbound message says nothing', () => {
    const old = outboundOf(T, { line: LINE, service: 'SMS', isGroup: true });
    const silent = outboundOf(T + 1, { line: null, service: null, isGroup: null });
    for (const facts of inEitherOrder(old, silent)) {
      expect(facts).toMatchObject({ line: LINE, service: 'SMS', isGroup: true, lastOutboundAt: T + 1 });
    }
  });

  it('lets an event win over what the API told, however old the event is', () => {
    const lookedUp: ChatFacts = { ...NO_FACTS, line: LINE, lineAt: 0, service: 'SMS', serviceAt: 0 };
    const facts = mergeChatEvent(lookedUp, outboundOf(1, { line: OTHER_LINE, service: 'iMessage' }));
    expect(facts).toMatchObject({ line: OTHER_LINE, service: 'iMessage' });
  });

  it('lets a looked-up iMessage stand only until an event of the same instant says otherwise', () => {
    const lookedUp: ChatFacts = { ...NO_FACTS, service: 'iMessage', serviceAt: 0 };
    expect(mergeChatEvent(lookedUp, outboundOf(0, { service: 'RCS' })).service).toBe('RCS');
  });

  it.each([
    ['another service over iMessage', { service: 'iMessage' }, { service: 'SMS' }],
    ['another service over imessage in any case', { service: 'imessage' }, { service: 'Carrier Pigeon' }],
    ['the greater of two other services', { service: 'RCS' }, { service: 'SMS' }],
    ['a group over a direct chat', { isGroup: false }, { isGroup: true }],
    ['the greater line', { line: LINE }, { line: OTHER_LINE }],
    ['a known line over none', { line: null }, { line: LINE }],
    ['a known service over none', { service: null }, { service: 'iMessage' }],
    ['a known group over none', { isGroup: null }, { isGroup: false }],
  ])('prefers %s at the same instant', (_, loser, winner) => {
    for (const facts of inEitherOrder(outboundOf(T, loser), outboundOf(T, winner))) {
      expect(facts).toMatchObject(winner);
    }
  });

  it.each([
    ['HEALTHY', 'AT_RISK'],
    ['AT_RISK', 'CRITICAL'],
    ['CRITICAL', 'SOMETHING_NEW'],
    ['SOMETHING_NEW', 'OPTED_OUT'],
    ['A_NEW_THING', 'SOMETHING_NEW'],
  ])('prefers the worse of %s and %s at the same instant', (better, worse) => {
    for (const facts of inEitherOrder(healthOf(better), healthOf(worse))) expect(facts.health).toBe(worse);
  });

  it('takes the latest health, however good', () => {
    for (const facts of inEitherOrder(healthOf('OPTED_OUT'), healthOf('HEALTHY', T + 1))) {
      expect(facts).toMatchObject({ health: 'HEALTHY', healthAt: T + 1 });
    }
  });

  it('keeps opt-out words and other inbound messages apart, each at its latest', () => {
    const facts = merge(
      inboundOf(T, { isOptOut: true }),
      inboundOf(T + 2),
      inboundOf(T + 3, { isOptOut: true }),
      inboundOf(T + 1),
    );
    expect(facts).toMatchObject({ optOutWordAt: T + 3, optedInAt: T + 2, lastInboundAt: T + 3 });
  });

  it('keeps when our line last left and last joined', () => {
    const facts = merge(eventOf({ leftAt: T + 5 }), eventOf({ joinedAt: T + 9 }), eventOf({ leftAt: T + 2 }));
    expect(facts).toMatchObject({ leftAt: T + 5, joinedAt: T + 9 });
  });

  it('learns nothing of outbound messages from an inbound one', () => {
    expect(merge(inboundOf(T))).toMatchObject({ firstOutboundAt: null, lastOutboundAt: null, line: null });
  });

  it('returns the very same facts when an event tells nothing new, so that nothing is written', () => {
    const event = { ...outboundOf(T), ...healthOf('HEALTHY'), outbound: outboundOf(T).outbound };
    const facts = merge(event, inboundOf(T + 1));
    for (const repeat of [event, inboundOf(T + 1), inboundOf(T), eventOf(), healthOf('AT_RISK', T - 1)]) {
      expect(mergeChatEvent(facts, repeat)).toBe(facts);
    }
  });

  it("doesn't touch what isn't a fact, nor the facts it was given", () => {
    const record = Object.freeze({ ...NO_FACTS, chatId: 'chat-1', shareCount: 3 });
    expect(mergeChatEvent(record, outboundOf(T))).toMatchObject({ chatId: 'chat-1', shareCount: 3 });
    expect(record.firstOutboundAt).toBeNull();
  });
});

describe('mergeLineEvent', () => {
  it('takes the latest status and the latest reputation, each by itself', () => {
    const facts = mergeLine(
      lineEventOf({ at: T + 2, status: null, reputation: 'CRITICAL' }),
      lineEventOf({ at: T + 1, status: 'FLAGGED', reputation: 'HEALTHY' }),
    );
    expect(facts).toEqual({
      status: 'FLAGGED',
      statusAt: T + 1,
      reputation: 'CRITICAL',
      reputationAt: T + 2,
    });
  });

  it.each([
    ['FLAGGED', 'ACTIVE'],
    ['FLAGGED', 'SOMETHING_NEW'],
    ['SOMETHING_NEW', 'ACTIVE'],
  ])('prefers %s to %s at the same instant', (winner, loser) => {
    for (const order of [
      [winner, loser],
      [loser, winner],
    ]) {
      expect(mergeLine(...order.map((status) => lineEventOf({ status: status ?? '' }))).status).toBe(winner);
    }
  });

  it('returns the very same facts when an event tells nothing new', () => {
    const facts = mergeLine(lineEventOf({ reputation: 'AT_RISK' }));
    expect(mergeLineEvent(facts, lineEventOf({ reputation: 'AT_RISK' }))).toBe(facts);
    expect(mergeLineEvent(facts, lineEventOf({ at: T - 1, status: 'FLAGGED' }))).toBe(facts);
  });
});
