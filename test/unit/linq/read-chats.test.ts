import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readChats } from '../../../src/linq/read.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/linq/api/${name}`, import.meta.url), 'utf8');
const idsOf = (...chats: unknown[]) =>
  readChats(JSON.stringify({ chats }))?.chats.map(({ chatId }) => chatId);

describe('readChats', () => {
  it('reads who a chat is, when it changed, and what a single chat tells', () => {
    const page = readChats(fixture('chats.list-page1.json'));
    expect(page?.nextCursor).toBe('2');
    expect(page?.chats).toEqual([
      {
        chatId: '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64',
        updatedAt: Date.parse('2026-11-03T16:21:50.370Z'),
        line: '+12025550100',
        service: 'iMessage',
        isGroup: false,
        health: { status: 'HEALTHY', at: Date.parse('2026-11-03T16:18:57.042Z') },
      },
      expect.objectContaining({ chatId: '9c5dcf71-4eaa-4bb6-98f3-c06cae4b5d97', isGroup: true }),
    ]);
    expect(readChats(fixture('chats.list-last-page.json'))?.nextCursor).toBeNull();
  });

  it.each([
    [null, null],
    [undefined, null],
    ['', null],
    ['20', '20'],
    [20, '20'],
    ['opaque==', 'opaque=='],
  ])('takes the cursor %j for %j', (nextCursor, read) => {
    expect(readChats(JSON.stringify({ chats: [], next_cursor: nextCursor }))?.nextCursor).toBe(read);
  });

  it.each([undefined, null, 'yesterday', 7, '2026-11-03', '0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z'])(
    "doesn't know when a chat changed that says %j",
    (updatedAt) => {
      const body = JSON.stringify({ chats: [{ id: 'c1', updated_at: updatedAt }] });
      expect(readChats(body)?.chats[0]?.updatedAt).toBeNull();
    },
  );

  it('leaves out what has no id that can be kept and asked for', () => {
    const bad = [null, 7, 'x', [], {}, { id: null }, { id: 7 }, { id: '' }, { id: '.' }, { id: '..' }];
    const worse = ['a\0b', '\ud800', 'x'.repeat(129), 'a b', 'a\u2028b', 'a\u202eb', '\u200ba'].map((id) => ({
      id,
    }));
    expect(idsOf(...bad, { id: 'c1' }, ...worse, { id: 'x'.repeat(128) })).toEqual(['c1', 'x'.repeat(128)]);
  });

  it('takes a list that is null for an empty one, as Go writes it', () => {
    expect(readChats('{"chats":null}')).toEqual({ chats: [], nextCursor: null });
  });

  it('reports what it can’t read of a chat, and reads the rest', () => {
    const unreadable: string[] = [];
    const odd = {
      id: 'c1',
      is_group: 'no',
      service: 5,
      health_status: 'HEALTHY',
      handles: ['x'],
      updated_at: 5,
    };
    const page = readChats(JSON.stringify({ chats: [odd, 7, { id: 9 }] }), (field) => unreadable.push(field));
    const nothing = { line: null, service: null, isGroup: null, health: null, updatedAt: null };
    expect(page?.chats).toEqual([{ chatId: 'c1', ...nothing }]);
    const fields = ['', '.updated_at', '.handles[]', '.service', '.is_group', '.health_status', '.id'];
    expect(unreadable.sort()).toEqual(fields.map((field) => `chats[]${field}`).sort());
  });

  it('takes a list that is far longer than a page was asked to be for none of Linq’s', () => {
    const listOf = (length: number) => Array.from({ length }, (_, i) => ({ id: `c${i}` }));
    expect(idsOf(...listOf(1000))).toHaveLength(1000);
    expect(idsOf(...listOf(1001))).toBeUndefined();
  });

  it.each([null, '', 'null', '[]', '{}', '{"chats":{}}', '<html>'])('finds no list in %j', (body) => {
    expect(readChats(body)).toBeNull();
  });
});
