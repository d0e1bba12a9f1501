import { describe, expect, it } from 'vitest';
import { complaintOf, iso, parse, reasonOf, T, type Tree, told } from './parsing.ts';

describe('participant events', () => {
  const event = (type: 'added' | 'removed', participant: unknown, data: Tree = {}) => ({
    event_type: `participant.${type}`,
    created_at: iso(T('10:00:05')),
    data: { chat_id: 'c1', handle: '+12025550100', participant, ...data },
  });

  it.each([
    ['removed', 'leftAt', 'left_at'],
    ['added', 'joinedAt', 'joined_at'],
  ] as const)(
    '%s of our own line sets %s, by its own time, else the participant, else the event',
    (type, fact, field) => {
      const me = { is_me: true, [field]: iso(T('10:00:02')) };
      expect(told(event(type, me, { [`${type}_at`]: iso(T('10:00:01')) }))[fact]).toBe(T('10:00:01'));
      expect(told(event(type, me))[fact]).toBe(T('10:00:02'));
      expect(told(event(type, { is_me: true }))[fact]).toBe(T('10:00:05'));
      expect(told(event(type, me, { [`${type}_at`]: '0001-01-01T00:00:00Z' }))[fact]).toBe(T('10:00:02'));
      expect(told(event(type, me, { [`${type}_at`]: iso(T('11:00:00')) }))[fact]).toBe(T('10:00:05'));
    },
  );

  it.each(['added', 'removed'] as const)(
    '%s is ignored for anyone else, and when Linq does not say who',
    (type) => {
      expect(reasonOf(event(type, { is_me: false }))).toBe('another participant joined or left');
      expect(reasonOf(event(type, { is_me: null }, { handle: null }))).toBe(
        'it does not say who joined or left',
      );
      expect(reasonOf(event(type, undefined, { handle: 7 }))).toBe('it does not say who joined or left');
    },
  );

  it.each([
    ['removed', 'leftAt'],
    ['added', 'joinedAt'],
  ] as const)('%s names who it was where Linq does not say whether it is us', (type, fact) => {
    const member = { handle: '+12025550100', leftAt: null, joinedAt: null, [fact]: T('10:00:05') };
    for (const participant of [{ is_me: null }, { is_me: 'yes' }, {}, null, undefined, 'me'])
      expect(told(event(type, participant))).toMatchObject({ leftAt: null, joinedAt: null, member });
    const other = { handle: '+12025550101' };
    expect(told(event(type, other)).member?.handle).toBe('+12025550101');
  });

  it('cannot be read without a chat id', () => {
    expect(complaintOf(event('removed', { is_me: true }, { chat_id: null }))).toMatch(/^data\.chat_id: /);
    expect(complaintOf(event('removed', { is_me: true }, { chat_id: 'a\u2028b' }))).toMatch(
      /^data\.chat_id: /,
    );
  });
});

describe('phone_number.status_updated', () => {
  const data = { phone_number: '+12025550100', new_status: 'flagged', changed_at: iso(T('10:00:00')) };
  const event = (changes: Tree = {}) => ({
    event_type: 'phone_number.status_updated',
    created_at: iso(T('10:00:05')),
    data: { ...data, ...changes },
  });
  const line = (changes: Tree) => {
    const parsed = parse(event(changes));
    return parsed.kind === 'event' ? parsed.event : parsed;
  };

  it('tells the status of a line, and its reputation under either name', () => {
    const expected = { kind: 'line', line: '+12025550100', at: T('10:00:00'), status: 'FLAGGED' };
    expect(line({})).toEqual({ ...expected, reputation: null });
    expect(line({ new_health_status: 'at_risk' })).toEqual({ ...expected, reputation: 'AT_RISK' });
    expect(line({ new_reputation: 'Critical', new_health_status: 'AT_RISK' })).toEqual({
      ...expected,
      reputation: 'CRITICAL',
    });
    expect(line({ changed_at: iso(T('12:00:00')) })).toMatchObject({ at: T('10:00:05') });
  });

  it.each([null, 5, '', '+1202555\u200b0100', '+1 202 555 0100', 'x'.repeat(65)])(
    'cannot be read when its line is %j',
    (line) => {
      expect(complaintOf(event({ phone_number: line }))).toMatch('data.phone_number: expected');
    },
  );

  it.each([null, 5, 'soon', '0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z'])(
    'is dated by the event when it changed at %j',
    (changed_at) => {
      expect(line({ changed_at })).toMatchObject({ at: T('10:00:05'), status: 'FLAGGED' });
      expect(complaintOf({ ...event({ changed_at }), created_at: null })).toMatch(/^created_at: expected/);
    },
  );

  it('tells status and reputation each on its own, and nothing without both', () => {
    expect(line({ new_status: 5, new_reputation: 'critical' })).toMatchObject({
      status: null,
      reputation: 'CRITICAL',
    });
    expect(line({ new_reputation: {}, new_health_status: 'AT_RISK' })).toMatchObject({
      reputation: 'AT_RISK',
    });
    expect(reasonOf(event({ new_status: null }))).toMatch(/says nothing/);
  });
});

describe('contact_card events', () => {
  const event = (type: string, data: Tree) => ({ event_type: `contact_card.${type}`, data });

  it.each(['created', 'updated', 'deleted'])('%s says whose card changed, and needs nothing else', (type) => {
    const card = { kind: 'card', line: '+12025550100' };
    for (const data of [{ phone_number: '+12025550100' }, { contact_card: { phone_number: '+12025550100' } }])
      expect(parse(event(type, data))).toMatchObject({ kind: 'event', event: card });
  });

  it('are ignored when they do not say whose', () => {
    for (const data of [{}, { phone_number: 5 }, { contact_card: 'x' }, { phone_number: '\u2028' }])
      expect(reasonOf(event('updated', data))).toMatch(/which line’s card/);
  });
});

describe('other types', () => {
  it.each([
    'message.failed',
    'reaction.added',
    'chat.typing_indicator.started',
    'contact_card.received',
    'call.ended',
  ])('%s is ignored, whatever it holds', (type) =>
    expect(parse({ event_type: type, created_at: 'x', data: 5 })).toMatchObject({
      kind: 'ignored',
      eventType: type,
    }),
  );

  it('an unknown one is ignored', () => {
    for (const type of ['x', 'message.sent.v2', 'constructor', 'toString']) {
      expect(reasonOf({ event_type: type })).toBe('an event type that this version does not know');
    }
  });

  it.each([undefined, null, '', 5, ['message.sent'], 'message sent', 'a'.repeat(129)])(
    'a delivery of type %j cannot be read',
    (type) => {
      expect(complaintOf({ event_type: type, data: {} })).toMatch(/^event_type: /);
      expect(() => parse({ event_type: type })).toThrow(expect.objectContaining({ eventType: null }));
    },
  );

  it.each([undefined, null, 5, '', 'a b', 'a'.repeat(129)])('an event id of %j is none', (id) => {
    expect(parse({ event_type: 'x', event_id: id }).eventId).toBeNull();
  });
});
