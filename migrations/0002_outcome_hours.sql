CREATE TABLE `outcome_hours` (
	`hour` integer PRIMARY KEY NOT NULL,
	`succeeded` integer NOT NULL,
	`failed` integer NOT NULL,
	CONSTRAINT "outcome_hours_counters" CHECK("outcome_hours"."hour" >= 0 and "outcome_hours"."succeeded" >= 0 and "outcome_hours"."failed" >= 0)
) STRICT;
--> statement-breakpoint
INSERT INTO `outcome_hours` ("hour", "succeeded", "failed") SELECT "minute" / 60, sum("succeeded"), sum("failed") FROM `outcome_minutes` GROUP BY 1;
