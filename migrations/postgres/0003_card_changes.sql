-- Added by hand: this line, the next one, and the storage parameters.
-- oldest: 2
CREATE TABLE "card_shares" (
	"line_id" bigint NOT NULL,
	"slot" bigint NOT NULL,
	"changed_at" bigint NOT NULL,
	"chats" bigint NOT NULL,
	"shared_again" bigint NOT NULL,
	CONSTRAINT "card_shares_line_id_slot_pk" PRIMARY KEY("line_id","slot"),
	CONSTRAINT "card_shares_instants" CHECK ("card_shares"."changed_at" between 0 and 8640000000000000),
	CONSTRAINT "card_shares_counters" CHECK ("card_shares"."chats" >= 0 and "card_shares"."shared_again" >= 0)
);
--> statement-breakpoint
ALTER TABLE "lines" ADD COLUMN "card_digest" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "lines" ADD COLUMN "card_changed_at" bigint;--> statement-breakpoint
ALTER TABLE "lines" ADD CONSTRAINT "lines_card_change" CHECK ("lines"."card_changed_at" between 0 and 8640000000000000);--> statement-breakpoint
ALTER TABLE "lines" ADD CONSTRAINT "lines_card_digest" CHECK (length("lines"."card_digest") <= 64);--> statement-breakpoint
ALTER TABLE "card_shares" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
