import { sql } from 'drizzle-orm';
import {
  blob,
  check,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';
import { HOLD_REASONS, OUTCOMES, TRIGGERS } from '../vocabulary.ts';
import { counters, instants, lengths, oneOf } from './checks.ts';
import { chats } from './schema-chats.ts';

export { chatCounts, chats, lines } from './schema-chats.ts';

// Every column `*_at` is an instant: whole ms since 1970-01-01T00:00:00Z. Every table is STRICT; drizzle-kit can't
// write that, so the word is added to the generated migrations by hand.

/** One row a share call, written before the call; open while `ended_at` is null. In the order of their start. */
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
    endedAt: integer('ended_at'),
    outcome: text('outcome', { enum: OUTCOMES }),
    httpStatus: integer('http_status'),
    linqCode: integer('linq_code'),
    traceId: text('trace_id'),
    /** While it is open: the share call may have begun. 0 in a dry run, and until looked-up facts are on record. */
    mayHaveCalled: integer('may_have_called').notNull().default(1),
  },
  (t) => [
    index('attempts_chat').on(t.chatRow),
    uniqueIndex('attempts_open').on(t.chatRow).where(sql`${t.endedAt} is null`),
    oneOf('attempts_trigger', t.trigger, TRIGGERS),
    oneOf('attempts_outcome', t.outcome, OUTCOMES),
    check('attempts_ended', sql`(${t.endedAt} is null) = (${t.outcome} is null)`),
    instants('attempts_instants', [t.startedAt, t.endedAt]),
    check('attempts_may_have_called', sql`${t.mayHaveCalled} in (0, 1)`),
  ],
);

/** Why the account (scope '') or a line (its number) is closed. */
export const holds = sqliteTable(
  'holds',
  {
    scope: text('scope').notNull(),
    reason: text('reason', { enum: HOLD_REASONS }).notNull(),
    since: integer('since_at').notNull(),
    until: integer('until_at'),
    step: integer('step').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.scope, t.reason] }),
    instants('holds_instants', [t.since, t.until]),
    oneOf('holds_reason', t.reason, HOLD_REASONS),
    counters('holds_step', [t.step]),
  ],
);

/** Outcomes of the attempts that ended within a minute (its number since 1970), for the figures of the last 24 h. */
export const outcomeMinutes = sqliteTable(
  'outcome_minutes',
  {
    minute: integer('minute').primaryKey(),
    succeeded: integer('succeeded').notNull(),
    failed: integer('failed').notNull(),
  },
  (t) => [counters('outcome_minutes_counters', [t.minute, t.succeeded, t.failed])],
);

/** The same by the hour (its number since 1970), kept for longer, for the charts. */
export const outcomeHours = sqliteTable(
  'outcome_hours',
  {
    hour: integer('hour').primaryKey(),
    succeeded: integer('succeeded').notNull(),
    failed: integer('failed').notNull(),
  },
  (t) => [counters('outcome_hours_counters', [t.hour, t.succeeded, t.failed])],
);

/** Successes of all times: one row. */
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

/** Deliveries that we can't read or store, sealed. */
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

/** Problems that are open, and those that closed while whoever is alerted hasn't been told of it yet. */
export const problems = sqliteTable(
  'problems',
  {
    code: text('code').notNull(),
    /** The line that it is about, or ''. */
    scope: text('scope').notNull(),
    since: integer('since_at').notNull(),
    /** When the alert of its opening was taken; null: not yet, or nobody is alerted. */
    toldAt: integer('told_at'),
    closedAt: integer('closed_at'),
  },
  (t) => [
    primaryKey({ columns: [t.code, t.scope] }),
    instants('problems_instants', [t.since, t.toldAt, t.closedAt]),
  ],
);

/** Chats whose messages the catch-up that is under way has read, so that it goes on where a restart cut it off. */
export const catchUpReads = sqliteTable(
  'catch_up_reads',
  { chatId: text('chat_id').primaryKey(), readAt: integer('read_at').notNull() },
  (t) => [
    /** What couldn't be read, found among millions that were. */
    index('catch_up_reads_unread').on(t.readAt).where(sql`${t.readAt} = 0`),
    lengths('catch_up_reads_lengths', [[t.chatId, 255]]),
    instants('catch_up_reads_instants', [t.readAt]),
  ],
);

/** Chats that were changed before a correction of the clock came to them, and so were set right before the others. */
export const shiftedChats = sqliteTable('shifted_chats', {
  chatRow: integer('chat_row')
    .primaryKey()
    .references(() => chats.id),
});

/** Single numbers and words: heartbeat, how far chats were decided anew. */
export const meta = sqliteTable('meta', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
});
