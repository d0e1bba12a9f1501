import type { LinqReads, VisibleSubscription } from '../../../src/catch-up/calls.ts';
import type { CallFailed, ListedChat, MessageRead } from '../../../src/decide/linq-api.ts';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import type { EpochMs } from '../../../src/decide/time.ts';
import { LINE } from '../../helpers/builders.ts';

/** A chat of the account as Linq has it. */
export interface AccountChat {
  readonly chatId: string;
  updatedAt: EpochMs | null;
  isGroup: boolean | null;
  health: ListedChat['health'];
  readonly messages: MessageRead[];
  line: string;
}

export interface Call {
  readonly what: 'chats' | 'messages' | 'lines' | 'subscriptions';
  readonly chatId: string | null;
  readonly cursor: string | null;
  /** `clock.monotonic()` as it arrived. */
  readonly atMs: number;
}

export const sent = (at: EpochMs): MessageRead => ({ kind: 'outbound', at, line: LINE, service: 'iMessage' });
export const received = (at: EpochMs, isOptOutWord = false): MessageRead => ({
  kind: 'inbound',
  at,
  isOptOutWord,
});
export const failedWith = (answer: LinqAnswer): CallFailed => ({ kind: 'failed', answer });

/**
 * An account whose lists are answered from what it has at that moment, by offset, so that they shift as it changes.
 * `onCall` may change it, or answer in its place.
 */
export function createAccount(monotonic: () => number) {
  const chats: AccountChat[] = [];
  const calls: Call[] = [];
  const account = {
    /** In the order of the listing. */
    chats,
    calls,
    pageSize: 100,
    lines: [LINE] as string[],
    /** As it was of every account once: chats are listed of one line at a time. */
    wantsLine: false,
    /** Where a page that begins before the end says that the next one begins. */
    cursorOf: (end: number): string => String(end),
    subscriptions: [] as VisibleSubscription[],
    onCall: (_call: Call, _count: number): CallFailed | Promise<CallFailed | null> | null => null,
    add(chatId: string, updatedAt: EpochMs | null, ...messages: MessageRead[]): AccountChat {
      const chat: AccountChat = { chatId, updatedAt, isGroup: false, health: null, messages, line: LINE };
      chats.push(chat);
      return chat;
    },
    callsOf: (chatId: string) => calls.filter((call) => call.chatId === chatId),
    listings: () => calls.filter(({ what }) => what === 'chats'),
  };

  async function arrive(what: Call['what'], chatId: string | null, cursor: string | null) {
    const call: Call = { what, chatId, cursor, atMs: monotonic() };
    calls.push(call);
    await new Promise((resolve) => setImmediate(resolve));
    return account.onCall(call, calls.length);
  }

  function page<T>(items: readonly T[], cursor: string | null) {
    const from = Number(cursor ?? 0);
    const end = from + account.pageSize;
    return { items: items.slice(from, end), nextCursor: end < items.length ? account.cursorOf(end) : null };
  }

  const linq: LinqReads = {
    async chats(line, cursor) {
      const failed = await arrive('chats', null, cursor);
      if (failed !== null) return failed;
      if (line === null && account.wantsLine) return failedWith(FIELD_MISSING);
      const ofLine = chats.filter((chat) => line === null || chat.line === line);
      const { items, nextCursor } = page(ofLine, cursor);
      const listed = items.map(({ messages: _, ...chat }): ListedChat => chat);
      return { kind: 'chats', chats: listed, nextCursor };
    },
    async messages(chatId, cursor) {
      const failed = await arrive('messages', chatId, cursor);
      if (failed !== null) return failed;
      const chat = chats.find((one) => one.chatId === chatId);
      if (chat === undefined) return failedWith(GONE);
      const { items, nextCursor } = page(chat.messages, cursor);
      return { kind: 'messages', messages: items, nextCursor };
    },
    async lines() {
      const failed = await arrive('lines', null, null);
      return failed ?? { kind: 'lines', lines: account.lines };
    },
    async subscriptions() {
      const failed = await arrive('subscriptions', null, null);
      return failed ?? { kind: 'subscriptions', subscriptions: account.subscriptions };
    },
  };
  return { account, linq };
}

const GONE: LinqAnswer = {
  kind: 'answered',
  httpStatus: 404,
  linqCode: 2001,
  traceId: null,
  hasEnvelope: true,
  isJson: true,
  retryAfterMs: null,
};

const FIELD_MISSING: LinqAnswer = { ...GONE, httpStatus: 400, linqCode: 1001 };
