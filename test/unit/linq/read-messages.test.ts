import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readMessages } from '../../../src/linq/read-messages.ts';
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

  it.each([{ parts: null }, { parts: undefined }])(
    'takes a message of ours whose parts are left out for one: %j',
    (parts) => {
      expect(read(ours(parts))).toEqual([OUTBOUND]);
    },
  );

  it.each([{ parts: [] }, { parts: 'x' }])('takes a message of ours with %j for no proof', (parts) => {
    expect(read(ours(parts))).toEqual([]);
  });

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
    [[{ type: 'text' }], false],
    [[], false],
    [null, false],
  ])('reads the whole of their message: %j', (parts, isOptOutWord) => {
    expect(read(theirs({ parts }))).toEqual([{ kind: 'inbound', at: T, isOptOutWord }]);
  });

  it.each([['STOP'], [{ value: 'STOP' }], [{ type: 'text', value: { text: 'STOP' } }]])(
    'takes nothing from a message of theirs whose parts it cannot read: %j',
    (part) => {
      expect(read(theirs({ parts: [part] }))).toEqual([]);
    },
  );

  it('keeps no text', () => {
    const text = 'a-secret-of-theirs';
    const page = read(
      ours({ parts: [{ type: 'text', value: text }] }),
      theirs({ parts: [{ type: 'text', value: text }] }),
    );
    expect(page).toHaveLength(2);
    expect(JSON.stringify(page)).not.toContain(text);
  });

  it.each([null, '', 'null', '[]', '{}', '{"messages":null}', '<html>'])('finds no list in %j', (body) => {
    expect(readMessages(body)).toBeNull();
  });
});
