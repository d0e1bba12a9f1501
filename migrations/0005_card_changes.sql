CREATE TABLE `card_shares` (
	`line_id` integer PRIMARY KEY NOT NULL,
	`changed_at` integer NOT NULL,
	`chats` integer NOT NULL,
	`shared_again` integer NOT NULL,
	FOREIGN KEY (`line_id`) REFERENCES `lines`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "card_shares_instants" CHECK("card_shares"."changed_at" between 0 and 8640000000000000),
	CONSTRAINT "card_shares_counters" CHECK("card_shares"."chats" >= 0 and "card_shares"."shared_again" >= 0)
) STRICT;
--> statement-breakpoint
ALTER TABLE `lines` ADD COLUMN `card_digest` text;--> statement-breakpoint
ALTER TABLE `lines` ADD COLUMN `card_changed_at` integer;--> statement-breakpoint
ALTER TABLE `lines` ADD CONSTRAINT "lines_card_change" CHECK(("card_changed_at" between 0 and 8640000000000000) is not false);--> statement-breakpoint
ALTER TABLE `lines` ADD CONSTRAINT "lines_card_digest" CHECK((length("card_digest") <= 64) is not false);
