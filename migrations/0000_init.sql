-- Every table is STRICT, so that a column holds only values of its type. drizzle-kit does not know the word: it is
-- added by hand to what it generates, and a test holds it.
CREATE TABLE `attempts` (
	`id` integer PRIMARY KEY NOT NULL,
	`attempt_id` text NOT NULL,
	`chat_row` integer NOT NULL,
	`trigger` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`outcome` text,
	`http_status` integer,
	`linq_code` integer,
	`trace_id` text,
	FOREIGN KEY (`chat_row`) REFERENCES `chats`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "attempts_trigger" CHECK("attempts"."trigger" in ('became_eligible', 'window_lapsed', 'manual')),
	CONSTRAINT "attempts_outcome" CHECK("attempts"."outcome" in ('shared', 'retry', 'rejected', 'unknown', 'interrupted', 'dry_run')),
	CONSTRAINT "attempts_ended" CHECK(("attempts"."ended_at" is null) = ("attempts"."outcome" is null)),
	CONSTRAINT "attempts_instants" CHECK("attempts"."started_at" between 0 and 8640000000000000 and "attempts"."ended_at" between 0 and 8640000000000000)
) STRICT;
--> statement-breakpoint
CREATE INDEX `attempts_chat` ON `attempts` (`chat_row`);--> statement-breakpoint
CREATE UNIQUE INDEX `attempts_open` ON `attempts` (`chat_row`) WHERE "attempts"."ended_at" is null;--> statement-breakpoint
CREATE TABLE `chat_counts` (
	`id` integer PRIMARY KEY NOT NULL,
	`line_id` integer,
	`state` text NOT NULL,
	`reason` text NOT NULL,
	`n` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`line_id`) REFERENCES `lines`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "chat_counts_state" CHECK("chat_counts"."state" in ('retired', 'held', 'done', 'waiting', 'idle', 'retrying', 'due', 'sharing')),
	CONSTRAINT "chat_counts_reason" CHECK("chat_counts"."reason" in ('chat_gone', 'chat_left', 'unsupported', 'operator', 'parked', 'recipient_blocked', 'no_outbound', 'line_excluded', 'group_excluded', 'not_imessage', 'opted_out', 'chat_health', 'awaiting_inbound', 'shared_once', 'share_limit', 'window', 'no_recent_outbound', 'line_unknown', 'backoff', 'rejected', 'became_eligible', 'window_lapsed', 'manual')),
	CONSTRAINT "chat_counts_n" CHECK("chat_counts"."n" >= 0)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `chat_counts_key` ON `chat_counts` (`line_id`,`state`,`reason`) WHERE "chat_counts"."line_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `chat_counts_no_line` ON `chat_counts` (`state`,`reason`) WHERE "chat_counts"."line_id" is null;--> statement-breakpoint
CREATE TABLE `chats` (
	`id` integer PRIMARY KEY NOT NULL,
	`count_id` integer NOT NULL,
	`line_id` integer,
	`chat_id` text NOT NULL,
	`next_attempt_at` integer,
	`wake_at` integer,
	`service` text,
	`is_group` integer,
	`first_outbound_at` integer,
	`last_outbound_at` integer,
	`line_at` integer,
	`service_at` integer,
	`is_group_at` integer,
	`last_inbound_at` integer,
	`opt_out_word_at` integer,
	`opted_in_at` integer,
	`health` text,
	`health_at` integer,
	`left_at` integer,
	`joined_at` integer,
	`last_shared_at` integer,
	`last_share_started_at` integer,
	`share_count` integer DEFAULT 0 NOT NULL,
	`uncertain_at` integer,
	`dry_run_at` integer,
	`retired_at` integer,
	`retired_reason` text,
	`opt_out_refused_at` integer,
	`operator_held_at` integer,
	`parked_at` integer,
	`blocked_at` integer,
	`failures` integer DEFAULT 0 NOT NULL,
	`retry_at` integer,
	`retry_reason` text,
	`interruptions` integer DEFAULT 0 NOT NULL,
	`looked_up_at` integer,
	`lease_id` text,
	`lease_until` integer,
	FOREIGN KEY (`count_id`) REFERENCES `chat_counts`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`line_id`) REFERENCES `lines`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "chats_is_group" CHECK("chats"."is_group" in (0, 1)),
	CONSTRAINT "chats_retired_reason" CHECK("chats"."retired_reason" in ('chat_gone', 'chat_left', 'unsupported')),
	CONSTRAINT "chats_retry_reason" CHECK("chats"."retry_reason" in ('backoff', 'rejected')),
	CONSTRAINT "chats_counters" CHECK("chats"."share_count" >= 0 and "chats"."failures" >= 0 and "chats"."interruptions" >= 0),
	CONSTRAINT "chats_lengths" CHECK(length("chats"."chat_id") <= 255 and length("chats"."service") <= 64 and length("chats"."health") <= 64),
	CONSTRAINT "chats_facts_instants" CHECK("chats"."first_outbound_at" between 0 and 8640000000000000 and "chats"."last_outbound_at" between 0 and 8640000000000000 and "chats"."line_at" between 0 and 8640000000000000 and "chats"."service_at" between 0 and 8640000000000000 and "chats"."is_group_at" between 0 and 8640000000000000 and "chats"."last_inbound_at" between 0 and 8640000000000000 and "chats"."opt_out_word_at" between 0 and 8640000000000000 and "chats"."opted_in_at" between 0 and 8640000000000000 and "chats"."health_at" between 0 and 8640000000000000 and "chats"."left_at" between 0 and 8640000000000000 and "chats"."joined_at" between 0 and 8640000000000000),
	CONSTRAINT "chats_history_instants" CHECK("chats"."last_shared_at" between 0 and 8640000000000000 and "chats"."last_share_started_at" between 0 and 8640000000000000 and "chats"."uncertain_at" between 0 and 8640000000000000 and "chats"."dry_run_at" between 0 and 8640000000000000 and "chats"."retired_at" between 0 and 8640000000000000 and "chats"."opt_out_refused_at" between 0 and 8640000000000000 and "chats"."operator_held_at" between 0 and 8640000000000000 and "chats"."parked_at" between 0 and 8640000000000000 and "chats"."blocked_at" between 0 and 8640000000000000 and "chats"."retry_at" between 0 and 8640000000000000 and "chats"."looked_up_at" between 0 and 8640000000000000),
	CONSTRAINT "chats_decision_instants" CHECK("chats"."next_attempt_at" between 0 and 8640000000000000 and "chats"."wake_at" between 0 and 8640000000000000 and "chats"."lease_until" between 0 and 8640000000000000)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `chats_chat_id` ON `chats` (`chat_id`);--> statement-breakpoint
CREATE INDEX `chats_queue` ON `chats` (`line_id`,`next_attempt_at`) WHERE "chats"."next_attempt_at" is not null;--> statement-breakpoint
CREATE INDEX `chats_wake` ON `chats` (`wake_at`) WHERE "chats"."wake_at" is not null;--> statement-breakpoint
CREATE INDEX `chats_count` ON `chats` (`count_id`);--> statement-breakpoint
CREATE TABLE `holds` (
	`scope` text NOT NULL,
	`reason` text NOT NULL,
	`since_at` integer NOT NULL,
	`until_at` integer,
	`step` integer NOT NULL,
	PRIMARY KEY(`scope`, `reason`),
	CONSTRAINT "holds_instants" CHECK("holds"."since_at" between 0 and 8640000000000000 and "holds"."until_at" between 0 and 8640000000000000),
	CONSTRAINT "holds_reason" CHECK("holds"."reason" in ('paused', 'api_key_rejected', 'feature_disabled', 'rate_limited', 'api_unavailable', 'line_not_ours', 'line_flagged', 'line_paused')),
	CONSTRAINT "holds_step" CHECK("holds"."step" >= 0)
) STRICT;
--> statement-breakpoint
CREATE TABLE `lines` (
	`id` integer PRIMARY KEY NOT NULL,
	`line` text NOT NULL,
	`status` text,
	`status_at` integer,
	`reputation` text,
	`reputation_at` integer,
	`card` text DEFAULT 'unknown' NOT NULL,
	`card_checked_at` integer,
	`cleared_at` integer,
	CONSTRAINT "lines_card" CHECK("lines"."card" in ('active', 'inactive', 'missing', 'unknown')),
	CONSTRAINT "lines_lengths" CHECK(length("lines"."line") <= 64 and length("lines"."status") <= 64 and length("lines"."reputation") <= 64),
	CONSTRAINT "lines_instants" CHECK("lines"."status_at" between 0 and 8640000000000000 and "lines"."reputation_at" between 0 and 8640000000000000 and "lines"."card_checked_at" between 0 and 8640000000000000 and "lines"."cleared_at" between 0 and 8640000000000000)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `lines_line` ON `lines` (`line`);--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `outcome_minutes` (
	`minute` integer PRIMARY KEY NOT NULL,
	`succeeded` integer NOT NULL,
	`failed` integer NOT NULL,
	CONSTRAINT "outcome_minutes_counters" CHECK("outcome_minutes"."minute" >= 0 and "outcome_minutes"."succeeded" >= 0 and "outcome_minutes"."failed" >= 0)
) STRICT;
--> statement-breakpoint
CREATE TABLE `quarantine` (
	`id` integer PRIMARY KEY NOT NULL,
	`received_at` integer NOT NULL,
	`webhook_id` text,
	`event_type` text,
	`cause` text NOT NULL,
	`sealed` blob NOT NULL,
	CONSTRAINT "quarantine_instants" CHECK("quarantine"."received_at" between 0 and 8640000000000000)
) STRICT;
--> statement-breakpoint
CREATE INDEX `quarantine_received` ON `quarantine` (`received_at`);--> statement-breakpoint
CREATE TABLE `share_totals` (
	`id` integer PRIMARY KEY NOT NULL,
	`succeeded` integer NOT NULL,
	`last_succeeded_at` integer NOT NULL,
	CONSTRAINT "share_totals_id" CHECK("share_totals"."id" = 1),
	CONSTRAINT "share_totals_counters" CHECK("share_totals"."succeeded" >= 0),
	CONSTRAINT "share_totals_instants" CHECK("share_totals"."last_succeeded_at" between 0 and 8640000000000000)
) STRICT;
