import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readChat } from '../../../src/linq/read.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/linq/api/${name}`, import.meta.url), 'utf8');
const me = (handle: string, more: object = {}) => ({
  handle,
  is_me: true,
  status: 'active',
  left_at: null,
  ...more,
});
const lineOf = (...handles: unknown[]) => readChat(JSON.stringify({ id: 'c1', handles }))?.line;

describe('readChat', () => {
  it('reads line, service, group and health', () => {
    expect(readChat(fixture('chats.retrieve-imessage.json'))).toEqual({
      line: '+12025550100',
      service: 'iMessage',
      isGroup: false,
      health: { status: 'HEALTHY', at: Date.parse('2026-11-03T16:18:57.042Z') },
    });
    expect(readChat(fixture('chats.retrieve-opted-out.json'))?.health).toEqual({
      status: 'OPTED_OUT',
      at: Date.parse('2026-11-04T08:31:20.402Z'),
    });
  });

  it('says nothing of what the answer leaves out', () => {
    const nothing = { line: null, service: null, isGroup: null, health: null };
    expect(readChat('{"id":"c1"}')).toEqual(nothing);
    expect(
      readChat('{"id":"c1","handles":null,"service":null,"is_group":null,"health_status":null}'),
    ).toEqual(nothing);
    expect(readChat('{"id":"c1","handles":"x","service":7,"is_group":"no","health_status":[]}')).toEqual(
      nothing,
    );
  });

  it('takes only our own handle for the line', () => {
    expect(lineOf({ handle: '+12025550142', is_me: false }, me('+12025550100'))).toBe('+12025550100');
    expect(lineOf({ handle: '+12025550142', is_me: null }, { handle: '+12025550143' }, null, 7)).toBeNull();
    expect(lineOf(me(''))).toBeNull();
  });

  it('knows no line where ours has left', () => {
    expect(lineOf(me('+12025550100', { status: 'left' }))).toBeNull();
    expect(lineOf(me('+12025550100', { status: 'REMOVED' }))).toBeNull();
    expect(lineOf(me('+12025550100', { status: null, left_at: '2026-11-07T10:15:29.902Z' }))).toBeNull();
    expect(lineOf(me('+12025550100', { status: 'active', left_at: '2026-11-07T10:15:29.902Z' }))).toBe(
      '+12025550100',
    );
    expect(lineOf(me('+12025550100', { status: 'invited' }))).toBe('+12025550100');
  });

  it('reads the same line of two, in whatever order they come', () => {
    expect(lineOf(me('+12025550100'), me('+12025550101'))).toBe('+12025550101');
    expect(lineOf(me('+12025550101'), me('+12025550100'))).toBe('+12025550101');
  });

  it('writes health in upper case, with no time where Linq gives none', () => {
    const health = (value: unknown) => readChat(JSON.stringify({ id: 'c1', health_status: value }))?.health;
    expect(health({ status: 'healthy' })).toEqual({ status: 'HEALTHY', at: null });
    expect(health({ status: 'AT_RISK', updated_at: 'soon' })).toEqual({ status: 'AT_RISK', at: null });
    expect(health({ status: 'AT_RISK', updated_at: '2026-11-03T16:18:57.042118305Z' })).toEqual({
      status: 'AT_RISK',
      at: Date.parse('2026-11-03T16:18:57.042Z'),
    });
    expect(health({ updated_at: '2026-11-03T16:18:57Z' })).toBeNull();
  });

  it.each(['0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2011-10-11T23:59:59.999Z'])(
    'takes a time before iMessage for none: %s',
    (updated_at) => {
      const health = { status: 'AT_RISK', updated_at };
      expect(readChat(JSON.stringify({ id: 'c1', health_status: health }))?.health).toEqual({
        status: 'AT_RISK',
        at: null,
      });
    },
  );

  it.each(['+1202555\u202e0100', '+1 202 555 0100', '\u200b+12025550100', 'a\u2028b'])(
    'knows no line like %j',
    (line) => {
      expect(lineOf(me('+12025550100'), me(line))).toBe('+12025550100');
      expect(lineOf(me(line))).toBeNull();
    },
  );

  const read = (text: string) => {
    const handles = [me('+12025550100', { handle: text })];
    const chat = readChat(
      JSON.stringify({ id: 'c1', handles, service: text, health_status: { status: text } }),
    );
    return { line: chat?.line, service: chat?.service, health: chat?.health?.status ?? null };
  };

  it.each(['X', 'X'.repeat(64), '😀'.repeat(64)])('keeps what the store can keep: %j', (text) => {
    expect(read(text)).toEqual({ line: text, service: text, health: text });
  });

  it.each(['X'.repeat(65), '😀'.repeat(65), 'A\0B', 'A\nB', '\ud800'])(
    'says nothing of what the store could not keep: %j',
    (text) => {
      expect(read(text)).toEqual({ line: null, service: null, health: null });
    },
  );

  it('measures a health as it is kept: in upper case', () => {
    expect(read('ß'.repeat(33))).toMatchObject({ service: 'ß'.repeat(33), health: null });
  });

  it('knows the line beside one that it could not keep', () => {
    expect(lineOf(me('+12025550100'), me('X'.repeat(65)))).toBe('+12025550100');
  });

  it.each([null, '', 'null', '[]', '{}', '{"chat":{"id":"c1"}}', '<html>'])('finds no chat in %j', (body) => {
    expect(readChat(body)).toBeNull();
  });
});
