CREATE TABLE `catch_up_reads` (
	`chat_id` text PRIMARY KEY NOT NULL,
	`read_at` integer NOT NULL,
	CONSTRAINT "catch_up_reads_lengths" CHECK(length("catch_up_reads"."chat_id") <= 255),
	CONSTRAINT "catch_up_reads_instants" CHECK("catch_up_reads"."read_at" between 0 and 8640000000000000)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `problems` (
	`code` text NOT NULL,
	`scope` text NOT NULL,
	`since_at` integer NOT NULL,
	`told_at` integer,
	`closed_at` integer,
	PRIMARY KEY(`code`, `scope`),
	CONSTRAINT "problems_instants" CHECK("problems"."since_at" between 0 and 8640000000000000 and "problems"."told_at" between 0 and 8640000000000000 and "problems"."closed_at" between 0 and 8640000000000000)
) STRICT;
--> statement-breakpoint
CREATE TABLE `__new_chat_counts` (
	`id` integer PRIMARY KEY NOT NULL,
	`line_id` integer,
	`state` text NOT NULL,
	`reason` text NOT NULL,
	`n` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`line_id`) REFERENCES `lines`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "chat_counts_state" CHECK("__new_chat_counts"."state" in ('retired', 'held', 'done', 'waiting', 'idle', 'retrying', 'due', 'sharing')),
	CONSTRAINT "chat_counts_reason" CHECK("__new_chat_counts"."reason" in ('chat_gone', 'chat_left', 'unsupported', 'operator', 'parked', 'recipient_blocked', 'no_outbound', 'line_excluded', 'group_excluded', 'not_imessage', 'opted_out', 'chat_health', 'awaiting_inbound', 'shared_once', 'share_limit', 'window', 'restored', 'no_recent_outbound', 'line_unknown', 'backoff', 'rejected', 'became_eligible', 'window_lapsed', 'manual')),
	CONSTRAINT "chat_counts_n" CHECK("__new_chat_counts"."n" >= 0)
) STRICT;
--> statement-breakpoint
INSERT INTO `__new_chat_counts`("id", "line_id", "state", "reason", "n") SELECT "id", "line_id", "state", "reason", "n" FROM `chat_counts`;--> statement-breakpoint
DROP TABLE `chat_counts`;--> statement-breakpoint
ALTER TABLE `__new_chat_counts` RENAME TO `chat_counts`;--> statement-breakpoint
CREATE UNIQUE INDEX `chat_counts_key` ON `chat_counts` (`line_id`,`state`,`reason`) WHERE "chat_counts"."line_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `chat_counts_no_line` ON `chat_counts` (`state`,`reason`) WHERE "chat_counts"."line_id" is null;--> statement-breakpoint
ALTER TABLE `chats` ADD `restored_at` integer CONSTRAINT "chats_restored_instant" CHECK("restored_at" between 0 and 8640000000000000);
