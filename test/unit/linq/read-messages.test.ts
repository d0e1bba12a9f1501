import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readMessages } from '../../../src/linq/read.ts';
import { LINE, T } from '../../helpers/builders.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/linq/api/${name}`, import.meta.url), 'utf8');
const AT = new Date(T).toISOString();
const TEXT = [{ type: 'text', value: 'Hello' }];
const ours = (more: object = {}) => ({
  is_from_me: true,
  delivery_status: 'sent',
  service: 'iMessage',
  from_handle: { handle: LINE, is_me: true },
  parts: TEXT,
  sent_at: AT,
  ...more,
});
const theirs = (more: object = {}) => ({
  is_from_me: false,
  delivery_status: 'received',
  from_handle: { handle: '+12025550142', is_me: false },
  parts: TEXT,
  sent_at: AT,
  ...more,
});
const read = (...messages: unknown[]) => readMessages(JSON.stringify({ messages }))?.messages;
const OUTBOUND = { kind: 'outbound', at: T, line: LINE, service: 'iMessage' };

describe('readMessages', () => {
  it('takes a list that is far longer than a page was asked to be for none of Linq’s', () => {
    expect(read(...Array.from({ length: 1000 }, () => ours()))).toHaveLength(1000);
    expect(read(...Array.from({ length: 1001 }, () => ours()))).toBeUndefined();
  });

  it('reads what was sent and received from recorded answers, and nothing of what is queued or failed', () => {
    expect(readMessages(fixture('chats.messages-list.json'))).toEqual({
      nextCursor: null,
      messages: [
        { ...OUTBOUND, at: Date.parse('2026-11-03T16:20:04.902Z') },
        { kind: 'inbound', at: Date.parse('2026-11-03T16:18:56.744Z'), isOptOutWord: false },
      ],
    });
    expect(readMessages(fixture('chats.messages-list-queued-and-failed.json'))?.messages).toEqual([]);
  });

  it.each(['sent', 'delivered', 'read', 'Read'])('takes the status %s for proof', (status) => {
    expect(read(ours({ delivery_status: status }))).toEqual([OUTBOUND]);
  });

  it.each(['pending', 'queued', 'failed', 'received', 'something-new'])(
    'takes the status %s for no proof that we sent it',
    (status) => {
      expect(read(ours({ delivery_status: status }))).toEqual([]);
    },
  );

  it('believes an answer without a status by its times', () => {
    expect(read(ours({ delivery_status: undefined, is_delivered: false }))).toEqual([OUTBOUND]);
    expect(read(ours({ delivery_status: null, sent_at: null, delivered_at: AT }))).toEqual([OUTBOUND]);
  });

  it('dates a message by when it was sent, else delivered, else read', () => {
    const later = (ms: number) => new Date(T + ms).toISOString();
    const times = { sent_at: AT, delivered_at: later(1), read_at: later(2) };
    const atOf = (more: object) => read(ours({ ...times, ...more }))?.[0]?.at;
    expect([
      atOf({}),
      atOf({ sent_at: null }),
      atOf({ sent_at: 'soon', delivered_at: '0001-01-01T00:00:00Z' }),
    ]).toEqual([T, T + 1, T + 2]);
    expect(read(ours({ sent_at: null, created_at: AT }), theirs({ sent_at: null, created_at: AT }))).toEqual(
      [],
    );
  });

  it('keeps its own time when Linq recovered it late', () => {
    expect(read(ours({ reconciled_at: new Date(T + 3_600_000).toISOString() }))).toEqual([OUTBOUND]);
  });

  it.each([{ parts: null }, { parts: undefined }, { parts: 'x' }, { parts: [7] }])(
    'takes a message of ours whose parts are left out, or can’t be read, for one: %j',
    (parts) => {
      expect(read(ours(parts))).toEqual([OUTBOUND]);
    },
  );

  it('takes a message of ours that is told to have no parts for no proof', () => {
    expect(read(ours({ parts: [] }))).toEqual([]);
  });

  it('reports what it can’t read, and reads the rest', () => {
    const unreadable: string[] = [];
    const odd = ours({
      service: 5,
      from_handle: { handle: 'a\u2028b', is_me: 'yes' },
      from: LINE,
      delivered_at: 5,
    });
    const body = JSON.stringify({ messages: [odd, 'x', { ...odd, sent_at: 'soon', delivered_at: AT }] });
    const page = readMessages(body, (field) => unreadable.push(field));
    expect(page?.messages).toEqual([
      { ...OUTBOUND, service: null },
      { ...OUTBOUND, service: null },
    ]);
    expect(new Set(unreadable)).toEqual(
      new Set([
        'messages[]',
        'messages[].service',
        'messages[].from_handle.handle',
        'messages[].from_handle.is_me',
        'messages[].sent_at',
      ]),
    );
  });

  it.each(['1970-01-01T00:00:00Z', '2011-10-11T23:59:59.999Z'])(
    'believes no time before iMessage: %s',
    (sent_at) => {
      expect(read(ours({ sent_at, delivered_at: AT }))).toEqual([OUTBOUND]);
      expect(read(ours({ sent_at }))).toEqual([]);
    },
  );

  it('knows line and service as told, in the spelling of webhooks', () => {
    expect(read(ours({ service: 'imessage' }))).toEqual([OUTBOUND]);
    expect(read(ours({ service: 'Pigeon' }))).toEqual([{ ...OUTBOUND, service: 'Pigeon' }]);
    expect(read(ours({ service: null, from_handle: null, from: LINE }))).toEqual([
      { ...OUTBOUND, service: null },
    ]);
    expect(read(ours({ from_handle: null }))).toEqual([{ ...OUTBOUND, line: null }]);
  });

  it('leaves out what contradicts itself or says not who sent it', () => {
    expect(read(ours({ from_handle: { handle: LINE, is_me: false } }))).toEqual([]);
    expect(read(theirs({ from_handle: { handle: LINE, is_me: true } }))).toEqual([]);
    expect(read(ours({ is_from_me: undefined }), ours({ is_from_me: 'yes' }), null, 7, 'x', [])).toEqual([]);
  });

  it.each([
    [[{ type: 'text', value: ' stop\n' }], true],
    [[{ type: 'text', value: 'opt-out' }], true],
    [[{ type: 'text', value: 'please stop' }], false],
    [
      [
        { type: 'text', value: 'ST' },
        { type: 'text', value: 'OP' },
      ],
      true,
    ],
    [[{ type: 'text', value: 'STOP' }, { type: 'media' }], false],
    [[{ type: 'media' }], false],
    [[{ type: 'text', value: 'Stop!' }, 7], true],
    [[{ type: 'text', value: 'Hello' }, 'x'], false],
    [[], false],
    [null, null],
    [undefined, null],
    ['STOP', null],
    [['STOP'], null],
    [[{ type: 'text' }], null],
    [[{ value: 'STOP' }], null],
    [[{ type: 'text', value: { text: 'STOP' } }], null],
  ])('reads the whole of their message: %j', (parts, isOptOutWord) => {
    expect(read(theirs({ parts }))).toEqual([{ kind: 'inbound', at: T, isOptOutWord }]);
  });

  it('keeps no text', () => {
    const text = 'a-secret-of-theirs';
    const page = read(
      ours({ parts: [{ type: 'text', value: text }] }),
      theirs({ parts: [{ type: 'text', value: text }] }),
    );
    expect(page).toHaveLength(2);
    expect(JSON.stringify(page)).not.toContain(text);
  });

  it('takes a list that is null for an empty one, as Go writes it', () => {
    expect(readMessages('{"messages":null}')).toEqual({ messages: [], nextCursor: null });
  });

  it.each([null, '', 'null', '[]', '{}', '{"messages":{}}', '<html>'])('finds no list in %j', (body) => {
    expect(readMessages(body)).toBeNull();
  });
});
