CREATE TABLE `leases` (
	`chat_row` integer PRIMARY KEY NOT NULL,
	`attempt_id` text NOT NULL,
	`trigger` text NOT NULL,
	`started_at` integer NOT NULL,
	`until_at` integer NOT NULL,
	`may_have_called` integer NOT NULL,
	FOREIGN KEY (`chat_row`) REFERENCES `chats`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "leases_trigger" CHECK("leases"."trigger" in ('became_eligible', 'window_lapsed', 'manual')),
	CONSTRAINT "leases_instants" CHECK("leases"."started_at" between 0 and 8640000000000000 and "leases"."until_at" between 0 and 8640000000000000),
	CONSTRAINT "leases_may_have_called" CHECK("leases"."may_have_called" in (0, 1))
) STRICT;
--> statement-breakpoint
INSERT INTO `leases` ("chat_row", "attempt_id", "trigger", "started_at", "until_at", "may_have_called") SELECT "chat_row", "attempt_id", "trigger", "started_at", coalesce("lease_until", "started_at"), "may_have_called" FROM `attempts` JOIN `chats` ON `chats`.`id` = `attempts`.`chat_row` WHERE "ended_at" IS NULL;--> statement-breakpoint
DELETE FROM `attempts` WHERE "ended_at" IS NULL;--> statement-breakpoint
INSERT OR IGNORE INTO `chat_counts` ("line_id", "state", "reason") SELECT "line_id", 'due', 'became_eligible' FROM `chat_counts` WHERE "state" = 'sharing';--> statement-breakpoint
UPDATE `chats` SET "wake_at" = 0, "next_attempt_at" = (SELECT "started_at" FROM `leases` WHERE "chat_row" = `chats`.`id`), "count_id" = (SELECT `due`.`id` FROM `chat_counts` AS `due` JOIN `chat_counts` AS `own` ON `own`.`id` = `chats`.`count_id` WHERE `due`.`state` = 'due' AND `due`.`reason` = 'became_eligible' AND `due`.`line_id` IS `own`.`line_id`) WHERE "count_id" IN (SELECT "id" FROM `chat_counts` WHERE "state" = 'sharing');--> statement-breakpoint
DELETE FROM `chat_counts` WHERE "state" = 'sharing';--> statement-breakpoint
UPDATE `chat_counts` SET "n" = (SELECT count(*) FROM `chats` WHERE "count_id" = `chat_counts`.`id`) WHERE "state" = 'due' AND "reason" = 'became_eligible';--> statement-breakpoint
DROP INDEX `attempts_open`;--> statement-breakpoint
ALTER TABLE `attempts` DROP CONSTRAINT "attempts_ended";--> statement-breakpoint
ALTER TABLE `attempts` DROP CONSTRAINT "attempts_may_have_called";--> statement-breakpoint
ALTER TABLE `attempts` DROP COLUMN `may_have_called`;--> statement-breakpoint
ALTER TABLE `attempts` ALTER COLUMN `ended_at` SET NOT NULL;--> statement-breakpoint
ALTER TABLE `attempts` ALTER COLUMN `outcome` SET NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` DROP CONSTRAINT "chats_decision_instants";--> statement-breakpoint
ALTER TABLE `chats` DROP COLUMN `lease_until`;--> statement-breakpoint
ALTER TABLE `chats` DROP COLUMN `lease_id`;--> statement-breakpoint
ALTER TABLE `chats` ADD CONSTRAINT "chats_decision_instants" CHECK(("next_attempt_at" between 0 and 8640000000000000 and "wake_at" between 0 and 8640000000000000) is not false);
