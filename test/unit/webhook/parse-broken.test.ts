import { describe, expect, it } from 'vitest';
import type { MessageFields } from '../../helpers/deliver.ts';
import { complaintOf, iso, parse, parseNoting, T, type Tree, told, versions, withField } from './parsing.ts';

describe.each(versions)('a message of version %s', (version, message, place) => {
  const build = (fields: MessageFields = {}, changes: Tree = {}) =>
    Object.entries(changes).reduce((event, [path, value]) => withField(event, path, value), message(fields));
  const is2026 = version === '2026-02-03';
  const chatId = is2026 ? 'data.chat.id' : 'data.chat_id';
  const direction = is2026 ? 'data.direction' : 'data.is_from_me';
  const sender = is2026 ? 'data.sender_handle' : 'data.from_handle';
  const isGroup = is2026 ? 'data.chat.is_group' : 'data.is_group';

  it.each([
    ...[
      undefined,
      null,
      '',
      7,
      '..',
      'x'.repeat(129),
      'a\u0000b',
      '\ud800',
      'a b',
      'a\u2028b',
      'a\u202eb',
    ].map((value) => [chatId, value]),
    ...[undefined, null, {}, 5].map((value) => [direction, value]),
    ...(is2026 ? [['data.chat', 'c1']] : []),
    ['data', undefined],
    ['data', []],
  ] as [string, unknown][])('cannot be read when %s is %j, and says so without the value', (path, value) => {
    const event = build({ text: 'x' }, { [path]: value });
    expect(complaintOf(event)).toMatch(new RegExp(`^${path}: expected [^"]*$`));
    expect(() => parse(event)).toThrow(expect.objectContaining({ eventType: 'message.sent' }));
  });

  it('cannot be read without any time', () => {
    const undated = { created_at: 5, [`${place}.sent_at`]: 'yesterday' };
    expect(complaintOf(build({}, undated))).toMatch(/^created_at: expected an RFC 3339 time/);
  });

  it.each([
    [`${place}.parts`, 'text'],
    [`${place}.parts`, { type: 'text' }],
    [`${place}.sent_at`, 'yesterday'],
    [`${place}.sent_at`, 1793722804902],
    [`${place}.delivered_at`, {}],
    ['created_at', 'today'],
    ['created_at', 1793722804902],
    ['webhook_version', 5],
    ['data.service', 5],
    ['data.service', 'x'.repeat(65)],
    ['data.service', 'i\u2028Message'],
    [isGroup, 'no'],
    [sender, '+12025550100'],
    [sender, []],
    [`${sender}.is_me`, 'yes'],
    ...(is2026
      ? [
          ['data.chat.owner_handle', '+12025550100'],
          ['data.chat.owner_handle.handle', 12025550100],
          ['data.chat.owner_handle.handle', 'x'.repeat(65)],
          ['data.chat.owner_handle.handle', '+1202555\u202e0100'],
          ['data.chat.health_status', 'HEALTHY'],
          ['data.chat.health_status', 1],
          ['data.chat.health_status', ['HEALTHY']],
          ['data.chat.health_status.status', 1],
        ]
      : [
          ['data.message', 'text'],
          [`${sender}.handle`, 12025550100],
        ]),
  ] as [string, unknown][])('counts when %s is %j, which says nothing, and is reported', (path, value) => {
    const fields = { health: 'HEALTHY', sentAt: T('10:00:00'), createdAt: T('10:00:05'), chatId: 'c1' };
    const changes = path.endsWith('delivered_at')
      ? { [`${place}.sent_at`]: null, [path]: value }
      : { [path]: value };
    const { event, unreadable } = parseNoting(build(fields, changes));
    expect(event).toMatchObject({ kind: 'chat', chatId: 'c1', outbound: expect.any(Object) });
    expect(unreadable).toEqual([path]);
  });

  it('reports nothing of what is absent, null, or was never set', () => {
    const unset = { [`${place}.delivered_at`]: '0001-01-01T00:00:00Z', [`${place}.parts`]: null };
    const { unreadable } = parseNoting(build({}, { ...unset, 'data.service': null, [isGroup]: undefined }));
    expect(unreadable).toEqual([]);
  });

  it('that was sent counts although a part of it is odd', () => {
    const parts = ['text', 5, { type: 7 }, { kind: 'poll' }, { type: 'from the future' }];
    const { event, unreadable } = parseNoting(
      build({ sentAt: T('10:00:00') }, { [`${place}.parts`]: parts }),
    );
    expect(event).toMatchObject({ outbound: { at: T('10:00:00') } });
    const at = `${place}.parts[]`;
    expect(unreadable).toEqual([at, at, `${at}.type`, `${at}.type`, `${at}.type`, `${at}.type`]);
  });

  it('falls back from each time that can’t be read or believed to the next one', () => {
    const times = { sent_at: 5, delivered_at: '2011-10-11T23:59:59.999Z', read_at: iso(T('10:00:03')) };
    const changes = Object.fromEntries(
      Object.entries(times).map(([key, value]) => [`${place}.${key}`, value]),
    );
    expect(told(build({ createdAt: T('10:00:09') }, changes)).outbound?.at).toBe(T('10:00:03'));
    const none = { ...changes, [`${place}.read_at`]: '1970-01-01T00:00:00Z' };
    expect(told(build({ createdAt: T('10:00:09') }, none)).outbound?.at).toBe(T('10:00:09'));
  });
});
