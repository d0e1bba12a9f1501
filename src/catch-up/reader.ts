import type { Clock } from '../clock.ts';
import { type CatchUpState, UNREAD } from '../decide/catch-up.ts';
import type { ChatEvent } from '../decide/event.ts';
import type { MessageRead } from '../decide/linq-api.ts';
import type { EpochMs } from '../decide/time.ts';
import { CatchUpError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { CatchUpStore } from '../store/store.ts';
import type { Calls, ChatToRead, LinqReads } from './calls.ts';

/** Pages of a hundred messages each. */
const MAX_PAGES = 10;
/** Unreadable chats in a row before we conclude that the chats aren't the cause. */
const STRIKES = 3;

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
  let strikes = 0;
  const ask = (chatId: string, cursor: string | null) =>
    calls.ask((signal) => linq.messages(chatId, cursor, signal));

  /** Null: the chat is gone. @throws {CatchUpError} */
  async function readMessages(chatId: string): Promise<Messages | null> {
    const messages: MessageRead[] = [];
    const seen = new Set<string>();
    let cursor: string | null = null;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await ask(chatId, cursor);
      if (answer.kind === 'refused' && answer.isGone) return null;
      if (answer.kind === 'refused') throw new CatchUpError(answer.cause);
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
  async function readOrStrike(chatId: string): Promise<Messages | null | CatchUpError> {
    try {
      const read = await readMessages(chatId);
      strikes = 0;
      return read;
    } catch (error) {
      if (!(error instanceof CatchUpError)) throw error;
      strikes++;
      log.warn({ chatId, cause: error.message }, 'catch-up.chat_unread');
      return error;
    }
  }

  return {
    /**
     * Merges all of a chat in one commit, at the end: an opt-out may be on the last page.
     * @param isOfRun records that the run in progress has read the chat, or must leave it to the next run
     * @throws {CatchUpError} when neither this chat nor the ones before it could be read; {StoreError}
     */
    async read(chat: ChatToRead, isOfRun: boolean, progress: Progress) {
      const { chatId } = chat;
      const startedAt: EpochMs = clock.now();
      const result = await readOrStrike(chatId);
      const isRead = !(result instanceof CatchUpError);
      const read = isRead ? result : null;
      const now = clock.now();
      const recorded = await store.recordRead(
        {
          chatId,
          events: read === null ? [] : eventsOf(chat, read.messages, now),
          isWhole: read?.isWhole ?? false,
          readAt: isOfRun ? (isRead ? startedAt : UNREAD) : null,
          change: (state, isNew) => progress(state, { isRead, isNew }),
        },
        now,
      );
      if (recorded.unstorable > 0) log.warn({ chatId, count: recorded.unstorable }, 'catch-up.unstorable');
      if (recorded.isNew || recorded.isFreed) onNews();
      if (!isRead && strikes >= STRIKES) {
        strikes = 0;
        throw result;
      }
      return { isRead, state: recorded.state };
    },
  };
}

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
