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
      expect(reasonOf(event(type, { is_me: null }))).toBe('another participant joined or left');
      expect(reasonOf(event(type, undefined))).toBe('it does not say who joined or left');
    },
  );

  it('cannot be read without a chat id', () => {
    expect(complaintOf(event('removed', { is_me: true }, { chat_id: null }))).toMatch(/^data\.chat_id: /);
    expect(complaintOf(event('removed', 'me'))).toMatch(/^data\.participant: /);
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

  it.each(['phone_number', 'new_status', 'changed_at'])('cannot be read without %s', (key) => {
    expect(complaintOf(event({ [key]: null }))).toMatch(`data.${key}: expected`);
  });

  it('cannot be read when its time was never set', () => {
    expect(complaintOf(event({ changed_at: '0001-01-01T00:00:00Z' }))).toMatch('data.changed_at: expected');
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
