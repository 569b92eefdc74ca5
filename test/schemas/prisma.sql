-- Job tables as a team's Prisma schema makes them: ids that the client makes (cuid), times without a zone that hold UTC,
-- enums, and an @updatedAt that has no default in the database.

CREATE TYPE "JobStatus" AS ENUM ('pending', 'processing', 'completed', 'failed', 'cancelled');

CREATE TABLE "Job" (
  id            text NOT NULL,
  queue         text NOT NULL DEFAULT 'default',
  type          text NOT NULL,
  payload       jsonb NOT NULL,
  status        "JobStatus" NOT NULL DEFAULT 'pending',
  priority      integer NOT NULL DEFAULT 0,
  attempts      integer NOT NULL DEFAULT 0,
  "maxAttempts" integer NOT NULL DEFAULT 3,
  "lastError"   text,
  result        jsonb,
  "dedupeKey"   text,
  "workerId"    text,
  run_at        timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  started_at    timestamp(3),
  finished_at   timestamp(3),
  "createdAt"   timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt"   timestamp(3) NOT NULL,
  CONSTRAINT "Job_pkey" PRIMARY KEY (id)
);
CREATE INDEX "Job_status_createdAt_idx" ON "Job" (status, "createdAt");
CREATE UNIQUE INDEX "Job_dedupeKey_pending_key" ON "Job" ("dedupeKey") WHERE status = 'pending';

CREATE TABLE "DeadLetterJob" (
  id           text NOT NULL,
  "jobId"      text NOT NULL,
  type         text NOT NULL,
  payload      jsonb NOT NULL,
  error        text NOT NULL,
  attempts     integer NOT NULL DEFAULT 0,
  resolved     boolean NOT NULL DEFAULT false,
  "resolvedAt" timestamp(3),
  notes        text,
  "createdAt"  timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "DeadLetterJob_pkey" PRIMARY KEY (id)
);
CREATE INDEX "DeadLetterJob_resolved_createdAt_idx" ON "DeadLetterJob" (resolved, "createdAt");
CREATE INDEX "DeadLetterJob_jobId_idx" ON "DeadLetterJob" ("jobId");

CREATE TABLE "WorkerHeartbeat" (
  id           text NOT NULL,
  "workerId"   text NOT NULL,
  hostname     text,
  "lastSeenAt" timestamp(3) NOT NULL,
  "createdAt"  timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "WorkerHeartbeat_pkey" PRIMARY KEY (id)
);
CREATE UNIQUE INDEX "WorkerHeartbeat_workerId_key" ON "WorkerHeartbeat" ("workerId");
