import type { Clock } from '../clock.ts';
import { type CatchUpState, UNREAD } from '../decide/catch-up.ts';
import type { ChatEvent } from '../decide/event.ts';
import type { EpochMs } from '../decide/time.ts';
import { CatchUpError } from '../errors.ts';
import type { CatchUpStore } from '../store/store.ts';
import type { Calls, ChatToRead, LinqReads, Log, ReadMessage } from './calls.ts';

/** Of a hundred messages each. */
const MAX_PAGES = 10;
/** So many chats in a row that can't be read: it isn't about the chats. */
const STRIKES = 3;

interface ReaderDeps {
  readonly linq: Pick<LinqReads, 'messages'>;
  readonly calls: Calls;
  readonly store: Pick<CatchUpStore, 'recordRead'>;
  readonly clock: Clock;
  readonly log: Log;
  /** A chat changed, or waits no more: it may be due. */
  readonly onNews: () => void;
}

/** What a reading makes of the state, in the commit of its facts. */
type Progress = (state: CatchUpState, result: ReadResult) => CatchUpState;

interface Messages {
  readonly messages: ReadMessage[];
  /** False: there are more of them. */
  readonly isWhole: boolean;
}

export interface ReadResult {
  readonly isRead: boolean;
  readonly isNew: boolean;
}

/** Reads the messages of one chat and merges them like events. */
export function createReader({ linq, calls, store, clock, log, onNews }: ReaderDeps) {
  let strikes = 0;
  const ask = (chatId: string, cursor: string | null) =>
    calls.ask((signal) => linq.messages(chatId, cursor, signal));

  /** Null: the chat is gone. @throws {CatchUpError} */
  async function readMessages(chatId: string): Promise<Messages | null> {
    const messages: ReadMessage[] = [];
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
    log.debug({ chatId }, 'catch-up.chat_cut'); // its facts are those of what was read
    return { messages, isWhole: false };
  }

  /** What one chat alone keeps us from reading must not keep us from all others. */
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
     * All of a chat is merged in one commit, at the end: what it opted out of may stand on the last page.
     * @param isOfRun notes that the run under way has read the chat, or has to leave it to the next one
     * @throws {CatchUpError} when it couldn't be read, and the ones before neither; {StoreError}
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
 * What was read of a chat, as events. There is no envelope that bounds their times, so that a time later than `now`
 * counts as `now`; so does a health without a time: it is what it is at the time of reading.
 */
function eventsOf(chat: ChatToRead, messages: readonly ReadMessage[], now: EpochMs): ChatEvent[] {
  const { chatId, health } = chat;
  const nothing = { kind: 'chat', chatId, outbound: null, inbound: null, health: null } as const;
  const base: ChatEvent = { ...nothing, leftAt: null, joinedAt: null };
  const events = messages.map((message): ChatEvent => {
    const at = Math.min(message.at, now);
    if (message.kind === 'inbound') {
      // in a group it would be the wish of one among many
      return { ...base, inbound: { at, isOptOut: chat.isGroup === true ? false : message.isOptOutWord } };
    }
    const { service } = message;
    const line = chat.line ?? message.line;
    return { ...base, outbound: { at, line, service, isGroup: chat.isGroup } };
  });
  if (health === null) return events;
  return [...events, { ...base, health: { status: health.status, at: Math.min(health.at ?? now, now) } }];
}
