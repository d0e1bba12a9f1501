import type { ChatRecord } from '../decide/chat.ts';
import type { EpochMs } from '../decide/duration.ts';
import type { ChatEvent, LineEvent, ReactorEvent } from '../decide/event.ts';
import { mergeChatEvent, mergeLineEvent, ownMembership } from '../decide/facts.ts';
import type { Line } from '../decide/hold.ts';
import type { ChatTable, StoredChat } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import { isUnstorable } from './faults.ts';
import { type LineTable, newLine } from './line-table.ts';
import type { RestoreMark } from './restore-mark.ts';
import type { Recorded } from './store.ts';

/** What a group of events makes of the chats and lines that it names. */
interface Changes {
  readonly chats: readonly { readonly stored: StoredChat; readonly chat: ChatRecord }[];
  readonly lines: readonly Line[];
}

export type RecordEvents = (events: readonly ReactorEvent[], now: EpochMs) => readonly Recorded[];

/** @see Store.record */
export function createRecord(
  context: StoreContext,
  chats: ChatTable,
  lines: LineTable,
  restoreMark: RestoreMark,
): RecordEvents {
  const { transactions } = context;

  function changesOf(events: readonly ReactorEvent[], now: EpochMs): Changes {
    const touchedChats = new Map<string, { stored: StoredChat; chat: ChatRecord }>();
    const touchedLines = new Map<string, { stored: Line | null; line: Line }>();
    const isOurLine = (handle: string, chatId: string) =>
      handle === touchedChats.get(chatId)?.chat.line || lines.find(handle) !== null;
    const mergeChat = (told: ChatEvent) => {
      const event = ownMembership(told, (handle) => isOurLine(handle, told.chatId));
      if (event === null) return;
      let touched = touchedChats.get(event.chatId);
      if (touched === undefined) {
        const stored = chats.find(event.chatId);
        touched = { stored, chat: stored.chat };
        touchedChats.set(event.chatId, touched);
      }
      const merged = mergeChatEvent(touched.chat, event);
      if (merged === touched.chat) return;
      touched.chat = restoreMark.marked(
        merged.lookedUpAt === null ? merged : { ...merged, lookedUpAt: null },
        touched.stored.row === null,
        now,
      );
    };
    const mergeLine = (event: LineEvent) => {
      let touched = touchedLines.get(event.line);
      if (touched === undefined) {
        const stored = lines.find(event.line);
        touched = { stored, line: stored ?? newLine(event.line) };
        touchedLines.set(event.line, touched);
      }
      touched.line = mergeLineEvent(touched.line, event);
    };
    for (const event of events) {
      if (event.kind === 'chat') mergeChat(event);
      else if (event.kind === 'line') mergeLine(event);
    }
    return {
      chats: [...touchedChats.values()]
        .map(({ stored, chat }) => ({ stored, chat: chats.decided(stored, chat, now) }))
        .filter(({ stored, chat }) => stored.row === null || chat !== stored.chat),
      lines: [...touchedLines.values()].filter(({ stored, line }) => line !== stored).map(({ line }) => line),
    };
  }

  function writeChanges(changes: Changes): void {
    for (const line of changes.lines) lines.update(line.line, line);
    for (const { stored, chat } of changes.chats) chats.write(stored, chat);
  }

  function recordAlone(event: ReactorEvent, now: EpochMs): Recorded {
    try {
      transactions.write(() => writeChanges(changesOf([event], now)));
      return STORED;
    } catch (error) {
      if (!isUnstorable(error)) throw error;
      return { kind: 'unstorable', cause: String(error) };
    }
  }

  return (events, now) => {
    // nobody else writes between the two transactions: one process, and this function doesn't wait
    const changes = transactions.read(() => changesOf(events, now));
    if (changes.chats.length + changes.lines.length === 0) return events.map(() => STORED);
    try {
      transactions.write(() => writeChanges(changes));
      return events.map(() => STORED);
    } catch (error) {
      if (!isUnstorable(error)) throw error;
      return transactions.write(() => events.map((event) => recordAlone(event, now)));
    }
  };
}

const STORED: Recorded = Object.freeze({ kind: 'stored' });
