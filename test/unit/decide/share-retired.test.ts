import { describe, expect, it } from 'vitest';
import type { ChatRecord } from '../../../src/decide/chat.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { DAY, HOUR } from '../../../src/decide/time.ts';
import { chatOf, policyOf, T } from '../../helpers/builders.ts';

const REFUSED: Partial<ChatRecord> = { retiredAt: T + HOUR, retiredReason: 'chat_gone' };
const REVIVES_AT = T + HOUR + DAY;
const decide = (chat: Partial<ChatRecord>, now: number) => decideShare(chatOf(chat), policyOf(), now);
const RETIRED = { state: 'retired', reason: 'chat_gone', nextAttemptAt: null, wakeAt: null };
const LEFT = { state: 'retired', reason: 'chat_left', nextAttemptAt: null, wakeAt: null };

describe('a chat that Linq refused for good', () => {
  it.each([
    ['before the refused attempt', T + HOUR - 1],
    ['at the very start of the refused attempt', T + HOUR],
  ])('stays retired for ever when our last message was sent %s', (_, lastOutboundAt) => {
    expect(decide({ ...REFUSED, lastOutboundAt }, T + 400 * DAY)).toEqual(RETIRED);
  });

  it('comes back with an outbound message after the refused attempt, one window after its start', () => {
    const chat = { ...REFUSED, lastOutboundAt: T + HOUR + 1 };
    const waits = { state: 'retired', nextAttemptAt: REVIVES_AT, wakeAt: REVIVES_AT };
    expect(decide(chat, T + HOUR + 2)).toMatchObject(waits);
    expect(decide(chat, REVIVES_AT - 1)).toMatchObject(waits);
    expect(decide(chat, REVIVES_AT)).toMatchObject({ state: 'due', nextAttemptAt: REVIVES_AT });
  });

  it('comes back at once with an outbound message later than that window', () => {
    expect(decide({ ...REFUSED, lastOutboundAt: REVIVES_AT + 5 }, REVIVES_AT + 5).state).toBe('due');
  });

  it('gets one attempt a window however much is sent: the next refusal starts the wait anew', () => {
    const again = { ...REFUSED, retiredAt: REVIVES_AT, lastOutboundAt: REVIVES_AT + 1 };
    expect(decide(again, REVIVES_AT + DAY - 1).state).toBe('retired');
    expect(decide(again, REVIVES_AT + DAY).state).toBe('due');
  });

  it('comes back at once when our line is added again', () => {
    expect(decide({ ...REFUSED, joinedAt: T + HOUR + 1 }, T + HOUR + 2).state).toBe('due');
  });

  it('stays retired when our line was added before the refused attempt', () => {
    expect(decide({ ...REFUSED, joinedAt: T + HOUR }, T + DAY)).toEqual(RETIRED);
  });

  it('still obeys an open window after it came back', () => {
    const lastSharedAt = T + 2 * HOUR;
    const chat = { ...REFUSED, lastSharedAt, joinedAt: T + HOUR + 1, lastOutboundAt: lastSharedAt };
    expect(decide(chat, T + 3 * HOUR)).toMatchObject({ state: 'waiting', nextAttemptAt: lastSharedAt + DAY });
  });
});

describe('a chat that our line left', () => {
  const leftAt = T + HOUR;

  it.each([
    ['before', leftAt - 1],
    ['at the same instant', leftAt],
  ])('is retired when our last message and our joining were %s', (_, at) => {
    expect(decide({ leftAt, lastOutboundAt: at, joinedAt: at }, T + DAY)).toEqual(LEFT);
  });

  it('comes back when our line is added again', () => {
    expect(decide({ leftAt, joinedAt: leftAt + 1 }, leftAt + 2).state).toBe('due');
  });

  it('comes back with a later outbound message, without waiting: Linq refused nothing', () => {
    expect(decide({ leftAt, lastOutboundAt: leftAt + 1 }, leftAt + 1).state).toBe('due');
  });

  it('is retired also when it left again', () => {
    expect(decide({ leftAt: leftAt + 9, joinedAt: leftAt + 1 }, T + DAY)).toEqual(LEFT);
  });

  it('at an instant in the future has left by now, and is back when that instant has passed', () => {
    const chat = { leftAt, joinedAt: leftAt + 5 };
    expect(decide(chat, leftAt - 1)).toMatchObject({ state: 'retired', wakeAt: leftAt + 1 });
    expect(decide(chat, leftAt).state).toBe('retired');
    expect(decide(chat, leftAt + 1)).toMatchObject({ state: 'due', nextAttemptAt: leftAt + 1 });
  });

  it('stays retired after it came back when Linq refused it for good', () => {
    const chat = { ...REFUSED, leftAt: T, joinedAt: T + 1 };
    expect(decide(chat, T + DAY)).toEqual(RETIRED);
  });
});
