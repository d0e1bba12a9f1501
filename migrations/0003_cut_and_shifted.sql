CREATE TABLE `shifted_chats` (
	`chat_row` integer PRIMARY KEY NOT NULL,
	FOREIGN KEY (`chat_row`) REFERENCES `chats`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE INDEX `catch_up_reads_unread` ON `catch_up_reads` (`read_at`) WHERE "catch_up_reads"."read_at" = 0;--> statement-breakpoint
ALTER TABLE `attempts` ADD `may_have_called` integer DEFAULT 1 NOT NULL CONSTRAINT "attempts_may_have_called" CHECK("may_have_called" in (0, 1));
