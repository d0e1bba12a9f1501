import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../../../src/decide/time.ts';
import type { StoredChat } from '../../../../src/store/plan/chat-row.ts';
import { namedIn, planRecord, type RecordRows } from '../../../../src/store/plan/record.ts';
import type { Recordable } from '../../../../src/store/store.ts';
import {
  eventOf,
  inboundOf,
  LINE,
  lineEventOf,
  lineOf,
  OTHER_LINE,
  outboundOf,
  policyOf,
  T,
} from '../../../helpers/builders.ts';
import { storedOf, unstoredOf } from './rows.ts';

const NO_RESTORE = { at: null, lastRow: null };
const left = (handle: string, chatId = 'chat-1') =>
  eventOf({ chatId, member: { handle, leftAt: T, joinedAt: null } });
const unreadable = {
  receivedAt: T,
  webhookId: 'w',
  eventType: null,
  cause: 'not JSON',
  sealed: Buffer.alloc(1),
};

function rowsOf(parts: Partial<RecordRows<StoredChat>> = {}): RecordRows<StoredChat> {
  return { chats: new Map([['chat-1', unstoredOf()]]), lines: new Map(), restored: NO_RESTORE, ...parts };
}
const plan = (entries: readonly Recordable[], rows = rowsOf(), now = T) =>
  planRecord(entries, rows, policyOf(), now);

describe('what has to be read for a group', () => {
  it('is each chat once, each line that is told of, and each handle that left or joined', () => {
    const group = [
      ...[outboundOf(T), outboundOf(T + 1), left('+15550100', 'chat-2')],
      ...[
        lineEventOf({ line: OTHER_LINE }),
        { kind: 'card', line: LINE, changedAt: null } as const,
        unreadable,
      ],
    ];
    const { chatIds, handles } = namedIn(group);
    expect([...chatIds]).toEqual(['chat-1', 'chat-2']);
    expect([...handles]).toEqual(['+15550100', OTHER_LINE]);
  });
});

describe('recording', () => {
  it('makes one write of all events of a chat, decided once', () => {
    const { chats } = plan([inboundOf(T - HOUR), outboundOf(T), outboundOf(T - 5)]);
    expect(chats).toHaveLength(1);
    expect(chats[0]?.chat).toMatchObject({
      firstOutboundAt: T - 5,
      lastOutboundAt: T,
      lastInboundAt: T - HOUR,
      state: 'due',
      nextAttemptAt: T,
    });
  });

  it('writes a new chat even when the event says nothing of it, and a known one only when something changes', () => {
    expect(plan([eventOf()]).chats).toMatchObject([{ chat: { state: 'held', reason: 'no_outbound' } }]);
    const stored = storedOf();
    const rows = rowsOf({ chats: new Map([['chat-1', stored]]) });
    expect(plan([outboundOf(T), eventOf()], rows).chats).toEqual([]);
    expect(plan([outboundOf(T + 1)], rows, T + 1).chats).toMatchObject([
      { stored, chat: { lastOutboundAt: T + 1 } },
    ]);
  });

  it('looks a chat up anew once an event has told something', () => {
    const stored = storedOf({ lookedUpAt: T });
    const rows = rowsOf({ chats: new Map([['chat-1', stored]]) });
    expect(plan([outboundOf(T + 1)], rows).chats).toMatchObject([{ chat: { lookedUpAt: null } }]);
  });

  it('takes who left for us if the handle is a line of ours, stored or told in this group; else makes no chat', () => {
    expect(plan([left('+15550100')]).chats).toEqual([]);
    expect(plan([outboundOf(T - 1), left(LINE)]).chats).toMatchObject([{ chat: { leftAt: T } }]);
    const rows = rowsOf({ lines: new Map([[LINE, lineOf()]]) });
    expect(plan([left(LINE)], rows).chats).toMatchObject([{ chat: { leftAt: T } }]);
  });

  it('merges what is told of a line, and writes nothing that is known', () => {
    const flagged = lineEventOf({ status: 'FLAGGED', at: T + 1 });
    const { lines } = plan([lineEventOf(), flagged]);
    expect(lines).toMatchObject([{ line: LINE, status: 'FLAGGED', statusAt: T + 1, card: 'unknown' }]);
    const rows = rowsOf({ lines: new Map(lines.map((line) => [line.line, line])) });
    expect(plan([lineEventOf(), flagged], rows).lines).toEqual([]);
  });

  it('passes on what can’t be read, and ignores what is known of cards', () => {
    const card = { kind: 'card', line: LINE, changedAt: T } as const;
    expect(plan([card, unreadable])).toEqual({ chats: [], lines: [], unreadable: [unreadable] });
  });

  it('lets a chat wait that turns up within a window of a restore', () => {
    const rows = rowsOf({ restored: { at: T, lastRow: 7 } });
    expect(plan([outboundOf(T)], rows).chats).toMatchObject([
      { chat: { restoredAt: T, state: 'waiting', reason: 'restored', nextAttemptAt: T + DAY } },
    ]);
    expect(plan([outboundOf(T + DAY)], rows, T + DAY).chats).toMatchObject([
      { chat: { restoredAt: null, state: 'due' } },
    ]);
  });
});
