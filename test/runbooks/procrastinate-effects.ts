import type { Write } from './play.ts';

/** What the commands of docs/runbooks/procrastinate.md stand for: the old runbook's lines, and its statements as SQL that runs. */

/** Each line of the old runbook that somebody types: its quick reference first, then its procedures. */
export const oldLines = [
  './scripts/jobs/queue-stats.sh',
  './scripts/jobs/list-failed.sh',
  './scripts/jobs/job-status.sh <id>',
  './scripts/jobs/retry-job.sh <id>',
  './scripts/jobs/retry-all-failed.sh [queue]',
  './scripts/jobs/purge-old.sh <days>',
  './scripts/jobs/apply-schema.sh',
  './scripts/jobs/purge-old.sh 90 --include-failed',
  'procrastinate shell',
  "SELECT … WHERE status = 'doing' AND started_at < NOW() - INTERVAL '5 minutes'",
  'SELECT task_name, error, COUNT(*) … GROUP BY task_name, error',
  'manually mark as succeeded or delete',
  'docker compose ps postgres-jobs',
  "SELECT COUNT(*) … WHERE status = 'failed' AND created_at > NOW() - INTERVAL '1 hour'",
  "SELECT queue_name, COUNT(*) … WHERE status = 'todo' GROUP BY queue_name",
  "SELECT COUNT(*) … WHERE status = 'succeeded' AND created_at > NOW() - INTERVAL '1 hour'",
  'SELECT task_name, AVG(finished_at - started_at) … GROUP BY task_name',
  'JOB_QUEUE_ENABLED=false',
  "DELETE FROM procrastinate_jobs WHERE status = 'todo'",
  "UPDATE … SET status = 'todo', started_at = NULL WHERE id = <job_id> AND status = 'doing'",
  "UPDATE … WHERE status = 'doing' AND started_at < NOW() - INTERVAL '10 minutes'",
] as const;

const requeue = "UPDATE procrastinate_jobs SET status = 'todo'";
/** The old statements use columns that Procrastinate does not have: when a job began or ended stands in its events. */
const last = (type: string): string =>
  `(SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = procrastinate_jobs.id AND e.type = '${type}')`;
const endedBefore = (state: string, days: number): string =>
  `status = '${state}' AND ${last(state)} < now() - interval '${days} days'`;
const clear: Write = { old: `DELETE FROM procrastinate_jobs WHERE status = 'todo'`, gone: true };

/** By the command without its answer. What is not listed here must not change a row. */
export const writes: Readonly<Record<string, Write>> = {
  'replay --id 123': { old: `${requeue} WHERE id = 123 AND status = 'failed'` },
  'replay --id 126': { old: `${requeue} WHERE id = 126 AND status = 'failed'` },
  'replay email': { old: `${requeue} WHERE queue_name = 'email' AND status = 'failed'` },
  'replay reports': { old: `${requeue} WHERE queue_name = 'reports' AND status = 'failed'` },
  'replay --all-queues': { old: `${requeue} WHERE status = 'failed'` },
  'purge --all-queues --older-than 30d': {
    old: `DELETE FROM procrastinate_jobs WHERE ${endedBefore('succeeded', 30)}`,
    gone: true,
  },
  'purge --all-queues --older-than 90d --include-failed': {
    old: `DELETE FROM procrastinate_jobs WHERE (${endedBefore('succeeded', 90)}) OR (${endedBefore('failed', 90)})`,
    gone: true,
  },
  'purge --all-queues --state waiting --state delayed --state blocked': clear,
  'job edit 126 --set \'to="ada@example.org"\'': {
    old: `UPDATE procrastinate_jobs SET args = args || '{"to": "ada@example.org"}' WHERE id = 126`,
  },
  'job remove 127': { old: 'DELETE FROM procrastinate_jobs WHERE id = 127', gone: true },
  'reset --id 140': { old: `${requeue} WHERE id = 140 AND status = 'doing'` },
  'reset --id 142': { old: `${requeue} WHERE id = 142 AND status = 'doing'`, spares: ['142'] },
  'reset --all-queues': {
    old: `${requeue} WHERE status = 'doing' AND ${last('started')} < now() - interval '10 minutes'`,
    spares: ['142'],
  },
  'reset --all-queues --assume-dead --older-than 10m': {
    old: `${requeue} WHERE status = 'doing' AND ${last('started')} < now() - interval '10 minutes'`,
  },
  'restore RUN --as-was': { old: 'back' },
  'undo RUN': { old: 'back' },
};
