import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { Ended } from '../e2e/jobctl.ts';
import { playRunbook, type Rows, type Tale, type Write } from './play.ts';
import { idsShown, statsOf } from './reads.ts';
import { messageId, openSqsScene, type SqsScene } from './sqs-scene.ts';

/** These jobs lie there afterwards; nowhere, if nowhere is named. */
const turn =
  (jobs: readonly string[], to?: string) =>
  (now: Rows): Rows => {
    const kept = Object.entries(now).filter(([job]) => !jobs.includes(job));
    return Object.fromEntries([...kept, ...(to === undefined ? [] : jobs.map((job) => [job, to] as const))]);
  };

/** What comes back to a queue that is served, its function handles: the outage is over. */
const writes: Readonly<Record<string, Write>> = {
  [`replay coupons --id ${messageId(101)}`]: { old: turn(['dead-101'], 'done') },
  'replay coupons --valid-only --rate 20/s': { old: turn(['dead-102', 'dead-103', 'dead-104'], 'done') },
  'dlq purge coupons': { old: turn(['dead-105']) },
  'restore RUN': { old: turn(['dead-105'], 'coupons-dlq') },
  'replay pdf-exports --native --no-backup --rate 50/s': { old: turn(['dead-201'], 'done') },
  [`enqueue coupons --payload '{"mission":9,"job":"new-1"}'`]: { old: turn(['new-1'], 'coupons') },
  'drain coupons --evacuate --receive': { old: turn(['new-1']) },
  'restore RUN --as-was': { old: turn(['new-1'], 'coupons') },
  // a pause that ends lets go of what waits, if anything does
  'resume coupons': { old: (now) => ('new-1' in now ? turn(['new-1'], 'done')(now) : now) },
};

const shown = /5c5e0000-[\da-f-]{27}/g;
const fromDead =
  (...ids: number[]) =>
  (ended: Ended) =>
    idsShown(ended, shown, ids.map(messageId));
const mapping = ({ aws }: SqsScene) => aws.mappings.get('issue-coupons-of-coupons');
const feeds = ({ aws }: SqsScene) => aws.rules[0]?.State;
const turned = (state: string, rule: string) => (_: Ended, scene: SqsScene) =>
  expect([mapping(scene)?.State, feeds(scene)]).toEqual([state, rule]);

const checks: Tale<SqsScene>['checks'] = {
  'jobctl dlq list coupons': fromDead(101, 102, 103, 104, 105),
  'jobctl dlq list --older-than 24h': async (ended, { sqs }) => {
    expect(ended.stdout).not.toContain(messageId(105));
    for (const queue of ['coupons-dlq', 'pdf-exports-dlq']) expect((await sqs.stored(queue)).inflight).toEqual([]);
  },
  'jobctl jobtype check coupons --receive': fromDead(105),
  'jobctl doctor': ({ stdout }) => expect(stdout.match(/\(dlq-retention-short\)/g)).toHaveLength(2),
  'jobctl replay coupons --valid-only --rate 20/s --yes': async (_, { sqs }) =>
    expect((await sqs.stored('coupons-dlq')).ready).toHaveLength(1),
  'jobctl scale set coupons --max-concurrency 50 --yes': (_, scene) =>
    expect(mapping(scene)?.ScalingConfig).toEqual({ MaximumConcurrency: 50 }),
  'jobctl undo RUN --yes': (_, scene) => expect(mapping(scene)?.ScalingConfig).toEqual({ MaximumConcurrency: 5 }),
  'jobctl scale set coupons --batch-size 5 --yes': (_, scene) => expect(mapping(scene)?.BatchSize).toBe(5),
  'jobctl schedule pause coupons rule/default/coupons-hourly --yes': turned('Enabled', 'DISABLED'),
  'jobctl schedule resume coupons rule/default/coupons-hourly --yes': turned('Enabled', 'ENABLED'),
  'jobctl pause coupons --schedules --dry-run': turned('Enabled', 'ENABLED'),
  "jobctl pause coupons --schedules --for 30m --detach --reason 'database upgrade' --yes": turned(
    'Disabled',
    'DISABLED',
  ),
  "jobctl pause coupons --reason 'rollback of issue-coupons' --yes": turned('Disabled', 'ENABLED'),
  'jobctl resume coupons --yes': turned('Enabled', 'ENABLED'),
  'jobctl smoke coupons --yes': async (_, { sqs, done }) => {
    expect(done).toEqual([{ mission: 0, user: 'smoke', note: expect.stringMatching(/^smoke-\w+$/) }]);
    expect((await sqs.stored('coupons')).ready).toEqual([]);
  },
  'jobctl logs coupons --since 5m': ({ stdout }) => expect(stdout).toMatch(/done smoke-\w+/),
  'jobctl loadtest pdf-exports --rate 200/s --duration 2m --dry-run': (_, { done }) => expect(done).toEqual([]),
  'jobctl stats --json': (ended) =>
    expect(statsOf(ended).map(({ queue, counts: { dead } }) => [queue, dead])).toEqual(
      expect.arrayContaining([
        ['coupons', 5],
        ['pdf-exports', 1],
      ]),
    ),
  'jobctl stats --metrics --json': ({ stdout }) =>
    expect(JSON.parse(stdout)).toMatchObject({
      queues: expect.arrayContaining([
        expect.objectContaining({
          queue: 'coupons',
          metrics: expect.objectContaining({ donePerMinute: expect.objectContaining({ value: 38 }) }),
        }),
      ]),
    }),
  'jobctl jobtype docs --out jobs.md': async (_, __, home) =>
    expect(await readFile(`${home.folder}/jobs.md`, 'utf8')).toContain('mission'),
  [`jobctl enqueue coupons --payload '{"mission":8}' --delay 1m --yes`]: async (_, { sqs }) =>
    expect((await sqs.stored('coupons')).delayed.map(({ body }) => body)).toEqual(['{"mission":8}']),
  [`jobctl enqueue coupons --payload '{"user":"ada"}' --yes`]: (_, { done }) => expect(done).toEqual([]),
};

/** Of the old runbook and of its decision record, in their words. */
const oldLines = [
  'Inspect sample payload to identify failure reason.',
  'Common causes: schema validation change, third-party outage, expired credentials.',
  'Drain DLQ by reprocessing (aws sqs send-message-batch script) or manual tool.',
  'Monitor success metrics; ensure no recurrence.',
  'On-call reviews DLQ, fixes root cause, replays message if safe.',
  'Check CloudWatch ApproximateAgeOfOldestMessage.',
  'Scale concurrency limit upward temporarily.',
  'Increase batch size if handler idempotent.',
  'If downstream dependency slow, trigger feature flag to pause new enqueues.',
  'Communicate status and ETA in #clarivum-ops.',
  'Review CloudWatch logs for stack traces.',
  'Extend timeout if legitimate processing requires more time (max 15 min).',
  'Disable EventBridge schedule or Lambda event source mapping.',
  'Drain queue if necessary.',
  'Announce pause and resume time to stakeholders.',
  'npm run jobs:enqueue -- --job <name> — manual enqueue helper.',
  'npm run jobs:drain -- --queue <name> — drains queue in maintenance windows.',
  'AWS Console (SQS, Lambda, CloudWatch).',
  'Review CloudWatch alarms for message backlog or DLQ spikes.',
  'Confirm Lambda concurrent execution within configured limit.',
  'Check mission-critical jobs (coupon reward issuance, PDF exports) completed without retries >3.',
  'Inspect DLQ contents; triage messages older than 24h.',
  'Audit job schemas vs @clarivum/jobs package — update if new fields added.',
  'Load-test queue throughput (burst 200 msg/s) in staging.',
  'Review cost and adjust visibility timeout or batch size if needed.',
  'Dead-letter queues (DLQs) configured for every primary queue.',
  'Producer enqueues payload with idempotency key.',
  'Lambda worker processes message; success deletes from queue.',
  'Failure triggers exponential backoff; after 5 attempts message sent to DLQ.',
  'Post-deploy validation: enqueue test message via CLI, verify CloudWatch logs.',
  'Rollback: redeploy previous artifact (stored in S3) or disable event source mapping.',
  'job_processed_total',
  'job_failed_total',
  'job_duration_seconds',
  'dlq_messages_total',
  'Redact sensitive payload fields before logging.',
  'Store job schema documentation in docs/apis/jobs.md (update alongside new job types).',
  'Record updates in changelog.',
  'All background tasks are enqueued through a shared library that enforces idempotency keys and schema validation.',
  'Visibility timeout defaults to 60 seconds, adjustable per job type.',
  'Run AWS Lambda functions as workers subscribed to the queue via event source mappings.',
  'Concurrency limits configured per job type to avoid rate-limiting third-party APIs.',
  'Failed retries escalate to an SQS Dead-Letter Queue after 5 attempts; CloudWatch alarms notify oncall.',
  'For workloads requiring delayed execution, use SQS message timers.',
  'For cron-style jobs, use Amazon EventBridge Scheduler targeting the Lambda handlers.',
  'Monitor concurrency to stay under budget.',
  'Define clear contracts for each job payload and document them.',
];

const elsewhere = [
  'Fix code/config issue and redeploy handler.',
  'Use CI pipeline to bundle Lambda (esbuild) and publish artifact.',
  'Terraform apply updates event source mapping and environment variables.',
  'Validate Terraform drift (terraform plan) to ensure infra consistent.',
  'Terraform state applied; queue ARNs documented.',
  'AWS IAM roles with least privilege assigned (producers, consumers).',
  'CloudWatch dashboards (Jobs / Throughput, Jobs / Errors) active.',
  'If CPU bound, evaluate moving to Fargate worker.',
  'Traces exported via OpenTelemetry; correlate with incident IDs.',
  'Rotate IAM access keys quarterly; monitor CloudTrail for unauthorized access.',
  'Notify dependent team (e.g., marketing for email jobs) if delay >2 hours.',
  'Level 1 to 3 of the escalation matrix.',
  'Review runbook after introducing new queue types or moving workloads off Lambda.',
  'Implement a local testing harness for deterministic job execution in CI.',
];

playRunbook<SqsScene>({ page: 'sqs', oldLines, writes, open: openSqsScene, becomes: (after) => after, checks });

it('says of every other line where it is done instead', () => {
  const page = readFileSync(new URL('../../docs/runbooks/sqs.md', import.meta.url), 'utf8');
  expect(elsewhere.filter((line) => !page.includes(`\n| ${line} | `))).toEqual([]);
});
