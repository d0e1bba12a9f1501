import type { Clock } from '../clock.ts';
import { type CatchUpState, UNREAD } from '../decide/catch-up.ts';
import type { ChatEvent } from '../decide/event.ts';
import type { MessageRead } from '../decide/linq-api.ts';
import type { EpochMs } from '../decide/time.ts';
import { CatchUpError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { CatchUpStore } from '../store/store.ts';
import { type Calls, type ChatToRead, type LinqReads, SUPERSEDED } from './calls.ts';

/** Pages of a hundred messages each. */
const MAX_PAGES = 10;
/** Unreadable chats in a row before we conclude that the chats aren't the cause. A refusal is Linq's word about the chat. */
const MAX_IN_A_ROW = { failed: 3, refused: 100 };

/**
 * `postponed`: in a run's second try, at its end. So chats that can't be read don't keep a run from completing: the next
 * one tries them again.
 */
type Reading = 'run' | 'postponed' | 'sweep';

interface ReaderDeps {
  readonly linq: Pick<LinqReads, 'messages'>;
  readonly calls: Calls;
  readonly store: Pick<CatchUpStore, 'recordRead'>;
  readonly clock: Clock;
  readonly log: Log;
  /** A chat is new or no longer waiting, so it may be due. */
  readonly onNews: () => void;
}

/** How a read changes the state; committed together with its facts. */
type Progress = (state: CatchUpState, result: ReadResult) => CatchUpState;

interface Messages {
  readonly messages: MessageRead[];
  /** False: the chat has more messages. */
  readonly isWhole: boolean;
}

export interface ReadResult {
  readonly isRead: boolean;
  readonly isNew: boolean;
}

/** Reads one chat's messages and merges them like events. */
export function createReader({ linq, calls, store, clock, log, onNews }: ReaderDeps) {
  const inARow = { ...NONE };
  const ask = (chatId: string, cursor: string | null) =>
    calls.ask((signal) => linq.messages(chatId, cursor, signal));

  /** Null: the chat is gone. An error: Linq refused it. @throws {CatchUpError} */
  async function readMessages(chatId: string): Promise<Messages | null | CatchUpError> {
    const messages: MessageRead[] = [];
    const seen = new Set<string>();
    let cursor: string | null = null;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await ask(chatId, cursor);
      if (answer.kind === 'refused' && answer.isGone) return null;
      if (answer.kind === 'refused') return new CatchUpError(answer.cause);
      messages.push(...answer.messages);
      cursor = answer.nextCursor;
      if (cursor === null) return { messages, isWhole: true };
      if (seen.has(cursor)) break;
      seen.add(cursor);
    }
    log.debug({ chatId }, 'catch-up.chat_cut'); // its facts come only from what was read
    return { messages, isWhole: false };
  }

  /** One unreadable chat must not keep us from reading the others. */
  async function readOrCount(chatId: string): Promise<Messages | null | CatchUpError> {
    let how: keyof typeof inARow = 'refused';
    const read = await readMessages(chatId).catch((error: unknown) => {
      if (!(error instanceof CatchUpError) || error.message === SUPERSEDED) throw error;
      how = 'failed';
      return error;
    });
    if (read instanceof CatchUpError) {
      inARow[how]++;
      log.warn({ chatId, cause: read.message }, 'catch-up.chat_unread');
    } else Object.assign(inARow, NONE);
    return read;
  }

  return {
    /**
     * Merges all of a chat in one commit, at the end: an opt-out may be on the last page.
     * A chat that couldn't be read is left to the next run.
     * @throws {CatchUpError} when neither this chat nor the ones before it could be read; {StoreError}
     */
    async read(chat: ChatToRead, reading: Reading, progress: Progress) {
      const { chatId } = chat;
      const startedAt: EpochMs = clock.now();
      const result = await readOrCount(chatId);
      const isRead = !(result instanceof CatchUpError);
      const read = isRead ? result : null;
      const now = clock.now();
      const recorded = await store.recordRead(
        {
          chatId,
          events: read === null ? [] : eventsOf(chat, read.messages, now),
          isWhole: read?.isWhole ?? false,
          readAt: isRead ? (reading === 'sweep' ? null : startedAt) : UNREAD,
          change: (state, isNew) => progress(state, { isRead, isNew }),
        },
        now,
      );
      if (recorded.unstorable > 0) log.warn({ chatId, count: recorded.unstorable }, 'catch-up.unstorable');
      if (recorded.isNew || recorded.isFreed) onNews();
      const isTooMuch = inARow.failed >= MAX_IN_A_ROW.failed || inARow.refused >= MAX_IN_A_ROW.refused;
      if (!isRead && isTooMuch && reading !== 'postponed') {
        Object.assign(inARow, NONE);
        throw result;
      }
      return { isRead, state: recorded.state };
    },
  };
}

const NONE = { failed: 0, refused: 0 };

export type Reader = ReturnType<typeof createReader>;

/**
 * What was read about a chat, as events. No envelope bounds their times, so a time later than `now` counts as
 * `now`.
 */
function eventsOf(chat: ChatToRead, messages: readonly MessageRead[], now: EpochMs): ChatEvent[] {
  const { chatId, health } = chat;
  const nothing = { kind: 'chat', chatId, outbound: null, inbound: null, health: null } as const;
  const base: ChatEvent = { ...nothing, leftAt: null, joinedAt: null };
  const events = messages.map((message): ChatEvent => {
    const at = Math.min(message.at, now);
    if (message.kind === 'inbound') {
      // in a group, an opt-out would be just one member's wish
      return { ...base, inbound: { at, isOptOut: chat.isGroup === true ? false : message.isOptOutWord } };
    }
    const { service } = message;
    const line = chat.line ?? message.line;
    return { ...base, outbound: { at, line, service, isGroup: chat.isGroup } };
  });
  if (health === null) return events;
  return [...events, { ...base, health: { status: health.status, at: Math.min(health.at, now) } }];
}
