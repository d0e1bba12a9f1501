import type { CatchUpState } from '../../decide/catch-up.ts';
import type { ReactorEvent } from '../../decide/event.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { CatchUpTable } from './catch-up-table.ts';
import type { Transactions } from './context.ts';

/** What catching up read of one chat. */
export interface CatchUpReading {
  readonly chatId: string;
  readonly events: readonly ReactorEvent[];
  /** Notes that the run under way has read the chat; null: nothing of the kind. */
  readonly readAt: EpochMs | null;
  /** Nothing of the chat was left out. */
  readonly isWhole: boolean;
  /** What the reading makes of the state; `isNew`: it told something that nobody had told. */
  readonly change: (state: CatchUpState, isNew: boolean) => CatchUpState;
}

/** Some of the chats with a recent outbound message. */
export interface ActiveChats {
  readonly chats: readonly {
    readonly id: number;
    readonly chatId: string;
    readonly isGroup: boolean | null;
  }[];
  /** From here on there may be more; null: there are no more. */
  readonly scannedTo: number | null;
}

/** The part of the store that catching up needs; every method is as durable as the others. */
export interface CatchUpStore {
  /** How far we have caught up with what webhooks missed. */
  catchUp(): Promise<CatchUpState>;
  /**
   * Changes that by a pure function; resolves to what it is then.
   * @param unread given at the end of a run: forgets which chats it read, but for these, which the next one has to read
   */
  changeCatchUp(
    change: (state: CatchUpState) => CatchUpState,
    unread?: readonly string[],
  ): Promise<CatchUpState>;
  /** Merges what was read of a chat, like `record`, and notes how far the reading has come, in one commit. */
  recordRead(
    reading: CatchUpReading,
    now: EpochMs,
  ): Promise<{
    readonly unstorable: number;
    readonly isNew: boolean;
    /** It waited for this reading, and waits no more. */
    readonly isFreed: boolean;
    readonly state: CatchUpState;
  }>;
  /** When the run under way read these chats (`UNREAD`: it couldn't), as far as it did. */
  catchUpReads(chatIds: readonly string[]): Promise<ReadonlyMap<string, EpochMs>>;
  /** Chats with an outbound message later than `since`, from a place (0: the first) on. */
  activeChats(after: number, since: EpochMs): Promise<ActiveChats>;
}

/** How the store does its work: in a transaction, with room made for it, errors told as its own. */
export interface Ways {
  readonly read: Transactions['read'];
  readonly write: Transactions['write'];
  readonly withRoom: <T>(now: EpochMs, body: () => T) => T;
  readonly guarded: <T>(body: () => T) => T;
}

export function createCatchUpStore(
  table: CatchUpTable,
  { read, write, withRoom, guarded }: Ways,
): CatchUpStore {
  return {
    catchUp: async () => guarded(() => table.state()),
    changeCatchUp: async (change, unread) => guarded(() => write(() => table.change(change, unread))),
    recordRead: async (reading, now) =>
      guarded(() => withRoom(now, () => write(() => table.recordRead(reading, now)))),
    catchUpReads: async (chatIds) => guarded(() => read(() => table.readsOf(chatIds))),
    activeChats: async (after, since) => guarded(() => read(() => table.activeChats(after, since))),
  };
}
