/**
 * The runbook of an application with pg-boss, its own tables `Job`, `DeadLetterJob` and `WorkerHeartbeat`, and an admin page:
 * each line of it that somebody types, clicks or watches, in its order.
 */
const both = [
  'docker compose -f deploy/docker-compose.yml up -d worker',
  'docker compose -f deploy/docker-compose.yml up -d --scale worker=3',
  'email:{type}:{recipientId}:{uniqueId}',
  'await createJob({ type, payload, priority })',
  '`email.send`: 3 retries, 1m/5m/15m backoff',
  '`webhook.deliver`: 3 retries, exponential backoff',
  '`data.export`: 2 retries',
  'curl "https://${DOMAIN}/api/healthz?detailed=true" | jq \'.checks[] | select(.name == "workers")\'',
  'Admin UI: /admin/jobs',
  'Find the failed job',
  'Click "Retry" to re-queue',
  'Monitor for success',
  'Click "Resolve", add notes explaining why',
  'await cleanupDeadLetterJobs(90)',
  'Queue depth > 1000 for 15 min',
  'Failed jobs: any',
  'Dead letters: any new, review within 24h',
  'Worker heartbeat > 2 min stale',
  'job_queue_pending, job_queue_processing, job_queue_failed',
  'job_processed_total{type="email.send", status="success"}',
  'job_duration_seconds_bucket{type="email.send", le="1"}',
  'docker compose ps worker',
  'Check database connection',
  'Verify job handlers are registered',
  "SELECT * FROM \"Job\" WHERE status = 'processing' AND started_at < NOW() - INTERVAL '1 hour'",
  "UPDATE \"Job\" SET status = 'pending', attempts = attempts - 1 WHERE status = 'processing' AND started_at < NOW() - INTERVAL '1 hour'",
  'Check dead letter queue for patterns',
  'Review error messages',
  'Check external service availability (email, webhooks)',
  'Review recent code changes',
].map((line) => line.replaceAll('`', ''));

/** What only the team's own tables hold, or its own code: each with the command that belongs to it. */
const tablesOnly = [
  'API: Query DeadLetterJob table',
  'Database: WorkerHeartbeat table',
  'Job is marked resolved',
  'pnpm run worker',
  'docker compose logs worker --tail=100',
  '/tmp/worker-heartbeat',
  'withIdempotency',
  'registerJobHandler',
  'runJobSafely',
  'webhook:{webhookId}:{deliveryId}',
  'payment:{orderId}:{action}',
];

/** What pg-boss sends by the clock. */
const bossOnly = ['`cleanup.*`: scheduled cleanup tasks, 1 retry'].map((line) => line.replaceAll('`', ''));

export const linesOfBoss = [...both, ...bossOnly];
export const linesOfTables = [...both, ...tablesOnly];

/** Stands in for the deployment of the workers: how many there are lies in a file. */
export const docker = `
  case "$*" in
    *' stop worker') echo 0 >replicas ;;
    *' up -d --scale worker='*) echo "\${*##*=}" >replicas ;;
    *' ps -q --status running worker') seq "$(cat replicas 2>/dev/null || echo 3)" ;;
    *) exit 64 ;;
  esac`;
