-- Replicas of the version before go on: they write no reports.
-- oldest: 2
ALTER TABLE "replicas" ADD COLUMN "report" jsonb DEFAULT '{}'::jsonb NOT NULL;
