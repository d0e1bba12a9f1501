import { describe, expect, it } from 'vitest';
import { SENDER_CONFLICT } from '../../../src/webhook/event-readers.ts';
import { type MessageFields, message2025, message2026 } from '../../helpers/deliver.ts';
import { complaintOf, iso, reasonOf, T, type Tree, told, versions, withField } from './parsing.ts';

/** What Go and Unix write for a time that was never set, and the last that isn't believed. */
const ZEROS = ['0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2011-10-11T23:59:59.999Z'];

describe.each(versions)('a message of version %s', (_version, message, place) => {
  const build = (fields: MessageFields = {}, changes: Tree = {}) =>
    Object.entries(changes).reduce((event, [path, value]) => withField(event, path, value), message(fields));

  it.each(['message.sent', 'message.delivered', 'message.read'])(
    '%s of ours is outbound evidence',
    (eventType) => {
      const event = build({ eventType, chatId: 'c1', line: '+12025550101', sentAt: T('10:00:00') });
      expect(told(event)).toMatchObject({
        chatId: 'c1',
        outbound: { at: T('10:00:00'), line: '+12025550101', service: 'iMessage', isGroup: false },
        inbound: null,
      });
    },
  );

  it.each([
    ['sent_at', { sent_at: '10:00:01', delivered_at: '10:00:02', read_at: '10:00:03' }, '10:00:01'],
    ['delivered_at', { sent_at: null, delivered_at: '10:00:02', read_at: '10:00:03' }, '10:00:02'],
    ['read_at', { sent_at: null, delivered_at: null, read_at: '10:00:03' }, '10:00:03'],
    ["the envelope's created_at", { sent_at: null, delivered_at: null, read_at: null }, '10:00:09'],
  ])('is dated by %s', (_name, times: Record<string, string | null>, expected) => {
    const changes = Object.entries(times).map(([key, time]) => [`${place}.${key}`, time && iso(T(time))]);
    const event = build({ createdAt: T('10:00:09') }, Object.fromEntries(changes));
    expect(told(event).outbound?.at).toBe(T(expected));
  });

  it.each(ZEROS)('takes a time before iMessage for one that is not told: %s', (ZERO) => {
    const changes = { [`${place}.sent_at`]: ZERO, [`${place}.delivered_at`]: iso(T('10:00:02')) };
    expect(told(build({}, { ...changes, [`${place}.read_at`]: ZERO })).outbound?.at).toBe(T('10:00:02'));
    const undated = build({ createdAt: T('10:00:09') }, { [`${place}.sent_at`]: ZERO });
    expect(told(undated).outbound?.at).toBe(T('10:00:09'));
    expect(complaintOf(withField(undated, 'created_at', ZERO))).toMatch(/^created_at: /);
    const dated = withField(build({ sentAt: T('10:00:00') }), 'created_at', ZERO);
    expect(told(dated).outbound?.at).toBe(T('10:00:00'));
    const first = { [`${place}.sent_at`]: '2011-10-12T00:00:00Z' };
    expect(told(build({}, first)).outbound?.at).toBe(Date.UTC(2011, 9, 12));
  });

  it('is never dated later than the envelope, and only then needs its created_at', () => {
    const late = { sentAt: T('10:00:00'), createdAt: T('09:00:00') };
    expect(told(build(late)).outbound?.at).toBe(T('09:00:00'));
    expect(told(build(late, { created_at: undefined })).outbound?.at).toBe(T('10:00:00'));
    const undated = build(late, { created_at: null, [`${place}.sent_at`]: null });
    expect(complaintOf(undated)).toMatch(/^created_at: expected an RFC 3339 time/);
  });

  it('is no outbound evidence only where it is told to have no parts', () => {
    expect(reasonOf(build({}, { [`${place}.parts`]: [] }))).toMatch(/says nothing/);
    for (const parts of [undefined, null])
      expect(told(build({}, { [`${place}.parts`]: parts })).outbound).not.toBeNull();
  });

  it.each([
    ['imessage', 'iMessage'],
    ['IMESSAGE', 'iMessage'],
    ['sms', 'SMS'],
    ['Rcs', 'RCS'],
    ['WhatsApp', 'WhatsApp'],
    [null, null],
    ['', null],
  ])('spells the service %j as %j', (service, expected) => {
    expect(told(build({ service })).outbound?.service).toBe(expected);
  });

  it('says nothing of the group when Linq does not', () => {
    expect(told(build({ isGroup: null })).outbound?.isGroup).toBeNull();
    expect(told(build({ isGroup: true })).outbound?.isGroup).toBe(true);
  });

  it('received is inbound evidence, and no outbound', () => {
    const event = build({ isOutbound: false, sentAt: T('10:00:00') });
    expect(told(event)).toMatchObject({ outbound: null, inbound: { at: T('10:00:00'), isOptOut: false } });
  });

  it('received, but of ours, proves neither', () => {
    expect(reasonOf(build({ eventType: 'message.received' }))).toMatch(/says nothing/);
  });

  it.each(['message.sent', 'message.delivered', 'message.read'])('%s of a person is neither', (eventType) => {
    expect(reasonOf(build({ eventType, isOutbound: false }))).toMatch(/says nothing/);
  });

  const sender = place === 'data' ? 'data.sender_handle' : 'data.from_handle';
  it.each([true, false])(
    'is ignored when its sender contradicts its direction (outbound: %s)',
    (isOutbound) => {
      expect(reasonOf(build({ isOutbound }, { [`${sender}.is_me`]: !isOutbound }))).toBe(SENDER_CONFLICT);
      expect(reasonOf(build({ isOutbound }, { [`${sender}.is_me`]: null }))).toBe('an event');
      expect(reasonOf(build({ isOutbound }, { [sender]: null }))).toBe('an event');
    },
  );

  it('is told by its shape where webhook_version is missing, unknown or unreadable', () => {
    for (const version of ['2031-01-01', undefined, null, 5]) {
      expect(reasonOf(build({}, { webhook_version: version }))).toBe('an event');
    }
  });

  it('is read as webhook_version says, whatever else it holds', () => {
    const both =
      place === 'data' ? { 'data.chat_id': 'c2', 'data.message': {} } : { 'data.chat': { id: 'c2' } };
    expect(told(build({ chatId: 'c1' }, both)).chatId).toBe('c1');
  });
});

describe('the line of an outbound message', () => {
  it("is the chat's owner, else the sender (2026-02-03)", () => {
    const event = message2026({ line: '+12025550101' });
    const other = withField(event, 'data.sender_handle.handle', '+12025550102');
    expect(told(other).outbound?.line).toBe('+12025550101');
    expect(told(withField(other, 'data.chat.owner_handle', null)).outbound?.line).toBe('+12025550102');
    expect(
      told(withField(withField(other, 'data.chat.owner_handle', null), 'data.sender_handle', null)).outbound
        ?.line,
    ).toBeNull();
  });

  it('is from_handle, else the deprecated from (2025-01-01)', () => {
    const event = withField(message2025({ line: '+12025550101' }), 'data.from', '+12025550102');
    expect(told(event).outbound?.line).toBe('+12025550101');
    expect(told(withField(event, 'data.from_handle', null)).outbound?.line).toBe('+12025550102');
    expect(
      told(withField(withField(event, 'data.from_handle', null), 'data.from', null)).outbound?.line,
    ).toBeNull();
  });

  it('is also found where 2025-01-01 puts the times at the top', () => {
    const event = withField(
      withField(message2025({ eventType: 'message.read' }), 'data.message.sent_at', null),
      'data.read_at',
      iso(T('09:00:00')),
    );
    expect(told(event).outbound?.at).toBe(T('09:00:00'));
  });
});
