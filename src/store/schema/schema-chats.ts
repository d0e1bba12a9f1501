import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { CARD_STATES, CHAT_REASONS, CHAT_STATES, RETIRED_REASONS, RETRY_REASONS } from '../vocabulary.ts';
import { counters, instants, lengths, oneOf } from './checks.ts';

/** Our own lines, as soon as a chat or an event names one. */
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
  },
  (t) => [
    uniqueIndex('lines_line').on(t.line),
    oneOf('lines_card', t.card, CARD_STATES),
    lengths('lines_lengths', [
      [t.line, 64],
      [t.status, 64],
      [t.reputation, 64],
    ]),
    instants('lines_instants', [t.statusAt, t.reputationAt, t.cardCheckedAt, t.clearedAt]),
  ],
);

/**
 * How many chats of a line are in a state for a reason; kept by every change. A chat names its row here instead of
 * repeating the words, which also finds the chats of a state without one more column in an index.
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

/** What we keep of a chat; the meaning of every column is told at `ChatRecord`. */
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
    /** Null while the fact is as of `last_outbound_at`, as it nearly always is. */
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
    leaseId: text('lease_id'),
    leaseUntil: integer('lease_until'),
    restoredAt: integer('restored_at'),
  },
  (t) => [
    uniqueIndex('chats_chat_id').on(t.chatId),
    /** The queue of a line: an expired lease stands in it like any due chat. */
    index('chats_queue').on(t.lineId, t.nextAttemptAt).where(sql`${t.nextAttemptAt} is not null`),
    index('chats_wake').on(t.wakeAt).where(sql`${t.wakeAt} is not null`),
    index('chats_count').on(t.countId),
    check('chats_is_group', sql`${t.isGroup} in (0, 1)`),
    oneOf('chats_retired_reason', t.retiredReason, RETIRED_REASONS),
    oneOf('chats_retry_reason', t.retryReason, RETRY_REASONS),
    counters('chats_counters', [t.shareCount, t.failures, t.interruptions]),
    lengths('chats_lengths', [
      [t.chatId, 255],
      [t.service, 64],
      [t.health, 64],
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
    instants('chats_decision_instants', [t.nextAttemptAt, t.wakeAt, t.leaseUntil]),
    instants('chats_restored_instant', [t.restoredAt]),
  ],
);
