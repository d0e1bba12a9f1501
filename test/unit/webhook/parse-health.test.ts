import { describe, expect, it } from 'vitest';
import { SENDER_CONFLICT } from '../../../src/webhook/event-readers.ts';
import { type MessageFields, message2026 } from '../../helpers/deliver.ts';
import { iso, parse, reasonOf, T, type Tree, told, withField } from './parsing.ts';

describe('the health of a chat', () => {
  const message = (changes: Tree, fields: MessageFields = {}) =>
    Object.entries(changes).reduce(
      (event, [path, value]) => withField(event, path, value),
      message2026({ health: 'HEALTHY', sentAt: T('10:00:00'), createdAt: T('10:00:05'), ...fields }),
    );
  const STATUS = 'data.chat.health_status';

  it('is in upper case, dated by its own time', () => {
    const event = message({ [STATUS]: { status: 'at_risk', updated_at: iso(T('09:00:00')) } });
    expect(told(event).health).toEqual({ status: 'AT_RISK', at: T('09:00:00') });
  });

  it("is dated by the event without one, and never later than the event's", () => {
    for (const untold of [null, '0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', 'soon', 5])
      expect(told(message({ [`${STATUS}.updated_at`]: untold })).health?.at).toBe(T('10:00:05'));
    expect(told(message({ [`${STATUS}.updated_at`]: iso(T('11:00:00')) })).health?.at).toBe(T('10:00:05'));
    expect(told(message({ [`${STATUS}.updated_at`]: null, created_at: null })).health?.at).toBe(
      T('10:00:00'),
    );
  });

  it('is nothing when it is absent, empty, or of another shape', () => {
    for (const value of [undefined, null, {}, { status: null }, 'HEALTHY', 5, [], { status: 5 }])
      expect(told(message({ [STATUS]: value })).health).toBeNull();
  });

  it('counts although the message itself proves nothing', () => {
    const health = { status: 'HEALTHY', at: T('10:00:00') };
    expect(told(message({ 'data.parts': [] }))).toMatchObject({ outbound: null, inbound: null, health });
    const read = { eventType: 'message.read', isOutbound: false };
    expect(told(message({}, read))).toMatchObject({ outbound: null, inbound: null, health });
    expect(told(message({ 'data.direction': 'sideways' }))).toMatchObject({
      outbound: null,
      inbound: null,
      health,
    });
  });

  const edit = (isOutbound: boolean, health?: string) => ({
    ...message2026({ eventType: 'message.edited', isOutbound, ...(health === undefined ? {} : { health }) }),
  });
  it('is all that an edit of ours tells; an edit of a person tells nothing', () => {
    expect(told(edit(true, 'CRITICAL'))).toMatchObject({
      outbound: null,
      inbound: null,
      health: { status: 'CRITICAL' },
    });
    expect(reasonOf(edit(true))).toMatch(/says nothing/);
    expect(reasonOf(edit(false, 'CRITICAL'))).toMatch(/says nothing/);
    expect(reasonOf(withField(edit(true, 'CRITICAL'), 'data.sender_handle.is_me', false))).toBe(
      SENDER_CONFLICT,
    );
  });

  const created = (health?: unknown) => ({
    event_type: 'chat.created',
    created_at: iso(T('10:00:00')),
    data: { id: 'c1', is_group: false, service: 'iMessage', health_status: health },
  });
  it('is all that chat.created tells', () => {
    expect(parse(created({ status: 'opted_out' }))).toMatchObject({
      eventId: null,
      event: { chatId: 'c1', outbound: null, health: { status: 'OPTED_OUT', at: T('10:00:00') } },
    });
    expect(reasonOf(created())).toMatch(/says nothing/);
  });
});
