import { sql } from 'drizzle-orm';
import {
  type AnySQLiteColumn,
  blob,
  check,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';
import { CHAT_REASONS, CHAT_STATES, RETRY_REASONS, TRIGGERS } from '../../decide/chat.ts';
import { CARD_STATES, STORED_HOLDS } from '../../decide/holds.ts';
import { OUTCOMES, RETIRED_REASONS } from '../../decide/outcome.ts';
import { areAtMost, areCounters, areInstants, isOneOf } from './checks.ts';
import { LONGEST } from './limits.ts';

// Every column `*_at` is an instant: whole ms since 1970-01-01T00:00:00Z. Every table is STRICT; drizzle-kit
// can't generate that, so the keyword is added to the generated migrations by hand.

/** Our own lines, each added once a chat or an event names it. */
export const lines = sqliteTable(
  'lines',
  {
    id: integer('id').primaryKey(),
    line: text('line').notNull(),
    status: text('status'),
    statusAt: integer('status_at'),
    reputation: text('reputation'),
    reputationAt: integer('reputation_at'),
    card: text('card', { enum: CARD_STATES }).notNull().default('unknown'),
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
    // added later: SQLite's `ADD CONSTRAINT`, unlike a check, takes an unknown result for a violation
    check('lines_card_change', sql`(${areInstants([t.cardChangedAt])}) is not false`),
    check('lines_card_digest', sql`(${areAtMost([[t.cardDigest, LONGEST.word]])}) is not false`),
  ],
);

/** How far a line's changed card has got; `CardShares` documents it. It counts only while `changedAt` is the line's. */
export const cardShares = sqliteTable(
  'card_shares',
  {
    lineId: integer('line_id')
      .primaryKey()
      .references(() => lines.id),
    changedAt: integer('changed_at').notNull(),
    /** The chats that had the card before it changed, as far as they were counted. */
    chats: integer('chats').notNull(),
    sharedAgain: integer('shared_again').notNull(),
  },
  (t) => [
    instants('card_shares_instants', [t.changedAt]),
    counters('card_shares_counters', [t.chats, t.sharedAgain]),
  ],
);

/**
 * How many chats of a line are in a state for a reason; every change keeps it up to date. A chat references
 * its row here instead of repeating the words, which also finds the chats of a state without another column
 * in an index.
 */
export const chatCounts = sqliteTable(
  'chat_counts',
  {
    id: integer('id').primaryKey(),
    lineId: integer('line_id').references(() => lines.id),
    state: text('state', { enum: CHAT_STATES }).notNull(),
    reason: text('reason', { enum: CHAT_REASONS }).notNull(),
    n: integer('n').notNull().default(0),
  },
  (t) => [
    uniqueIndex('chat_counts_key').on(t.lineId, t.state, t.reason).where(sql`${t.lineId} is not null`),
    uniqueIndex('chat_counts_no_line').on(t.state, t.reason).where(sql`${t.lineId} is null`),
    oneOf('chat_counts_state', t.state, CHAT_STATES),
    oneOf('chat_counts_reason', t.reason, CHAT_REASONS),
    counters('chat_counts_n', [t.n]),
  ],
);

/** What we store about a chat; `ChatRecord` documents every column. */
export const chats = sqliteTable(
  'chats',
  {
    id: integer('id').primaryKey(),
    countId: integer('count_id')
      .notNull()
      .references(() => chatCounts.id),
    lineId: integer('line_id').references(() => lines.id),
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
    retiredReason: text('retired_reason', { enum: RETIRED_REASONS }),
    optOutRefusedAt: integer('opt_out_refused_at'),
    operatorHeldAt: integer('operator_held_at'),
    parkedAt: integer('parked_at'),
    blockedAt: integer('blocked_at'),
    failures: integer('failures').notNull().default(0),
    retryAt: integer('retry_at'),
    retryReason: text('retry_reason', { enum: RETRY_REASONS }),
    interruptions: integer('interruptions').notNull().default(0),
    lookedUpAt: integer('looked_up_at'),
    restoredAt: integer('restored_at'),
  },
  (t) => [
    uniqueIndex('chats_chat_id').on(t.chatId),
    /** The queue of a line; a claim skips the chats whose lease hasn't run out. */
    index('chats_queue').on(t.lineId, t.nextAttemptAt).where(sql`${t.nextAttemptAt} is not null`),
    index('chats_wake').on(t.wakeAt).where(sql`${t.wakeAt} is not null`),
    index('chats_count').on(t.countId),
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
    // added later: SQLite's `ADD CONSTRAINT`, unlike a check, takes an unknown result for a violation
    check('chats_decision_instants', sql`(${areInstants([t.nextAttemptAt, t.wakeAt])}) is not false`),
    instants('chats_restored_instant', [t.restoredAt]),
  ],
);

/** The attempts in progress: a row is added before the call, and deleted when its chat's attempt ends. */
export const leases = sqliteTable(
  'leases',
  {
    chatRow: integer('chat_row')
      .primaryKey()
      .references(() => chats.id),
    attemptId: text('attempt_id').notNull(),
    trigger: text('trigger', { enum: TRIGGERS }).notNull(),
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
export const attempts = sqliteTable(
  'attempts',
  {
    id: integer('id').primaryKey(),
    attemptId: text('attempt_id').notNull(),
    chatRow: integer('chat_row')
      .notNull()
      .references(() => chats.id),
    trigger: text('trigger', { enum: TRIGGERS }).notNull(),
    startedAt: integer('started_at').notNull(),
    endedAt: integer('ended_at').notNull(),
    outcome: text('outcome', { enum: OUTCOMES }).notNull(),
    httpStatus: integer('http_status'),
    linqCode: integer('linq_code'),
    traceId: text('trace_id'),
  },
  (t) => [
    index('attempts_chat').on(t.chatRow),
    oneOf('attempts_trigger', t.trigger, TRIGGERS),
    oneOf('attempts_outcome', t.outcome, OUTCOMES),
    instants('attempts_instants', [t.startedAt, t.endedAt]),
  ],
);

/** Why the account (scope '') or a line (its number) is on hold. */
export const holds = sqliteTable(
  'holds',
  {
    scope: text('scope').notNull(),
    reason: text('reason', { enum: STORED_HOLDS }).notNull(),
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
export const outcomeMinutes = sqliteTable(
  'outcome_minutes',
  {
    minute: integer('minute').primaryKey(),
    succeeded: integer('succeeded').notNull(),
    failed: integer('failed').notNull(),
  },
  (t) => [counters('outcome_minutes_counters', [t.minute, t.succeeded, t.failed])],
);

/** The same per hour (hours since 1970), kept longer, for the charts. */
export const outcomeHours = sqliteTable(
  'outcome_hours',
  {
    hour: integer('hour').primaryKey(),
    succeeded: integer('succeeded').notNull(),
    failed: integer('failed').notNull(),
  },
  (t) => [counters('outcome_hours_counters', [t.hour, t.succeeded, t.failed])],
);

/** All-time successes: one row. */
export const shareTotals = sqliteTable(
  'share_totals',
  {
    id: integer('id').primaryKey(),
    succeeded: integer('succeeded').notNull(),
    lastSucceededAt: integer('last_succeeded_at').notNull(),
  },
  (t) => [
    check('share_totals_id', sql`${t.id} = 1`),
    counters('share_totals_counters', [t.succeeded]),
    instants('share_totals_instants', [t.lastSucceededAt]),
  ],
);

/** Webhooks that we can't read or store, sealed. */
export const quarantine = sqliteTable(
  'quarantine',
  {
    id: integer('id').primaryKey(),
    receivedAt: integer('received_at').notNull(),
    webhookId: text('webhook_id'),
    eventType: text('event_type'),
    cause: text('cause').notNull(),
    sealed: blob('sealed', { mode: 'buffer' }).notNull(),
  },
  (t) => [index('quarantine_received').on(t.receivedAt), instants('quarantine_instants', [t.receivedAt])],
);

/** Open problems, and closed ones not yet reported to the alert webhook. */
export const problems = sqliteTable(
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
export const catchUpReads = sqliteTable(
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
export const shiftedChats = sqliteTable('shifted_chats', {
  chatRow: integer('chat_row')
    .primaryKey()
    .references(() => chats.id),
});

/** Single values: the heartbeat, the progress of re-evaluating chats, … */
export const meta = sqliteTable('meta', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
});

/** CHECK: these columns hold instants (whole ms since 1970-01-01T00:00:00Z), or null. */
function instants(name: string, columns: readonly AnySQLiteColumn[]) {
  return check(name, areInstants(columns));
}

/** CHECK: the column holds one of these words, or null. */
function oneOf(name: string, column: AnySQLiteColumn, words: readonly string[]) {
  return check(name, isOneOf(column, words));
}

/** CHECK: external text is at most this many characters long. */
function lengths(name: string, limits: readonly (readonly [AnySQLiteColumn, number])[]) {
  return check(name, areAtMost(limits));
}

/** CHECK: these columns are counters. */
function counters(name: string, columns: readonly AnySQLiteColumn[]) {
  return check(name, areCounters(columns));
}
