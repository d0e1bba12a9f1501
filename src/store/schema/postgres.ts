import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  check,
  customType,
  index,
  jsonb,
  pgTable,
  primaryKey,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { CHAT_REASONS, CHAT_STATES, RETRY_REASONS, TRIGGERS } from '../../decide/chat.ts';
import { CARD_STATES, STORED_HOLDS } from '../../decide/holds.ts';
import { OUTCOMES, RETIRED_REASONS } from '../../decide/outcome.ts';
import { areAtMost, areCounters, areInstants, isOneOf } from './checks.ts';
import { LONGEST } from './limits.ts';

// The tables of `schema.ts` in PostgreSQL, from which drizzle-kit generates the migrations; the program itself doesn't
// load this file. The differences: `rev`; no line is `line_id` 0, since `IS NOT DISTINCT FROM` uses no index; no foreign
// keys, since each check would lock the row that it finds, and chats and lines are never deleted; what replicas count is
// kept in slots, and what they agree on is in tables of its own.

/** In the order of code points, whatever the server's locale: for prefixes, and for the order of locks. */
const text = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const integer = (name: string) => bigint(name, { mode: 'number' });
/** By the clock of the server, which all replicas share. */
const serverTime = (name: string) => timestamp(name, { withTimezone: true });
/** Replicas that counted in the same row would wait for each other: each has a slot, and readers add them up. */
const slot = () => integer('slot').notNull();
const id = () => integer('id').primaryKey().generatedByDefaultAsIdentity();

/** Our own lines, each added once a chat or an event names it. */
export const lines = pgTable(
  'lines',
  {
    id: id(),
    line: text('line').notNull(),
    status: text('status'),
    statusAt: integer('status_at'),
    reputation: text('reputation'),
    reputationAt: integer('reputation_at'),
    card: text('card').notNull().default('unknown'),
    cardCheckedAt: integer('card_checked_at'),
    clearedAt: integer('cleared_at'),
    cardDigest: text('card_digest'),
    cardChangedAt: integer('card_changed_at'),
  },
  (t) => [
    uniqueIndex('lines_line').on(t.line),
    oneOf('lines_card', t.card, CARD_STATES),
    lengths('lines_lengths', [
      [t.line, LONGEST.word],
      [t.status, LONGEST.word],
      [t.reputation, LONGEST.word],
    ]),
    instants('lines_instants', [t.statusAt, t.reputationAt, t.cardCheckedAt, t.clearedAt]),
    instants('lines_card_change', [t.cardChangedAt]),
    lengths('lines_card_digest', [[t.cardDigest, LONGEST.word]]),
  ],
);

/** How far a line's changed card has got; `CardShares` documents it. It counts only while `changedAt` is the line's. */
export const cardShares = pgTable(
  'card_shares',
  {
    lineId: integer('line_id').notNull(),
    slot: slot(),
    changedAt: integer('changed_at').notNull(),
    /** The chats that had the card before it changed, as far as they were counted. */
    chats: integer('chats').notNull(),
    sharedAgain: integer('shared_again').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.lineId, t.slot] }),
    instants('card_shares_instants', [t.changedAt]),
    counters('card_shares_counters', [t.chats, t.sharedAgain]),
  ],
);

/**
 * What chats are counted by: their line, their state, and the reason for it. A chat references its row here instead of
 * repeating the words, which also finds the chats of a state without another column in an index.
 */
export const chatCounts = pgTable(
  'chat_counts',
  {
    id: id(),
    lineId: integer('line_id').notNull(),
    state: text('state').notNull(),
    reason: text('reason').notNull(),
  },
  (t) => [
    uniqueIndex('chat_counts_key').on(t.lineId, t.state, t.reason),
    oneOf('chat_counts_state', t.state, CHAT_STATES),
    oneOf('chat_counts_reason', t.reason, CHAT_REASONS),
  ],
);

/**
 * How many chats refer to a row of `chat_counts`; every change keeps it up to date. Only the sum over the slots says it:
 * a chat may be added in one slot and taken off in another.
 */
export const chatTallies = pgTable(
  'chat_tallies',
  { countId: integer('count_id').notNull(), slot: slot(), n: integer('n').notNull() },
  (t) => [primaryKey({ columns: [t.countId, t.slot] })],
);

/** What we store about a chat; `ChatRecord` documents every column. */
export const chats = pgTable(
  'chats',
  {
    id: id(),
    countId: integer('count_id').notNull(),
    lineId: integer('line_id').notNull(),
    chatId: text('chat_id').notNull(),
    nextAttemptAt: integer('next_attempt_at'),
    wakeAt: integer('wake_at'),
    service: text('service'),
    isGroup: integer('is_group'),
    firstOutboundAt: integer('first_outbound_at'),
    lastOutboundAt: integer('last_outbound_at'),
    /** Null while the fact is from `last_outbound_at`, as it nearly always is. */
    lineAt: integer('line_at'),
    serviceAt: integer('service_at'),
    isGroupAt: integer('is_group_at'),
    lastInboundAt: integer('last_inbound_at'),
    optOutWordAt: integer('opt_out_word_at'),
    optedInAt: integer('opted_in_at'),
    health: text('health'),
    healthAt: integer('health_at'),
    leftAt: integer('left_at'),
    joinedAt: integer('joined_at'),
    lastSharedAt: integer('last_shared_at'),
    lastShareStartedAt: integer('last_share_started_at'),
    shareCount: integer('share_count').notNull().default(0),
    uncertainAt: integer('uncertain_at'),
    dryRunAt: integer('dry_run_at'),
    retiredAt: integer('retired_at'),
    retiredReason: text('retired_reason'),
    optOutRefusedAt: integer('opt_out_refused_at'),
    operatorHeldAt: integer('operator_held_at'),
    parkedAt: integer('parked_at'),
    blockedAt: integer('blocked_at'),
    failures: integer('failures').notNull().default(0),
    retryAt: integer('retry_at'),
    retryReason: text('retry_reason'),
    interruptions: integer('interruptions').notNull().default(0),
    lookedUpAt: integer('looked_up_at'),
    restoredAt: integer('restored_at'),
    /** Counts the writes of the row: who writes it says which one was read, so that no write is lost. */
    rev: integer('rev').notNull(),
  },
  (t) => [
    uniqueIndex('chats_chat_id').on(t.chatId),
    /** The queue of a line; a claim skips the chats whose lease hasn't run out. */
    index('chats_queue').on(t.lineId, t.nextAttemptAt, t.id).where(sql`${t.nextAttemptAt} is not null`),
    index('chats_wake').on(t.wakeAt).where(sql`${t.wakeAt} is not null`),
    index('chats_count').on(t.countId, t.id),
    check('chats_is_group', sql`${t.isGroup} in (0, 1)`),
    oneOf('chats_retired_reason', t.retiredReason, RETIRED_REASONS),
    oneOf('chats_retry_reason', t.retryReason, RETRY_REASONS),
    counters('chats_counters', [t.shareCount, t.failures, t.interruptions]),
    lengths('chats_lengths', [
      [t.chatId, LONGEST.chatId],
      [t.service, LONGEST.word],
      [t.health, LONGEST.word],
    ]),
    instants('chats_facts_instants', [
      t.firstOutboundAt,
      t.lastOutboundAt,
      t.lineAt,
      t.serviceAt,
      t.isGroupAt,
      t.lastInboundAt,
      t.optOutWordAt,
      t.optedInAt,
      t.healthAt,
      t.leftAt,
      t.joinedAt,
    ]),
    instants('chats_history_instants', [
      t.lastSharedAt,
      t.lastShareStartedAt,
      t.uncertainAt,
      t.dryRunAt,
      t.retiredAt,
      t.optOutRefusedAt,
      t.operatorHeldAt,
      t.parkedAt,
      t.blockedAt,
      t.retryAt,
      t.lookedUpAt,
    ]),
    instants('chats_decision_instants', [t.nextAttemptAt, t.wakeAt]),
    instants('chats_restored_instant', [t.restoredAt]),
  ],
);

/** The attempts in progress: a row is added before the call, and deleted when its chat's attempt ends. */
export const leases = pgTable(
  'leases',
  {
    chatRow: integer('chat_row').primaryKey(),
    attemptId: text('attempt_id').notNull(),
    trigger: text('trigger').notNull(),
    startedAt: integer('started_at').notNull(),
    until: integer('until_at').notNull(),
    /** The share call may have begun. 0 in a dry run, and until looked-up facts are stored. */
    mayHaveCalled: integer('may_have_called').notNull(),
  },
  (t) => [
    oneOf('leases_trigger', t.trigger, TRIGGERS),
    instants('leases_instants', [t.startedAt, t.until]),
    check('leases_may_have_called', sql`${t.mayHaveCalled} in (0, 1)`),
  ],
);

/** The attempts that ended, in the order of their ends. */
export const attempts = pgTable(
  'attempts',
  {
    id: id(),
    attemptId: text('attempt_id').notNull(),
    chatRow: integer('chat_row').notNull(),
    trigger: text('trigger').notNull(),
    startedAt: integer('started_at').notNull(),
    endedAt: integer('ended_at').notNull(),
    outcome: text('outcome').notNull(),
    httpStatus: integer('http_status'),
    linqCode: integer('linq_code'),
    traceId: text('trace_id'),
  },
  (t) => [
    index('attempts_chat').on(t.chatRow, t.id),
    oneOf('attempts_trigger', t.trigger, TRIGGERS),
    oneOf('attempts_outcome', t.outcome, OUTCOMES),
    instants('attempts_instants', [t.startedAt, t.endedAt]),
  ],
);

/** Why the account (scope '') or a line (its number) is on hold. */
export const holds = pgTable(
  'holds',
  {
    scope: text('scope').notNull(),
    reason: text('reason').notNull(),
    since: integer('since_at').notNull(),
    until: integer('until_at'),
    step: integer('step').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.scope, t.reason] }),
    instants('holds_instants', [t.since, t.until]),
    oneOf('holds_reason', t.reason, STORED_HOLDS),
    counters('holds_step', [t.step]),
  ],
);

/**
 * Outcomes of the attempts that ended within a minute (minutes since 1970), for the figures of the last 24 h.
 */
export const outcomeMinutes = pgTable(
  'outcome_minutes',
  {
    minute: integer('minute').notNull(),
    slot: slot().default(0),
    succeeded: integer('succeeded').notNull(),
    failed: integer('failed').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.minute, t.slot] }),
    counters('outcome_minutes_counters', [t.minute, t.succeeded, t.failed]),
  ],
);

/** The same per hour (hours since 1970), kept longer, for the charts. */
export const outcomeHours = pgTable(
  'outcome_hours',
  {
    hour: integer('hour').notNull(),
    slot: slot().default(0),
    succeeded: integer('succeeded').notNull(),
    failed: integer('failed').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.hour, t.slot] }),
    counters('outcome_hours_counters', [t.hour, t.succeeded, t.failed]),
  ],
);

/** All-time successes: a row for each slot, whose number it has. */
export const shareTotals = pgTable(
  'share_totals',
  {
    id: integer('id').primaryKey(),
    succeeded: integer('succeeded').notNull(),
    lastSucceededAt: integer('last_succeeded_at').notNull(),
  },
  (t) => [
    check('share_totals_id', sql`${t.id} between 0 and 7`),
    counters('share_totals_counters', [t.succeeded]),
    instants('share_totals_instants', [t.lastSucceededAt]),
  ],
);

/** Webhooks that we can't read or store, sealed. */
export const quarantine = pgTable(
  'quarantine',
  {
    id: id(),
    receivedAt: integer('received_at').notNull(),
    webhookId: text('webhook_id'),
    eventType: text('event_type'),
    cause: text('cause').notNull(),
    sealed: bytes('sealed').notNull(),
  },
  (t) => [index('quarantine_received').on(t.receivedAt), instants('quarantine_instants', [t.receivedAt])],
);

/** Open problems, and closed ones not yet reported to the alert webhook. */
export const problems = pgTable(
  'problems',
  {
    code: text('code').notNull(),
    /** The affected line, or ''. */
    scope: text('scope').notNull(),
    since: integer('since_at').notNull(),
    /** When its opening alert was accepted; null: not yet, or there is no alert webhook. */
    alertedAt: integer('told_at'),
    closedAt: integer('closed_at'),
  },
  (t) => [
    primaryKey({ columns: [t.code, t.scope] }),
    instants('problems_instants', [t.since, t.alertedAt, t.closedAt]),
  ],
);

/** Chats whose messages the current catch-up has read, so that it can continue after a restart. */
export const catchUpReads = pgTable(
  'catch_up_reads',
  { chatId: text('chat_id').primaryKey(), readAt: integer('read_at').notNull() },
  (t) => [
    /** Finds the chats that couldn't be read among millions that could. */
    index('catch_up_reads_unread').on(t.readAt).where(sql`${t.readAt} = 0`),
    lengths('catch_up_reads_lengths', [[t.chatId, LONGEST.chatId]]),
    instants('catch_up_reads_instants', [t.readAt]),
  ],
);

/** Chats changed before a clock correction reached them, and so corrected early. */
export const shiftedChats = pgTable('shifted_chats', {
  chatRow: integer('chat_row').primaryKey(),
});

/** Single values: the heartbeat, the progress of re-evaluating chats, … */
export const meta = pgTable('meta', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
});

/** What all replicas agree on: one row. */
export const control = pgTable(
  'control',
  {
    id: integer('id').primaryKey(),
    /** Grows with every change of holds, lines or their cards. */
    version: integer('version').notNull(),
    /** Grows with every correction of the clock. */
    clockEpoch: integer('clock_epoch').notNull(),
  },
  (t) => [check('control_id', sql`${t.id} = 1`), counters('control_counters', [t.version, t.clockEpoch])],
);

/** Who has locked the row of a line claims from its queue, and keeps the pace of all replicas; 0 is no line. */
export const lineGates = pgTable('line_gates', {
  lineId: integer('line_id').primaryKey(),
  /** The recent starts, oldest first: pairs of an instant and how many began at it. */
  starts: jsonb('starts').notNull().default([]),
});

/** The processes that use the database. */
export const replicas = pgTable('replicas', {
  id: text('id').primaryKey(),
  version: text('version').notNull(),
  fingerprint: text('fingerprint').notNull(),
  startedAt: integer('started_at').notNull(),
  seenAt: serverTime('seen_at').notNull(),
  /** What it lets the others know, see `ReplicaReport`. */
  report: jsonb('report').notNull().default({}),
});

/** Which replica does what only one may do, and until when unless it renews that. */
export const leaders = pgTable('leaders', {
  name: text('name').primaryKey(),
  replica: text('replica').notNull(),
  /** Grows each time that another replica takes over. */
  term: integer('term').notNull(),
  until: serverTime('until_at').notNull(),
});

/** CHECK: these columns hold instants (whole ms since 1970-01-01T00:00:00Z), or null. */
function instants(name: string, columns: readonly AnyPgColumn[]) {
  return check(name, areInstants(columns));
}

/** CHECK: the column holds one of these words, or null. */
function oneOf(name: string, column: AnyPgColumn, words: readonly string[]) {
  return check(name, isOneOf(column, words));
}

/** CHECK: external text is at most this many characters long. */
function lengths(name: string, limits: readonly (readonly [AnyPgColumn, number])[]) {
  return check(name, areAtMost(limits));
}

/** CHECK: these columns are counters. */
function counters(name: string, columns: readonly AnyPgColumn[]) {
  return check(name, areCounters(columns));
}
