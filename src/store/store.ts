import type { CatchUpState } from '../decide/catch-up.ts';
import type { ChatReason, ChatRecord, ChatState } from '../decide/chat.ts';
import type { ReactorEvent } from '../decide/event.ts';
import type { LookedUpFacts } from '../decide/facts.ts';
import type { Hold, Line, StoredHoldReason } from '../decide/holds.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Attempt, AttemptOutcome, Claim, Turn, TurnResult } from './turn.ts';

/** What deliveries bring: an event, or one that can't be read or stored yet. */
export type Recordable = ReactorEvent | QuarantinedDelivery;

/** What became of one entry of a group: committed, or refused by a constraint (the rest of its group is committed). */
export type Recorded = { readonly kind: 'stored' } | { readonly kind: 'unstorable'; readonly cause: string };

/** One conjunction; null: any. */
export interface ChatFilter {
  readonly states: readonly ChatState[] | null;
  readonly reasons: readonly ChatReason[] | null;
  readonly lines: readonly (string | null)[] | null;
  readonly notLines: readonly (string | null)[] | null;
}

export interface ChatPage {
  readonly chats: readonly ChatRecord[];
  /** Pass it on to go on; null: this was the last page. */
  readonly nextCursor: string | null;
}

export interface ChatCount {
  readonly line: string | null;
  readonly state: ChatState;
  readonly reason: ChatReason;
  readonly count: number;
}

export interface ShareTotals {
  readonly succeeded: number;
  readonly lastSucceededAt: EpochMs | null;
  readonly last24h: { readonly succeeded: number; readonly failed: number };
}

/**
 * What the reactor remembers. Every method is one transaction that is durable (fsynced) when its promise resolves.
 * Chats are decided anew (`decideChat`) in the transaction that changes them.
 * @throws {StoreError} from every method, when the storage can't do its work
 */
export interface Store extends CatchUpStore, PageStore, ProblemStore, QuarantineStore {
  readonly kind: 'sqlite';
  /** Number of the newest migration applied. */
  readonly schemaVersion: number;

  /**
   * Merges the events of a group into the facts and quarantines its other deliveries, in one commit. The results stand in
   * the order of the entries.
   */
  record(entries: readonly Recordable[], now: EpochMs): Promise<readonly Recorded[]>;

  /** Settles, writes holds and cards, then claims. */
  turn(turn: Turn, now: EpochMs): Promise<TurnResult>;
  /** Claims one chat for an operator; `refused` says which rule or lease forbids it; null: no such chat. */
  claimManually(
    chatId: string,
    leaseUntil: EpochMs,
    now: EpochMs,
  ): Promise<{ claim: Claim } | { refused: { state: ChatState; reason: ChatReason } } | null>;
  /** Adds what the API told to a claimed chat, only where no event told; `isDue` is what the rules say of it then. Null: the lease is lost. */
  addLookedUp(
    claim: Claim,
    facts: LookedUpFacts,
    now: EpochMs,
  ): Promise<{ chat: ChatRecord; isDue: boolean } | null>;
  /**
   * At the start: records every attempt that a crash left open as interrupted; such chats are due at once, or parked.
   * (An attempt whose lease runs out while we live is recorded so by the next claim of its chat.)
   */
  recoverInterrupted(now: EpochMs): Promise<{ interrupted: number; parked: number }>;
  /** Decides anew up to `limit` chats whose decision time has changed; resolves to how many it was. */
  wakeChats(now: EpochMs, limit: number): Promise<number>;
  /** The earliest instant at which `wakeChats` has work; null: none. */
  nextWakeAt(): Promise<EpochMs | null>;
  /** The earliest claimable instant of every line that has one (leased chats excepted). */
  nextAttempts(): Promise<readonly { readonly line: string | null; readonly nextAttemptAt: EpochMs }[]>;
  /** The earliest claimable instant of any line that is later than this; null: none. */
  nextDueAfter(now: EpochMs): Promise<EpochMs | null>;
  /** How the latest attempts ended, in the order of their ends; those that a crash cut off aside. */
  recentEnds(limit: number): Promise<readonly AttemptOutcome[]>;
  /**
   * Decides every chat anew after settings changed or the clock was corrected, `limit` chats a call, resuming after a
   * restart. Resolves to true when nothing is left to do for this fingerprint. On its way it writes the correction.
   */
  redecide(fingerprint: string, limit: number, now: EpochMs): Promise<boolean>;
  /**
   * The clock was corrected by `byMs` and reads `now`. What we did later than now counts as done now, and no backoff or
   * pause is longer than any can be; one that began and ended by a time ahead of now is over. Forward: windows, backoffs, leases and pauses that are still open keep what is left
   * of them. Times that Linq told stay. From now on every chat is read, and written if anything changes it, as the
   * correction has it; `redecide`, which begins anew, brings it to all others and to what the wrong time made of them
   * (idle, say). Not before that may the clock be corrected once more.
   */
  shiftClock(byMs: number, now: EpochMs): Promise<void>;
  /** A correction of the clock hasn't come to all chats yet: queues and wake-ups may still be those of the wrong time. */
  isShifting(): Promise<boolean>;

  /**
   * Ends, for up to `limit` chats a call, the wait of those that turned up after a restore and that no catch-up has read:
   * once a run that began after it has read everything else, they are new. Resolves to true while there may be more.
   */
  releaseRestored(limit: number, now: EpochMs): Promise<boolean>;

  /** Changes one chat by a pure function and decides it anew; null: no such chat. */
  updateChat(
    chatId: string,
    change: (chat: ChatRecord) => ChatRecord,
    now: EpochMs,
  ): Promise<ChatRecord | null>;
  chat(chatId: string): Promise<ChatRecord | null>;
  /** Newest first. */
  attempts(chatId: string, limit: number): Promise<readonly Attempt[]>;
  /**
   * Chats that match any of the filters, in a stable order; without a filter none.
   * @param cursor of the page before, or null; one from elsewhere is refused (`parseCursor` tells)
   */
  chats(filters: readonly ChatFilter[], limit: number, cursor: string | null): Promise<ChatPage>;
  /** Kept up to date by every change; doesn't scan the chats. */
  counts(): Promise<readonly ChatCount[]>;
  shareTotals(now: EpochMs): Promise<ShareTotals>;

  lines(): Promise<readonly Line[]>;
  holds(): Promise<readonly Hold[]>;
  putHold(hold: Hold): Promise<void>;
  endHold(scope: string | null, reason: StoredHoldReason): Promise<void>;

  /**
   * Deletes up to `limit` attempts that ended more than `retentionMs` ago, never an open one; resolves to how many it
   * was. Nothing that counts attempts changes.
   */
  pruneAttempts(retentionMs: number, limit: number, now: EpochMs): Promise<number>;
  /** When the latest backup that `noteBackup` was told of was begun; null: none was. */
  lastBackupAt(): Promise<EpochMs | null>;
  noteBackup(startedAt: EpochMs): Promise<void>;

  /**
   * Resolves to the latest heartbeat before this one; null: none yet. One of the future stays, as the proof of a wrong
   * clock, until `shiftClock`.
   * @param toleratedMs if the one before is longer ago, a catch-up is wished for in the same commit
   */
  heartbeat(now: EpochMs, toleratedMs?: number): Promise<EpochMs | null>;
  /** A real write, committed. */
  probe(now: EpochMs): Promise<void>;
  sizeBytes(): Promise<number>;
  /** The file system that holds the data, as far as we may use it; null: the store is elsewhere. */
  diskSpace(): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | null>;
  close(): Promise<void>;
}

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

/** Attempts that ended within an hour or a day. */
export interface Figures {
  readonly startAt: EpochMs;
  readonly succeeded: number;
  readonly failed: number;
}

/** Oldest first, without gaps; the hour and the day under way come last. Days are those of UTC. */
export interface ShareHistory {
  /** 48 of them. */
  readonly hours: readonly Figures[];
  /** 30 of them. */
  readonly days: readonly Figures[];
}

/** An attempt, and the line of its chat as we know it now. */
export interface RecentAttempt extends Attempt {
  readonly line: string | null;
}

/** What the status page asks for beyond what steering needs. None of it reads more of a table than it returns. */
export interface PageStore {
  shareHistory(now: EpochMs): Promise<ShareHistory>;
  /** Of all chats, newest first. */
  recentAttempts(limit: number): Promise<readonly RecentAttempt[]>;
  /**
   * The chats that are attempted next, of all lines together, earliest first; those under way excepted.
   * @param notLines leaves out lines that are closed, say, so that their queues don't hide the others
   */
  nextDue(limit: number, notLines?: readonly (string | null)[]): Promise<readonly ChatRecord[]>;
  /** Chats whose id begins so, letter for letter, in the order of their ids. */
  chatsByIdPrefix(prefix: string, limit: number): Promise<readonly ChatRecord[]>;
}

/** A problem that was noticed, so that a restart neither forgets since when it is open nor what was told of it. */
export interface KnownProblem {
  readonly code: string;
  /** The line that it is about, or ''. */
  readonly scope: string;
  readonly since: EpochMs;
  /** When the alert that it opened was made which was taken; null: none was. */
  readonly toldAt: EpochMs | null;
  /** Null: it is open. */
  readonly closedAt: EpochMs | null;
}

/** How deliveries came in up to now, over all processes. */
export interface DeliveryNews {
  readonly lastAcceptedAt: EpochMs | null;
  /** For so long of the time that the service was up no delivery has been accepted. */
  readonly silentMs: number;
}

/** The part of the store that watching for problems needs. */
export interface ProblemStore {
  problems(): Promise<readonly KnownProblem[]>;
  /** In one commit. */
  changeProblems(
    put: readonly KnownProblem[],
    removed: readonly Pick<KnownProblem, 'code' | 'scope'>[],
  ): Promise<void>;
  deliveryNews(): Promise<DeliveryNews>;
  noteDeliveries(news: DeliveryNews): Promise<void>;
}

/** A delivery that we can't read or store, sealed under a key of the secret that verified it. */
export interface QuarantinedDelivery {
  readonly receivedAt: EpochMs;
  readonly webhookId: string | null;
  readonly eventType: string | null;
  readonly cause: string;
  readonly sealed: Buffer;
}

/** One of them as it is listed: what it holds stays sealed. */
export interface QuarantinedRow extends Omit<QuarantinedDelivery, 'sealed'> {
  readonly id: number;
}

/** Names a row: the id alone may be given again once the newest is gone. */
export type QuarantineKey = Pick<QuarantinedRow, 'id' | 'receivedAt'>;

/** The part of the store that keeps what can't be read or stored yet; `record` puts it there. */
export interface QuarantineStore {
  quarantinedCount(now: EpochMs): Promise<{ count: number; oldestAt: EpochMs | null }>;
  /** Newest first. */
  quarantined(now: EpochMs): Promise<readonly QuarantinedRow[]>;
  /** Null: it is there no longer. */
  sealedDelivery(key: QuarantineKey): Promise<Buffer | null>;
  /** It was read and stored after all. */
  endQuarantine(key: QuarantineKey): Promise<void>;
  /** It still can't be read or stored, for another reason maybe. */
  recauseQuarantined(key: QuarantineKey, found: Pick<QuarantinedRow, 'cause' | 'eventType'>): Promise<void>;
}
