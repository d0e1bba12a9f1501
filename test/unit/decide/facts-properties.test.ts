import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent, LineEvent } from '../../../src/decide/event.ts';
import {
  type ChatFacts,
  type LineFacts,
  mergeChatEvent,
  mergeLineEvent,
  NO_FACTS,
  ownMembership,
} from '../../../src/decide/facts.ts';
import { eventOf, LINE, OTHER_LINE, T } from '../../helpers/builders.ts';
import { chatEvents, lineEvents } from './arbitraries.ts';
import { holds } from './properties.ts';

const NO_LINE_FACTS: LineFacts = { status: null, statusAt: null, reputation: null, reputationAt: null };
const mergeAll = (events: readonly ChatEvent[], from = NO_FACTS): ChatFacts =>
  events.reduce(mergeChatEvent<ChatFacts>, from);
const mergeAllLine = (events: readonly LineEvent[], from = NO_LINE_FACTS): LineFacts =>
  events.reduce(mergeLineEvent<LineFacts>, from);

/** The events, and what may reach us of them: each at least once, repeated and in any order. */
function delivered<E>(events: fc.Arbitrary<E>) {
  return fc.array(events, { minLength: 1, maxLength: 8 }).chain((sent) =>
    fc.record({
      sent: fc.constant(sent),
      received: fc
        .array(fc.nat(sent.length - 1), { maxLength: 12 })
        .chain((repeats) => shuffled([...sent, ...repeats.map((index) => sent[index] as E)])),
    }),
  );
}

function shuffled<E>(items: E[]): fc.Arbitrary<E[]> {
  return fc.shuffledSubarray(items, { minLength: items.length });
}

describe('merging the events of a chat', () => {
  it('ends in the same facts for any order and any repetition', () => {
    const property = fc.property(delivered(chatEvents), ({ sent, received }) => {
      expect(mergeAll(received)).toEqual(mergeAll(sent));
    });
    holds(property);
  });

  it('changes nothing when everything is delivered a second time', () => {
    const property = fc.property(delivered(chatEvents), ({ sent, received }) => {
      const facts = mergeAll(sent);
      expect(mergeAll(received, facts)).toBe(facts);
    });
    holds(property);
  });

  it('never forgets what was known', () => {
    const property = fc.property(fc.array(chatEvents), chatEvents, (earlier, event) => {
      const before = mergeAll(earlier);
      const after = mergeChatEvent(before, event);
      for (const name of Object.keys(NO_FACTS) as (keyof ChatFacts)[]) {
        if (before[name] !== null) expect(after[name]).not.toBeNull();
      }
    });
    holds(property);
  });

  it('moves the first outbound only back, and every other instant only forth', () => {
    const property = fc.property(fc.array(chatEvents), chatEvents, (earlier, event) => {
      const before = mergeAll(earlier);
      const after = mergeChatEvent(before, event);
      if (before.firstOutboundAt !== null) {
        expect(after.firstOutboundAt).toBeLessThanOrEqual(before.firstOutboundAt);
      }
      const forth = ['lastOutboundAt', 'lastInboundAt', 'optOutWordAt', 'optedInAt', 'healthAt'] as const;
      for (const name of forth) expect(after[name] ?? 0).toBeGreaterThanOrEqual(before[name] ?? 0);
    });
    holds(property);
  });

  it('holds no instant that no event told', () => {
    const property = fc.property(fc.array(chatEvents), (events) => {
      const told = new Set(
        JSON.stringify(events)
          .match(/\d{13}/g)
          ?.map(Number) ?? [],
      );
      for (const value of Object.values(mergeAll(events))) {
        if (typeof value === 'number') expect(told).toContain(value);
      }
    });
    holds(property);
  });
});

describe('someone of whom Linq does not say whether it is us', () => {
  const members: fc.Arbitrary<ChatEvent> = fc
    .record({
      handle: fc.constantFrom(LINE, OTHER_LINE, '+12025550142'),
      isRemoval: fc.boolean(),
      at: fc.integer({ min: T, max: T + 6 }),
    })
    .map(({ handle, isRemoval, at }) =>
      eventOf({ member: { handle, leftAt: isRemoval ? at : null, joinedAt: isRemoval ? null : at } }),
    );
  const isOurLine = (handle: string) => handle === LINE || handle === OTHER_LINE;
  const resolved = (events: readonly ChatEvent[]) =>
    events.flatMap((event) => ownMembership(event, isOurLine) ?? []);

  it('ends in the same facts for any order and any repetition, whatever line the chat has meanwhile', () => {
    const property = fc.property(delivered(fc.oneof(chatEvents, members)), ({ sent, received }) => {
      expect(mergeAll(resolved(received))).toEqual(mergeAll(resolved(sent)));
    });
    holds(property);
  });

  it('is us exactly when one of our lines left or joined, as if Linq had said so', () => {
    const property = fc.property(members, (event) => {
      const { member } = event;
      const isUs = member !== undefined && isOurLine(member.handle);
      const said = isUs ? eventOf({ leftAt: member.leftAt, joinedAt: member.joinedAt }) : null;
      expect(ownMembership(event, isOurLine)).toEqual(said);
    });
    holds(property);
  });
});

describe('merging the events of a line', () => {
  it('ends in the same facts for any order and any repetition', () => {
    const property = fc.property(delivered(lineEvents), ({ sent, received }) => {
      expect(mergeAllLine(received)).toEqual(mergeAllLine(sent));
    });
    holds(property);
  });

  it('changes nothing when everything is delivered a second time', () => {
    const property = fc.property(delivered(lineEvents), ({ sent, received }) => {
      const facts = mergeAllLine(sent);
      expect(mergeAllLine(received, facts)).toBe(facts);
    });
    holds(property);
  });
});
