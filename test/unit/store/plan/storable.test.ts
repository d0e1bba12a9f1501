import { describe, expect, it } from 'vitest';
import { whyUnstorable } from '../../../../src/store/plan/storable.ts';
import { eventOf, inboundOf, lineEventOf, outboundOf, T } from '../../../helpers/builders.ts';

const delivery = { receivedAt: T, webhookId: null, eventType: null, cause: 'c', sealed: Buffer.from('x') };
const LONG = 'x'.repeat(256);

describe('what no database can hold', () => {
  it.each([
    ['a chat', outboundOf(T)],
    ['the longest id', outboundOf(T, { chatId: LONG.slice(1) })],
    ['characters of two code units, counted as one', outboundOf(T, { line: '😀'.repeat(64) })],
    ['a line', lineEventOf({ status: 'FLAGGED' })],
    ['a card', { kind: 'card', line: LONG, changedAt: T } as const],
    ['a delivery', delivery],
    ['an instant at the end of time', outboundOf(8.64e15)],
  ])('is not %s', (_, entry) => {
    expect(whyUnstorable(entry)).toBeNull();
  });

  it.each([
    ['outbound.at is no instant', outboundOf(-1)],
    ['outbound.at is no instant', outboundOf(T + 0.5)],
    ['inbound.at is no instant', inboundOf(8.64e15 + 1)],
    ['health.at is no instant', eventOf({ health: { status: 'OK', at: Number.NaN } })],
    ['leftAt is no instant', eventOf({ leftAt: -1 })],
    ['member.joinedAt is no instant', eventOf({ member: { handle: '+1', leftAt: null, joinedAt: -1 } })],
    ['at is no instant', lineEventOf({ at: -1 })],
    ['receivedAt is no instant', { ...delivery, receivedAt: Number.NaN }],
    ['chatId has over 255 characters', outboundOf(T, { chatId: LONG })],
    ['line has over 64 characters', outboundOf(T, { line: LONG })],
    ['status has over 64 characters', lineEventOf({ status: LONG })],
    ['service has a character that can’t be stored', outboundOf(T, { service: 'a\0b' })],
    ['chatId has a character that can’t be stored', outboundOf(T, { chatId: 'a\ud800' })],
    ['cause has a character that can’t be stored', { ...delivery, cause: '\0' }],
  ])('is named without its value: %s', (why, entry) => {
    expect(whyUnstorable(entry)).toBe(why);
  });
});
