import type { ChatRecord } from '../../decide/chat.ts';
import type { ChatEvent, LineEvent } from '../../decide/event.ts';
import { mergeChatEvent, mergeLineEvent, ownMembership } from '../../decide/facts.ts';
import type { Line } from '../../decide/holds.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { QuarantinedDelivery, Recordable, Recorded } from '../store.ts';
import type { ChatTable, StoredChat } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import { isUnstorable } from './faults.ts';
import { type LineTable, newLine } from './line-table.ts';
import type { QuarantineTable } from './quarantine-table.ts';
import type { RestoreMark } from './restore-mark.ts';

/** What a group makes of the chats and lines that it names, and what of it can't be read. */
interface Changes {
  readonly chats: readonly { readonly stored: StoredChat; readonly chat: ChatRecord }[];
  readonly lines: readonly Line[];
  readonly unreadable: readonly QuarantinedDelivery[];
}

export type RecordEvents = (entries: readonly Recordable[], now: EpochMs) => readonly Recorded[];

/** @see Store.record */
export function createRecord(
  context: StoreContext,
  chats: ChatTable,
  lines: LineTable,
  quarantine: Pick<QuarantineTable, 'put'>,
  restoreMark: RestoreMark,
): RecordEvents {
  const { transactions } = context;

  function changesOf(entries: readonly Recordable[], now: EpochMs): Changes {
    const unreadable: QuarantinedDelivery[] = [];
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
    for (const entry of entries) {
      if ('sealed' in entry) unreadable.push(entry);
      else if (entry.kind === 'chat') mergeChat(entry);
      else if (entry.kind === 'line') mergeLine(entry);
    }
    return {
      chats: [...touchedChats.values()]
        .map(({ stored, chat }) => ({ stored, chat: chats.decided(stored, chat, now) }))
        .filter(({ stored, chat }) => stored.row === null || chat !== stored.chat),
      lines: [...touchedLines.values()].filter(({ stored, line }) => line !== stored).map(({ line }) => line),
      unreadable,
    };
  }

  function writeChanges(changes: Changes): void {
    for (const line of changes.lines) lines.update(line.line, line);
    for (const { stored, chat } of changes.chats) chats.write(stored, chat);
    if (changes.unreadable.length > 0) quarantine.put(changes.unreadable);
  }

  function recordAlone(entry: Recordable, now: EpochMs): Recorded {
    try {
      transactions.write(() => writeChanges(changesOf([entry], now)));
      return STORED;
    } catch (error) {
      if (!isUnstorable(error)) throw error;
      return { kind: 'unstorable', cause: String(error) };
    }
  }

  return (entries, now) => {
    // nobody else writes between the two transactions: one process, and this function doesn't wait
    const changes = transactions.read(() => changesOf(entries, now));
    const { chats: changed, lines: changedLines, unreadable } = changes;
    if (changed.length + changedLines.length + unreadable.length === 0) return entries.map(() => STORED);
    try {
      transactions.write(() => writeChanges(changes));
      return entries.map(() => STORED);
    } catch (error) {
      if (!isUnstorable(error)) throw error;
      return transactions.write(() => entries.map((entry) => recordAlone(entry, now)));
    }
  };
}

const STORED: Recorded = Object.freeze({ kind: 'stored' });
