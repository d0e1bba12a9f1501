import { describe, expect, it } from 'vitest';
import { CARD_EVENTS, CORE_EVENTS } from '../../../src/decide/subscription.ts';
import { cardEventsFor, type SubscriptionPlan } from '../../../src/setup/subscription-plan.ts';
import { dispositionOf } from '../../../src/webhook/parse.ts';
import { decide, LINE, PINNED, sound, WEBHOOK_URL } from './subscription-situation.ts';

describe('the events to subscribe to', () => {
  it('are those that the service reads, and the failures beside them', () => {
    const wanted = [...CORE_EVENTS, ...CARD_EVENTS];
    const unread = wanted.filter((event) => !('read' in dispositionOf(event)));
    expect(unread).toEqual(['message.failed']);
    expect(new Set(wanted).size).toBe(12);
  });
});

describe('a subscription is created', () => {
  it('when none leads here, with the version pinned', () => {
    const elsewhere = { ...sound, targetUrl: 'https://old.example.com/webhooks/linq?version=2026-02-03' };
    expect(decide([elsewhere])).toEqual({ kind: 'create', targetUrl: PINNED });
    expect(decide([], { isRecreateWanted: true })).toEqual({ kind: 'create', targetUrl: PINNED });
  });
});

describe('a subscription is kept', () => {
  it('when it is as it has to be and its secret is known', () => {
    expect(decide([sound])).toEqual({ kind: 'keep', subscription: sound, isAssumed: false });
  });

  it('when nobody noted whose the secret is, and says so', () => {
    expect(decide([sound], { secretOf: null })).toMatchObject({ kind: 'keep', isAssumed: true });
  });

  it.each([
    ['with more events', { events: [...CORE_EVENTS, 'reaction.added'] }],
    ['with events that Linq doesn’t tell', { events: null }],
    ['limited to lines that are all that are wanted', { lines: [LINE, '+12025550101'] }],
    [
      'whose address is written otherwise',
      { targetUrl: 'https://CARDS.example.com:443/webhooks/linq/?version=2026-02-03' },
    ],
    ['with a further query', { targetUrl: `${PINNED}&n=2` }],
  ])('%s', (_, difference) => {
    expect(decide([{ ...sound, ...difference }])).toMatchObject({ kind: 'keep' });
  });

  it('when of several that lead here it is the one whose secret is known', () => {
    const other = { ...sound, subscriptionId: 's2', targetUrl: `${PINNED}&n=2` };
    expect(decide([other, sound])).toMatchObject({ kind: 'keep', subscription: sound });
  });
});

describe('a subscription is changed in place', () => {
  it.each([
    ['it is inactive', { isActive: false }, { isActive: true }],
    ['it lacks events', { events: ['reaction.added', 'message.sent'] }, { events: expect.any(Array) }],
    ['no version is pinned', { targetUrl: WEBHOOK_URL }, { targetUrl: PINNED }],
    ['another version is pinned', { targetUrl: `${WEBHOOK_URL}?version=2025-01-01` }, { targetUrl: PINNED }],
    ['it leaves out a line', { lines: ['+12025550101'] }, { lines: null }],
  ])('when %s', (_, difference, change) => {
    expect(decide([{ ...sound, ...difference }])).toMatchObject({ kind: 'update', change });
    expect(Object.keys((decide([{ ...sound, ...difference }]) as { change: object }).change)).toEqual(
      Object.keys(change),
    );
  });

  it('so that it keeps events that somebody else added', () => {
    const plan = decide([{ ...sound, events: ['reaction.added', 'message.sent'] }]);
    const { events } = (plan as Extract<SubscriptionPlan, { kind: 'update' }>).change;
    expect(new Set(events)).toEqual(new Set(['reaction.added', ...CORE_EVENTS, ...CARD_EVENTS]));
  });
});

describe('the events of contact cards', () => {
  it('are added to a subscription that is as it has to be, beside those that it has', () => {
    const change = cardEventsFor({ ...sound, events: ['reaction.added', ...CORE_EVENTS] });
    expect(new Set(change?.events)).toEqual(new Set(['reaction.added', ...CORE_EVENTS, ...CARD_EVENTS]));
  });

  it('are no fault where they are missing, and no change where they aren’t, or nobody tells', () => {
    expect(decide([{ ...sound, events: CORE_EVENTS }])).toMatchObject({ kind: 'keep' });
    expect(cardEventsFor({ ...sound, events: [...CARD_EVENTS, ...CORE_EVENTS] })).toBeNull();
    expect(cardEventsFor({ ...sound, events: null })).toBeNull();
  });
});

describe('a subscription is put in place of another', () => {
  it.each([
    ['no secret is known', { hasSecret: false, secretOf: null }, 'secret_unknown'],
    ['the secret is that of another one', { secretOf: 's9' }, 'secret_unknown'],
    ['it is wanted', { isRecreateWanted: true }, 'wanted'],
  ])('when %s, under an address that is free', (_, situation, why) => {
    const targetUrl = `${PINNED}&n=2`;
    expect(decide([sound], situation)).toEqual({
      kind: 'recreate',
      old: [sound],
      targetUrl,
      faults: [],
      why,
    });
  });

  it('takes the usual address when that is free', () => {
    const unpinned = { ...sound, targetUrl: WEBHOOK_URL };
    expect(decide([unpinned], { hasSecret: false })).toMatchObject({
      targetUrl: PINNED,
      faults: ['version'],
    });
  });
});
