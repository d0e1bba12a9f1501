-- Added by hand: what is moved from one table to another, the names of the keys to drop, and the storage parameters.
-- The lock keeps replicas of the version before from counting meanwhile.
LOCK TABLE "lines", "chat_counts" IN ACCESS EXCLUSIVE MODE;
--> statement-breakpoint
CREATE TABLE "chat_tallies" (
	"count_id" bigint NOT NULL,
	"slot" bigint NOT NULL,
	"n" bigint NOT NULL,
	CONSTRAINT "chat_tallies_count_id_slot_pk" PRIMARY KEY("count_id","slot")
);
--> statement-breakpoint
CREATE TABLE "control" (
	"id" bigint PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL,
	"clock_epoch" bigint NOT NULL,
	CONSTRAINT "control_id" CHECK ("control"."id" = 1),
	CONSTRAINT "control_counters" CHECK ("control"."version" >= 0 and "control"."clock_epoch" >= 0)
);
--> statement-breakpoint
CREATE TABLE "leaders" (
	"name" text COLLATE "C" PRIMARY KEY NOT NULL,
	"replica" text COLLATE "C" NOT NULL,
	"term" bigint NOT NULL,
	"until_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "line_gates" (
	"line_id" bigint PRIMARY KEY NOT NULL,
	"starts" jsonb DEFAULT '[]'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "replicas" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"version" text COLLATE "C" NOT NULL,
	"fingerprint" text COLLATE "C" NOT NULL,
	"started_at" bigint NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
INSERT INTO "control" ("id", "version", "clock_epoch") VALUES (1, 0, 0);--> statement-breakpoint
INSERT INTO "line_gates" ("line_id") SELECT "id" FROM "lines" UNION ALL SELECT 0;--> statement-breakpoint
INSERT INTO "chat_tallies" ("count_id", "slot", "n") SELECT "id", 0, "n" FROM "chat_counts" WHERE "n" <> 0;--> statement-breakpoint
ALTER TABLE "chat_counts" DROP CONSTRAINT "chat_counts_n";--> statement-breakpoint
ALTER TABLE "share_totals" DROP CONSTRAINT "share_totals_id";--> statement-breakpoint
ALTER TABLE "outcome_hours" DROP CONSTRAINT "outcome_hours_pkey";--> statement-breakpoint
ALTER TABLE "outcome_minutes" DROP CONSTRAINT "outcome_minutes_pkey";--> statement-breakpoint
ALTER TABLE "outcome_hours" ADD COLUMN "slot" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "outcome_minutes" ADD COLUMN "slot" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "outcome_hours" ADD CONSTRAINT "outcome_hours_hour_slot_pk" PRIMARY KEY("hour","slot");--> statement-breakpoint
ALTER TABLE "outcome_minutes" ADD CONSTRAINT "outcome_minutes_minute_slot_pk" PRIMARY KEY("minute","slot");--> statement-breakpoint
ALTER TABLE "chat_counts" DROP COLUMN "n";--> statement-breakpoint
ALTER TABLE "share_totals" ADD CONSTRAINT "share_totals_id" CHECK ("share_totals"."id" between 0 and 7);--> statement-breakpoint
ALTER TABLE "control" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);--> statement-breakpoint
ALTER TABLE "line_gates" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);--> statement-breakpoint
ALTER TABLE "chat_tallies" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);--> statement-breakpoint
ALTER TABLE "replicas" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);--> statement-breakpoint
ALTER TABLE "leaders" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
