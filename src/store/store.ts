import type { CatchUpState } from '../decide/catch-up.ts';
import type { ChatReason, ChatRecord, ChatState } from '../decide/chat.ts';
import type { ReactorEvent } from '../decide/event.ts';
import type { LookedUpFacts } from '../decide/facts.ts';
import type { Hold, Line, StoredHoldReason } from '../decide/holds.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Attempt, AttemptOutcome, Claim, Turn, TurnResult } from './turn.ts';

/** What a webhook brings: an event, or a delivery that can't be read or stored yet. */
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

/** What a list of chats is ordered by (see `CHAT_KEYS`). */
export type ChatKey = 'first_seen' | 'last_message' | 'last_share' | 'next_attempt';

export interface ChatOrder {
  readonly by: ChatKey;
  /** The latest first. */
  readonly isDescending: boolean;
}

export interface ChatPage {
  readonly chats: readonly ChatRecord[];
  /** Pass it to get the next page; null: this was the last one. */
  readonly nextCursor: string | null;
  /** Pass it with the reverse order to get the page before; null: there is no chat on this one. */
  readonly firstCursor: string | null;
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

/** The earliest claimable instant of a line; null: of the chats whose line is unknown. */
export interface QueueHead {
  readonly line: string | null;
  readonly nextAttemptAt: EpochMs;
}

/** All that a turn of sharing begins with. */
export interface Agenda {
  /** @see ReplicaStore.sharedVersion */
  readonly version: number;
  /** The earliest claimable instant of every line that has one; without the chats whose attempt is in progress. */
  readonly heads: readonly QueueHead[];
  /** @see Store.nextWakeAt */
  readonly wakeAt: EpochMs | null;
  /** A clock correction hasn't reached all chats: queues and wake-ups may still follow the wrong time. */
  readonly isShifting: boolean;
  /** Chats may be waiting for `releaseRestored`. */
  readonly isRestored: boolean;
  /** The fingerprint given to `redecide` by which every chat is decided; null: some may be decided otherwise. */
  readonly decidedAs: string | null;
}

/** What the overview and the problems are derived from. */
export interface StoreSummary {
  /** @see Store.counts */
  readonly counts: readonly ChatCount[];
  /** @see Agenda.heads */
  readonly heads: readonly QueueHead[];
  readonly totals: ShareTotals;
  /** Only what the quarantine still keeps. */
  readonly quarantined: { readonly count: number; readonly oldestAt: EpochMs | null };
  readonly deliveryNews: DeliveryNews;
  readonly catchUp: CatchUpState;
  /** @see Store.lastBackupAt */
  readonly lastBackupAt: EpochMs | null;
  readonly sizeBytes: number;
}

/** How far a line's changed card has got. */
export interface CardShares {
  readonly line: string;
  /** When it last changed. */
  readonly changedAt: EpochMs;
  /** Chats that had the card before, and have had it again since. */
  readonly sharedAgain: number;
  /** Chats that still have it as it was, even if they may not have it now; null: not counted yet. */
  readonly left: number | null;
}

/**
 * What the reactor remembers. Every method is one transaction that is durable (fsynced) when its promise
 * resolves. A transaction that changes chats also re-evaluates them (`decideShare`).
 * @throws {StoreError} from every method, when the storage fails
 */
export interface Store extends CatchUpStore, PageStore, ProblemStore, QuarantineStore, ReplicaStore {
  readonly kind: 'sqlite' | 'postgres';
  /** Number of the newest migration applied. */
  readonly schemaVersion: number;

  /**
   * Merges the events of a group into the facts and quarantines its other deliveries, in one commit. The
   * results are in the order of the entries.
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
  /**
   * Adds what the API reported to a claimed chat, only where no event did; `isDue` is what the rules then
   * say. Null: the lease is lost.
   */
  addLookedUp(
    claim: Claim,
    facts: LookedUpFacts,
    now: EpochMs,
  ): Promise<{ chat: ChatRecord; isDue: boolean } | null>;
  /**
   * At the start: records every attempt that a crash left open as interrupted; such chats are due at once, or
   * parked. (If a lease runs out while this process is running, the next claim of the chat records the
   * attempt so.)
   */
  recoverInterrupted(now: EpochMs): Promise<{ interrupted: number; parked: number }>;
  /**
   * Re-evaluates up to `limit` chats whose decision changes with time by now, and ends attempts whose lease has run out while
   * their chat isn't due; resolves to how many.
   */
  wakeChats(now: EpochMs, limit: number): Promise<number>;
  /** The earliest instant at which `wakeChats` has work; null: none. */
  nextWakeAt(now: EpochMs): Promise<EpochMs | null>;
  /** Of one moment; with a database server, one question: it is asked every second. */
  agenda(now: EpochMs): Promise<Agenda>;
  /** The earliest claimable instant of any line after `now`; null: none. */
  nextDueAfter(now: EpochMs): Promise<EpochMs | null>;
  /** How the latest attempts ended, in the order of their ends; without those that a crash interrupted. */
  recentEnds(limit: number): Promise<readonly AttemptOutcome[]>;
  /**
   * Re-evaluates every chat after settings changed or the clock was corrected, `limit` chats per call,
   * resuming after a restart. Resolves to true at the end of a pass over them. It also
   * writes a pending clock correction.
   */
  redecide(fingerprint: string, limit: number, now: EpochMs): Promise<boolean>;
  /**
   * The clock was corrected by `byMs` and reads `now`. Our actions dated later than now count as done now,
   * and no backoff or pause exceeds its maximum; one that began and ended under a clock ahead of now is over.
   * If the clock went forward, open windows, backoffs, leases and pauses keep their remaining time. Times
   * reported by Linq stay. From now on every chat is read with the correction applied, and written so if
   * anything changes it. `redecide` starts over, and applies it to all other chats and to what the wrong time
   * made of them (idle, for example). The clock may not be corrected again until then.
   * Resolves to false if another replica has corrected it, or lives in the corrected time already: then nothing is written.
   */
  shiftClock(byMs: number, now: EpochMs): Promise<boolean>;

  /**
   * Ends, for up to `limit` chats per call, the wait of chats that appeared after a restore and that no
   * catch-up has read: once a run that began after it has read everything else, they are new. Resolves to
   * true while there may be more.
   */
  releaseRestored(limit: number, now: EpochMs): Promise<boolean>;

  /** Changes one chat by a pure function and re-evaluates it; null: no such chat. */
  updateChat(
    chatId: string,
    change: (chat: ChatRecord) => ChatRecord,
    now: EpochMs,
  ): Promise<ChatRecord | null>;
  chat(chatId: string): Promise<ChatRecord | null>;
  /** Newest first. */
  attempts(chatId: string, limit: number): Promise<readonly Attempt[]>;
  /**
   * Chats that match any of the filters; without a filter none. One whose attempt is in progress is found as `sharing`.
   * A list by `last_share` or `next_attempt` has only chats with such a time.
   * @param cursor of the previous page, or null; an invalid one is refused (see `parseCursor`)
   * @param order default: as they were first seen. It stays the same while chats don't change. By `last_message` and
   * `last_share` it reads every match: not for more than `MAX_SORTED`
   */
  chats(
    filters: readonly ChatFilter[],
    limit: number,
    cursor: string | null,
    now: EpochMs,
    order?: ChatOrder,
  ): Promise<ChatPage>;
  /** A chat whose attempt is in progress counts as `sharing`. Kept up to date by every change; doesn't scan the chats. */
  counts(now: EpochMs): Promise<readonly ChatCount[]>;
  /** Of one moment; with a database server, one question. It doesn't scan the chats either. */
  summary(now: EpochMs): Promise<StoreSummary>;

  lines(): Promise<readonly Line[]>;
  /** Of the lines whose card has changed, as far as the policy asks for it. */
  cardShares(now: EpochMs): Promise<readonly CardShares[]>;
  holds(): Promise<readonly Hold[]>;
  putHold(hold: Hold): Promise<void>;
  endHold(scope: string | null, reason: StoredHoldReason): Promise<void>;

  /**
   * Deletes up to `limit` attempts that ended more than `retentionMs` ago, never an open one; resolves to how
   * many. Counters of attempts don't change.
   */
  pruneAttempts(retentionMs: number, limit: number, now: EpochMs): Promise<number>;
  /** When the latest backup reported to `noteBackup` began; null: none. */
  lastBackupAt(): Promise<EpochMs | null>;
  noteBackup(startedAt: EpochMs): Promise<void>;

  /**
   * Resolves to the latest heartbeat before this one; null: none yet. A heartbeat in the future stays, as
   * proof of a wrong clock, until `shiftClock`.
   * @param toleratedMs if the previous heartbeat is older than this, the same commit requests a catch-up
   */
  heartbeat(now: EpochMs, toleratedMs?: number): Promise<EpochMs | null>;
  /** A real write, committed. */
  probe(now: EpochMs): Promise<void>;
  /**
   * Space on the file system that holds the data, as far as we may use it; null: the store isn't on a local
   * one.
   */
  diskSpace(): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | null>;
  close(): Promise<void>;
}

/** A process that uses the store. */
export interface Replica {
  readonly id: string;
  /** Of the program. */
  readonly version: string;
  /** Of its settings, see `policyFingerprint`. */
  readonly fingerprint: string;
  readonly startedAt: EpochMs;
}

/** A problem that only one replica can see. */
export interface ReportedProblem {
  /** Another version may have others. */
  readonly code: string;
  readonly since: EpochMs;
  /** Since when it counts as an error, whatever its code says. */
  readonly errorSince: EpochMs | null;
  readonly detail: string | null;
}

/** What a replica lets the others know. */
export interface ReplicaReport {
  readonly problems: readonly ReportedProblem[];
  /** What catching up does, as far as it knows; null: nothing is known. */
  readonly catchUp: { readonly activity: string; readonly cause: string | null } | null;
}

export interface SeenReplica extends Replica {
  readonly seenAt: EpochMs;
  readonly report: ReplicaReport;
  /** It alone does what must be done once. */
  readonly isLeader: boolean;
  /** Of a leader: grows each time that another replica takes over. Absent, or null: it doesn't lead, or is the only one. */
  readonly term?: number | null;
}

export const NOTHING_REPORTED: ReplicaReport = Object.freeze({ problems: [], catchUp: null });

/**
 * How a replica stands for election. `candidate`: it leads as soon as no other does. `aside`: it lets the others go first, and
 * leads if none of them does. `resigning`: the same, and it no longer leads.
 */
export type Standing = 'candidate' | 'aside' | 'resigning';

export interface ServerTime {
  /** In ms, with fractions. */
  readonly at: EpochMs;
  /** How often the stored times had been corrected (`shiftClock`) by then. */
  readonly corrections: number;
}

/** What replicas that share a store agree on. SQLite has one replica, which always leads. */
export interface ReplicaStore {
  /**
   * Says that this replica is alive, and makes it the leader if no other is. Resolves to the replicas that were
   * seen lately, this one included. Called before it decides any chat, it also undoes what `redecide` did for other settings.
   * @param more by default a `candidate` that reports nothing
   */
  beat(
    replica: Replica,
    now: EpochMs,
    more?: { readonly standing?: Standing; readonly report?: ReplicaReport },
  ): Promise<readonly SeenReplica[]>;
  /** This replica stops: another may lead at once. */
  leave(id: string): Promise<void>;
  /**
   * Grows whenever any replica changes holds, lines or their cards: read it before them, and pass it to `turn`.
   * Always 0 with SQLite, where nobody else changes them.
   */
  sharedVersion(): Promise<number>;
  /**
   * What the database's own clock reads: it is the clock of all replicas. Null with SQLite, which has none: the machine's is
   * as good.
   */
  serverNow(): Promise<ServerTime | null>;
  /**
   * The number of corrections that this replica's clock follows; the first `serverNow` begins with its own. While there are
   * more, nothing that depends on the time is written (`outdated`). Always 0 with SQLite.
   */
  followedCorrections(): number;
  /** This replica's clock follows so many corrections of the stored times. */
  followCorrections(corrections: number): void;
}

/** What catching up read of one chat. */
export interface CatchUpReading {
  readonly chatId: string;
  readonly events: readonly ReactorEvent[];
  /** Notes that the current run has read the chat; null: notes nothing. */
  readonly readAt: EpochMs | null;
  /** True if the whole chat was read. */
  readonly isWhole: boolean;
  /** How the reading changes the state; `isNew`: it reported something that no one had reported. */
  readonly change: (state: CatchUpState, isNew: boolean) => CatchUpState;
}

/** Some of the chats with a recent outbound message. */
export interface ActiveChats {
  readonly chats: readonly {
    readonly id: number;
    readonly chatId: string;
    readonly isGroup: boolean | null;
  }[];
  /** There may be more from here on; null: no more. */
  readonly scannedTo: number | null;
}

/** The part of the store that catching up needs; every method is as durable as the others. */
export interface CatchUpStore {
  /** How far we have caught up with what webhooks missed. */
  catchUp(): Promise<CatchUpState>;
  /**
   * Changes that state by a pure function; resolves to the new state.
   * @param unread given at the end of a run: forgets which chats it read, except these, which the next run
   * has to read
   */
  changeCatchUp(
    change: (state: CatchUpState) => CatchUpState,
    unread?: readonly string[],
  ): Promise<CatchUpState>;
  /** Merges what was read of a chat, like `record`, and notes the progress of the reading, in one commit. */
  recordRead(
    reading: CatchUpReading,
    now: EpochMs,
  ): Promise<{
    readonly unstorable: number;
    readonly isNew: boolean;
    /** It was waiting for this reading, and no longer waits. */
    readonly isFreed: boolean;
    readonly state: CatchUpState;
  }>;
  /** When the current run read these chats (`UNREAD`: it couldn't); omits those not read yet. */
  catchUpReads(chatIds: readonly string[]): Promise<ReadonlyMap<string, EpochMs>>;
  /** Chats with an outbound message later than `since`, starting at a position (0: the first). */
  activeChats(after: number, since: EpochMs): Promise<ActiveChats>;
}

/** Attempts that ended within an hour or a day. */
export interface Figures {
  readonly startAt: EpochMs;
  readonly succeeded: number;
  readonly failed: number;
}

/** Oldest first, without gaps; the current hour and day come last. Days are in UTC. */
export interface ShareHistory {
  /** 48 of them. */
  readonly hours: readonly Figures[];
  /** 30 of them. */
  readonly days: readonly Figures[];
}

/** An attempt, and the line of its chat as we know it now. */
export interface RecentAttempt extends Attempt {
  readonly line: string | null;
  /** 1: the first since the chat's last share; counted up to 200. */
  readonly tries: number;
}

/**
 * What the status page needs beyond the control functions. None of it reads more of a table than it returns.
 */
export interface PageStore {
  shareHistory(now: EpochMs): Promise<ShareHistory>;
  /** Of all chats, newest first. */
  recentAttempts(limit: number): Promise<readonly RecentAttempt[]>;
  /**
   * The chats that are attempted next, across all lines, earliest first; except those in progress.
   * @param notLines excludes lines, such as closed ones, so that their queues don't hide the others
   */
  nextDue(limit: number, now: EpochMs, notLines?: readonly (string | null)[]): Promise<readonly ChatRecord[]>;
  /**
   * Chats whose id has this prefix (case-sensitive), in id order.
   * @param from the first id that may be listed; default: all
   */
  chatsByIdPrefix(prefix: string, limit: number, from?: string): Promise<readonly ChatRecord[]>;
}

/** A known problem, stored so that a restart forgets neither when it began nor which alerts were sent. */
export interface KnownProblem {
  readonly code: string;
  /** The affected line, or ''. */
  readonly scope: string;
  readonly since: EpochMs;
  /** When its opening alert, later accepted, was created; null: none was accepted. */
  readonly alertedAt: EpochMs | null;
  /** Null: it is open. */
  readonly closedAt: EpochMs | null;
}

/** How webhooks have arrived so far, across restarts. */
export interface DeliveryNews {
  readonly lastAcceptedAt: EpochMs | null;
  /** How long the service has been up without accepting a webhook. */
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
  noteDeliveries(news: DeliveryNews): Promise<void>;
}

/** A webhook that we can't read or store, sealed under a key derived from the secret that verified it. */
export interface QuarantinedDelivery {
  readonly receivedAt: EpochMs;
  readonly webhookId: string | null;
  readonly eventType: string | null;
  readonly cause: string;
  readonly sealed: Buffer;
}

/** A quarantined webhook as listed; its contents stay sealed. */
export interface QuarantinedRow extends Omit<QuarantinedDelivery, 'sealed'> {
  readonly id: number;
}

/** Identifies a row: the id alone may be reused once the newest row is gone. */
export type QuarantineKey = Pick<QuarantinedRow, 'id' | 'receivedAt'>;

/** The part of the store that keeps what can't be read or stored yet; `record` puts it there. */
export interface QuarantineStore {
  /** Newest first. */
  quarantined(now: EpochMs): Promise<readonly QuarantinedRow[]>;
  /** Null: it is no longer there. */
  sealedDelivery(key: QuarantineKey): Promise<Buffer | null>;
  /** It was read and stored after all. */
  endQuarantine(key: QuarantineKey): Promise<void>;
  /** It still can't be read or stored, maybe for another reason. */
  recauseQuarantined(key: QuarantineKey, found: Pick<QuarantinedRow, 'cause' | 'eventType'>): Promise<void>;
  /** Deletes up to 50 that were received more than 7 days ago; resolves to how many. */
  expireQuarantined(now: EpochMs): Promise<number>;
}
