import { JobctlError } from '../../src/domain/errors.ts';
import type { Job, JobState } from '../../src/domain/job.ts';
import type { Plan, Report } from '../../src/domain/plan.ts';
import type { QueueStats } from '../../src/domain/stats.ts';
import { backupCheckText, backupHeadText, backupsText } from '../../src/output/backups-text.ts';
import { capabilitiesText } from '../../src/output/capabilities-text.ts';
import { contextsText } from '../../src/output/contexts-text.ts';
import { diffText } from '../../src/output/diff-text.ts';
import { doctorText } from '../../src/output/doctor-text.ts';
import { drainText, waitOn } from '../../src/output/drain-text.ts';
import { errorText } from '../../src/output/error-text.ts';
import { groupsText } from '../../src/output/groups-text.ts';
import { jobText } from '../../src/output/job-text.ts';
import { jobDetailView, jobView } from '../../src/output/job-view.ts';
import { jobsText } from '../../src/output/jobs-text.ts';
import { logsText } from '../../src/output/logs-text.ts';
import type { Page } from '../../src/output/page.ts';
import { planText } from '../../src/output/plan-text.ts';
import { reportText } from '../../src/output/report-text.ts';
import { runsText } from '../../src/output/runs-text.ts';
import { scalesText } from '../../src/output/scale-text.ts';
import { schedulesText } from '../../src/output/schedules-text.ts';
import { causeOf, smokeText } from '../../src/output/smoke-text.ts';
import { statsText } from '../../src/output/stats-text.ts';
import { workersText } from '../../src/output/workers-text.ts';

export const now = '2026-11-24T03:41:09.123456Z';
const folder = '/home/ada/.local/state/jobctl/runs';
const runId = '20261124-034109-replay-email-k3fq';

const stack = `Traceback (most recent call last):
  File "/srv/app/.venv/lib/python3.12/site-packages/procrastinate/worker.py", line 280, in _process_job
    task_result = await task_result
  File "/srv/app/src/jobs/email.py", line 41, in send_welcome
    await smtp.send(message)
  File "/srv/app/src/adapters/smtp.py", line 88, in send
    raise ConnectionError("connect to smtp-3.mail.internal:587 timed out after 30s")
ConnectionError: connect to smtp-3.mail.internal:587 timed out after 30s`;

export const job = (id: string, more: Partial<Job> = {}): Job => ({
  queue: 'email',
  id,
  type: 'email.send_welcome',
  state: 'dead',
  native: 'failed',
  retrying: false,
  attempts: 5,
  maxAttempts: 5,
  payload: '{"to":"ada@example.com","template":"welcome","token":"s3cr3t","order":12345678901234567890}',
  error: { class: 'ConnectionError', message: 'connect to smtp-3.mail.internal:587 timed out after 30s', stack },
  since: '2026-11-24T01:30:00.000000Z',
  createdAt: '2026-11-24T01:12:44.500000Z',
  ...more,
});

const nightly = {
  id: 'nightly',
  queue: 'reports',
  type: 'report',
  when: '0 3 * * * (Europe/Berlin)',
  nextAt: '2026-11-25T02:00:00.000000Z',
  paused: false,
} as const;

const hide = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'token' in value ? { ...value, token: '[redacted]' } : value;
const seen = (one: Job) => jobView(one, hide);

const dead = [
  job('184467440737095516'),
  job('71', {
    since: '2026-11-24T03:40:30.000000Z',
    error: { message: 'ValidationError: 通知先が見つかりません\n  field: to', class: 'ValidationError' },
  }),
  job('9', {
    type: 'email.send_invoice_reminder_to_all_accounts',
    attempts: 1,
    maxAttempts: undefined,
    since: undefined,
    error: undefined,
    tenant: 'acme',
  }),
];

const counts = (more: Partial<Record<JobState, number>>) => ({
  waiting: 0,
  delayed: 0,
  active: 0,
  completed: 0,
  dead: 0,
  cancelled: 0,
  blocked: 0,
  ...more,
});
const queue = (name: string, more: Partial<QueueStats>): QueueStats => ({
  queue: name,
  counts: counts({}),
  other: {},
  exact: true,
  ...more,
});
const email = queue('email', {
  counts: counts({ waiting: 12_430, delayed: 1, active: 16, completed: 1_204_331, dead: 412 }),
  oldestWaitingSeconds: 5_420.5,
  oldestActiveSeconds: 3.1,
  rates: { windowSeconds: 300, completed: 4012, died: 31 },
});
const stats = { context: 'prod', backend: 'postgres/procrastinate', asOf: now };

const plan: Omit<Plan, 'sample'> = {
  schemaVersion: 1,
  verb: 'replay',
  context: 'prod',
  backend: 'postgres/procrastinate',
  where: 'postgres://app@jobs-db.internal:5432/jobs (schema public)',
  queues: ['email'],
  task: {
    kind: 'act',
    action: { verb: 'replay', keepAttempts: false },
    selection: {
      queues: ['email'],
      states: ['dead'],
      types: ['email.send_welcome'],
      error: 'timed out',
      before: '2026-11-24T03:00:00.000000Z',
      cutoff: now,
    },
  },
  madeAt: now,
  matched: { value: 412, exact: true },
  limit: 100,
  severity: 'normal',
  warnings: [
    'Run 20261123-221500-replay-email-m2xa on this queue is unfinished; `jobctl run resume` goes on with it before anything else should be done here.',
  ],
  reason: 'INC-1284 smtp outage',
  strays: [{ id: '5', why: 'is active, not dead' }],
};

const report: Report = {
  schemaVersion: 1,
  run: runId,
  verb: 'replay',
  queue: 'email',
  queues: ['email'],
  dryRun: false,
  matched: 412,
  limit: 100,
  more: 312,
  outcomes: { done: 97, skipped: 3, failed: 0, unknown: 0 },
  skipped: [
    { id: '9', why: 'state-changed' },
    { id: '12', why: 'state-changed' },
    { id: '71', why: 'duplicate' },
  ],
  failed: [],
  backup: `${folder}/${runId}/backup.ndjson.zst`,
  complete: true,
  next: [`jobctl undo ${runId}`, 'jobctl dlq list email'],
};
const broken: Report = {
  ...report,
  complete: false,
  limit: undefined,
  more: 0,
  outcomes: { done: 200, skipped: 0, failed: 2, unknown: 50 },
  skipped: [],
  failed: [
    { id: '14', why: 'permission denied for table procrastinate_jobs' },
    { id: '15', why: 'permission denied for table procrastinate_jobs' },
  ],
  stopped: 'the connection to postgres://app@jobs-db.internal:5432/jobs was lost',
  next: [`jobctl run resume ${runId}`],
};

const groups = [
  {
    group: 'g-815a91f8',
    signature:
      'email.send_welcome: ConnectionError: connect to smtp-<n>.mail.internal:<n> timed out after <duration> at send (smtp.py)',
    count: 380,
    types: ['email.send_welcome'],
    firstSeen: '2026-11-24T01:12:00.000000Z',
    lastSeen: '2026-11-24T03:40:30.000000Z',
    sampleIds: ['7', '9', '71', '72'],
  },
  {
    group: 'g-0c5b2c06',
    signature: 'email.send_invoice: no error text is stored',
    count: 32,
    types: ['email.send_invoice'],
    sampleIds: ['184467440737095516'],
  },
];

const run = {
  id: runId,
  startedAt: '2026-11-24T03:41:09.000000Z',
  context: 'prod',
  queues: ['email'],
  verb: 'replay',
  running: false,
};
const backup = {
  run: runId,
  path: `${folder}/${runId}/backup.ndjson.zst`,
  at: '2026-11-24T03:41:09.000000Z',
  verb: 'replay',
  context: 'prod',
  queues: ['email'],
  jobs: 412,
  bytes: 48_213,
};

export interface Screen {
  draw(page: Page): string;
  /** The same with an escape sequence in every text that comes from outside. */
  poisoned(page: Page): string;
}

const screen = <T>(view: (value: T, page: Page) => string, value: T): Screen => ({
  draw: (page) => view(value, page),
  poisoned: (page) => view(poison(value) as T, page),
});

/** Our own words, and times, which the backend cannot choose. */
const own = new Set([
  'dead',
  'active',
  'delayed',
  'error',
  'tenant',
  'act',
  'put-back',
  'revert',
  'schedule',
  'schedule-remove',
  'replay',
  'remove',
  'purge',
  'undo',
  'severe',
  'normal',
  'finished',
  'unfinished',
  'native',
  'emulated',
  'none',
  'completed',
  'pause',
  'paused',
  'switch',
  'enqueue',
  'timeout',
  'scale',
  'problem',
  'warning',
  'Enabled',
]);
export const hostile = '\x1b[31m\x9b\u202e';

function poison(value: unknown): unknown {
  if (typeof value === 'string')
    return own.has(value) || /^\d{4}-\d\d-\d\dT/.test(value) ? value : `${value}${hostile}`;
  if (value instanceof JobctlError)
    return new JobctlError(value.kind, `${value.message}${hostile}`, {
      next: value.next.map((step) => `${step}${hostile}`),
    });
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(poison);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key === 'parked' ? `${key}${hostile}` : key, poison(item)]),
  );
}

/** Every screen, with values as they occur. */
const drained = {
  context: 'prod',
  queues: ['email'],
  left: { waiting: 0, delayed: 7, active: 0, blocked: 0 },
  exact: true,
  remaining: 0,
  waitedSeconds: 754.3,
  includeDelayed: false,
  activeOnly: false,
};

export const screens: Readonly<Record<string, Screen>> = {
  stats: screen(statsText, {
    ...stats,
    queues: [
      email,
      queue('invoices-and-reminders', {
        paused: true,
        exact: false,
        counts: counts({ waiting: 40_000, dead: 2, blocked: 3 }),
        other: { parked: 3 },
      }),
      queue('thumbnails', {}),
    ],
  }),
  'stats-small': screen(statsText, {
    ...stats,
    context: 'dev',
    queues: [queue('email', { counts: counts({ waiting: 3, completed: 20, dead: 4 }), oldestWaitingSeconds: 12.5 })],
  }),
  'stats-by-type': screen(statsText, {
    ...stats,
    queues: [
      {
        ...email,
        rates: undefined,
        by: [
          { ...email, rates: undefined, key: 'email.send_welcome' },
          { ...queue('', {}), key: '' },
        ],
      },
    ],
  }),
  'stats-copies': screen(statsText, {
    ...stats,
    backend: 'postgres/pg-boss',
    queues: [
      queue('email', { counts: counts({ dead: 3 }), copiesIn: 'undelivered', copies: 3 }),
      queue('sms', { counts: counts({ dead: 1 }), copiesIn: 'undelivered', copies: 1 }),
      queue('thumbnails', { copiesIn: 'undelivered', copies: 0 }),
      queue('undelivered', { counts: counts({ dead: 4 }) }),
    ],
  }),
  'stats-empty': screen(statsText, { ...stats, queues: [] }),
  'stats-metrics': screen(statsText, {
    ...stats,
    backend: 'sqs',
    measuredBy: 'CloudWatch',
    queues: [
      queue('email', {
        exact: false,
        counts: counts({ waiting: 1204, active: 37, dead: 3 }),
        metrics: {
          oldestAgeSeconds: { value: 754, at: '2026-11-24T03:38:00.000000Z' },
          sentPerMinute: { value: 1830, at: '2026-11-24T03:38:00.000000Z' },
          donePerMinute: { value: 0, at: '2026-11-24T03:37:00.000000Z' },
        },
      }),
      queue('thumbnails', { exact: false, metrics: {} }),
    ],
  }),
  workers: screen(workersText, {
    now,
    workers: [
      {
        id: 'send-email',
        queue: 'email',
        state: 'Enabled',
        silent: false,
        limit: { value: 5, by: 'mapping' },
        running: 5,
        note: 'PROBLEM: Function call failed',
      },
      { id: 'make-thumbnails:live', queue: 'thumbnails', state: 'Disabled', silent: false },
    ],
  }),
  scales: screen(scalesText, {
    queue: 'email',
    consumers: [
      {
        id: '3f9a5c21-0b7e-4c1d-9f4e-2d6b8a1c0e55',
        queue: 'email',
        consumer: 'send-email',
        state: 'Enabled',
        values: { maxConcurrency: 5, batchSize: 10, batchWindowSeconds: 5 },
        notes: ['has 2 to 9 pollers of its own'],
      },
    ],
  }),
  'plan-scale': screen(planText, {
    plan: {
      ...plan,
      verb: 'scale',
      task: {
        kind: 'scale',
        steps: [
          {
            scale: { id: '3f9a5c21', queue: 'email', consumer: 'send-email', state: 'Enabled', values: {}, notes: [] },
            change: { maxConcurrency: null, reservedConcurrency: 60 },
            as: { maxConcurrency: 5, reservedConcurrency: null },
          },
        ],
      },
      warnings: [
        'Reserved concurrency is that of the function send-email, whatever calls it, not of this queue alone.',
      ],
      strays: [],
    },
    sample: [],
    dryRun: true,
  }),
  doctor: screen(doctorText, {
    context: 'prod',
    backend: 'sqs',
    where: 'sqs://eu-central-1 (account 123456789012)',
    checked: ['what the backend warns of', 'the set-up of queues and consumers'],
    findings: [
      {
        id: 'filter-deletes',
        severity: 'problem',
        queue: 'email',
        what: 'The mapping of function send-email has 1 filter.',
        why: 'Lambda deletes what no filter takes from the queue: such messages are gone, without a trace.',
        next: ['Filter in front of the queue instead, or make sure that every message is meant by a filter.'],
      },
      { id: 'backend-warning', severity: 'warning', what: 'The eviction policy is allkeys-lru.', next: [] },
    ],
  }),
  logs: screen(logsText, {
    queue: 'email',
    lines: [
      { at: '2026-11-24T03:40:58.000000Z', source: 'send-email', text: 'START RequestId: 8f2' },
      { at: '2026-11-24T03:40:59.000000Z', source: 'send-email', text: 'ERROR timed out\n    at send (smtp.js)' },
    ],
    more: true,
    sources: ['send-email'],
    notes: ['/aws/lambda/audit is not there: audit has not logged anything yet, or logs elsewhere.'],
  }),
  'dlq-list': screen(jobsText, {
    jobs: dead.map(seen),
    more: true,
    what: 'dead jobs in email',
    now,
    next: ['jobctl dlq list email --limit 200', 'jobctl dlq groups email'],
  }),
  'dlq-list-empty': screen(jobsText, { jobs: [], more: false, what: 'dead jobs in email', now, next: [] }),
  'job-list': screen(jobsText, {
    jobs: [
      job('7', { state: 'delayed', retrying: true, attempts: 2, since: '2026-11-24T03:46:09.000000Z', lane: 'bulk' }),
      job('8', { queue: 'sms', state: 'active', worker: 'web-1/211', stuck: 'heartbeat 12m old', error: undefined }),
    ].map(seen),
    more: false,
    what: 'jobs',
    now,
    next: ['jobctl job show 7'],
  }),
  'job-show': screen(jobText, {
    detail: jobDetailView(
      {
        job: job('71', { key: 'welcome:ada', priority: 5, tenant: 'acme' }),
        timeline: [
          { at: '2026-11-24T01:12:44.500000Z', event: 'deferred' },
          {
            at: '2026-11-24T01:30:00.000000Z',
            event: 'failed',
            note: 'attempt 5 of 5: ConnectionError: connect to smtp-3.mail.internal:587 timed out after 30s',
          },
        ],
        links: [{ relation: 'lock held by', to: 'job 41 (active)' }],
        notes: ['Procrastinate keeps no error text; it is in the logs of the worker.'],
      },
      hide,
    ),
    now,
    fold: 4,
    next: ['jobctl replay email --id 71', 'jobctl dlq groups email   # how many died of the same'],
  }),
  'job-show-active': screen(jobText, {
    detail: jobDetailView(
      {
        job: job('8', {
          state: 'active',
          native: 'doing',
          error: undefined,
          worker: 'web-1/211',
          stuck: 'heartbeat of worker 12 is 12m old',
          payload: 'not json\nat all',
        }),
        timeline: [],
        links: [],
        notes: [],
      },
      hide,
    ),
    now,
    fold: 20,
    next: ['jobctl reset email --id 8'],
  }),
  'dlq-groups': screen(groupsText, {
    queue: 'email',
    by: 'error',
    scanned: 412,
    complete: true,
    others: 0,
    groups,
    now,
    next: ['jobctl dlq list email --group g-815a91f8', 'jobctl replay email --group g-815a91f8 --dry-run'],
  }),
  'dlq-groups-copies': screen(groupsText, {
    queue: 'all queues',
    by: 'error',
    scanned: 412,
    complete: true,
    copies: { value: 3, exact: true },
    others: 0,
    groups,
    now,
    next: [],
  }),
  'dlq-groups-by-tenant': screen(groupsText, {
    queue: 'email',
    by: 'tenant',
    scanned: 100_000,
    complete: false,
    others: 14,
    groups: groups.map((one) => ({ ...one, group: 'acme' })),
    now,
    next: [],
  }),
  plan: screen(planText, { plan, sample: dead.map(seen), backupFolder: folder, dryRun: false }),
  'plan-dry-run': screen(planText, {
    plan: {
      ...plan,
      verb: 'purge',
      severity: 'severe',
      limit: undefined,
      warnings: [],
      reason: undefined,
      matched: { value: 120_000, exact: false },
      task: {
        kind: 'act',
        action: { verb: 'remove' },
        selection: { queues: ['email'], states: ['completed'], before: '2026-10-25T03:41:09.123456Z' },
      },
    },
    sample: [],
    backupFolder: folder,
    dryRun: true,
  }),
  'plan-pause': screen(planText, {
    plan: {
      ...plan,
      verb: 'pause',
      queues: ['email', 'reports'],
      limit: undefined,
      matched: { value: 1, exact: true },
      warnings: ['reports is paused already.'],
      reason: 'the mail provider is down',
      task: {
        kind: 'switch',
        to: 'paused',
        until: '2026-11-24T04:11:09.123456Z',
        switches: [
          {
            queue: 'email',
            before: { paused: false, found: {}, means: ['hook: kubectl scale deploy/email --replicas=0 (now: 3)'] },
          },
        ],
      },
    },
    sample: [],
    backupFolder: folder,
    dryRun: true,
  }),
  'plan-enqueue': screen(planText, {
    plan: {
      ...plan,
      verb: 'enqueue',
      limit: undefined,
      matched: { value: 2, exact: true },
      warnings: [],
      strays: [{ id: 'line 3', why: 'payload.to must be string' }],
      task: { kind: 'enqueue', queue: 'email', types: ['email.send'] },
    },
    sample: [],
    backupFolder: folder,
    dryRun: false,
  }),
  'plan-schedule': screen(planText, {
    plan: {
      ...plan,
      verb: 'schedule-remove',
      queues: ['reports'],
      limit: undefined,
      matched: { value: 1, exact: true },
      severity: 'severe',
      warnings: [],
      task: { kind: 'schedule', deed: 'remove', schedule: nightly },
    },
    sample: [],
    backupFolder: folder,
    dryRun: false,
  }),
  schedules: screen(schedulesText, {
    now,
    schedules: [
      { id: 'digest', queue: 'email', type: 'email.send_digest', when: 'every 15m', paused: true },
      nightly,
      { id: 'report::::0 0 1 * *', queue: 'reports', when: '0 0 1 * *' },
    ],
  }),
  drain: screen(drainText, { ...drained, drained: true, next: [] }),
  'drain-timeout': screen(drainText, {
    ...drained,
    drained: false,
    stopped: 'timeout',
    remaining: 1250,
    perSecond: 2.5,
    left: { ...drained.left, waiting: 1240, active: 10 },
    next: waitOn('email', { ...drained.left, waiting: 1240 }),
  }),
  smoke: screen(smokeText, {
    context: 'prod',
    backend: 'postgres/procrastinate',
    queue: 'email',
    type: 'email.ping',
    ok: false,
    run: runId,
    job: '4711',
    ended: 'dead',
    seenBy: 'its state',
    waitedSeconds: 4.2,
    newlyDead: 0,
    cleanedUp: true,
    checks: [
      { name: 'completes within 1m', ok: false, note: 'it died: SMTPError: 535 authentication failed' },
      { name: 'nothing else died meanwhile', ok: true },
      { name: 'cleaned up', ok: true },
    ],
    next: causeOf('email'),
  }),
  'plan-undo': screen(planText, {
    plan: {
      ...plan,
      verb: 'undo',
      limit: undefined,
      matched: { value: 97, exact: true },
      warnings: [],
      reason: undefined,
      task: {
        kind: 'put-back',
        via: 'revert',
        how: { asWas: false, cutoff: now },
        from: { backup: backup.path, run: runId },
      },
    },
    sample: [],
    backupFolder: folder,
    dryRun: false,
  }),
  report: screen(reportText, report),
  'report-partial': screen(reportText, broken),
  'report-dry-run': screen(reportText, {
    ...report,
    run: undefined,
    backup: undefined,
    dryRun: true,
    outcomes: { done: 0, skipped: 0, failed: 0, unknown: 0 },
    skipped: [],
    next: [],
  }),
  runs: screen(runsText, {
    runs: [
      {
        ...run,
        id: '20261123-221500-replay-email-m2xa',
        startedAt: '2026-11-23T22:15:00.000000Z',
        state: 'unfinished',
        matched: 400,
        outcomes: { done: 200, skipped: 0, failed: 2, unknown: 50 },
      },
      { ...run, state: 'finished', matched: 412, outcomes: { done: 97, skipped: 3, failed: 0, unknown: 0 } },
    ],
    more: true,
    now,
    next: ['jobctl run resume 20261123-221500-replay-email-m2xa'],
  }),
  backups: screen(backupsText, {
    backups: [
      backup,
      {
        ...backup,
        run: '20261123-221500-purge-email-m2xa',
        at: '2026-11-20T22:15:00.000000Z',
        jobs: undefined,
        bytes: 1_288_490_188,
      },
    ],
    more: false,
    folder,
    now,
    next: [`jobctl backup show ${runId}`],
  }),
  'backup-show': screen(backupHeadText, backup),
  'backup-damaged': screen(backupCheckText, {
    path: backup.path,
    ok: false,
    torn: false,
    frames: 3,
    jobs: 300,
    bytes: 48_213,
    damage: [{ frame: 2, offset: 16_384, why: 'its checksum does not match' }],
    next: [`jobctl restore ${runId} --salvage`],
  }),
  capabilities: screen(capabilitiesText, {
    backend: 'sqs',
    version: '-',
    where: 'sqs://eu-central-1',
    capabilities: [
      { verb: 'replay', level: 'native' },
      {
        verb: 'reset',
        level: 'emulated',
        caveat:
          'makes the message visible again at once; the worker that still has it may finish it too, and then it runs twice',
      },
      { verb: 'edit', level: 'none', why: 'a message cannot be changed.', instead: 'remove it and enqueue a new one' },
      { verb: 'remove', level: 'none', why: 'the context replica is readOnly', refused: true },
    ],
  }),
  error: screen(
    errorText,
    new JobctlError(
      'usage',
      'The environment variable JOBS_PASSWORD is not set; contexts.prod.url needs it (/srv/shop/jobctl.yaml:7).',
      {
        next: [
          'export JOBS_PASSWORD=…',
          'Or name another context with --context; those that are configured are listed by jobctl context list.',
        ],
      },
    ),
  ),
  'error-config': screen(
    errorText,
    new JobctlError(
      'usage',
      '/srv/shop/jobctl.yaml:5:5: unknown key "protectd"; did you mean protected?\n/srv/shop/jobctl.yaml:7:1: unknown key "backup"; did you mean backups?',
      { next: ['jobctl config schema   # all keys, for your editor'] },
    ),
  ),
  diff: screen(diffText, {
    before: '{\n  "to": "ada@exmaple.com",\n  "a": 1,\n  "b": 2,\n  "c": 3,\n  "d": 4,\n  "e": 5,\n  "cc": []\n}',
    after:
      '{\n  "to": "ada@example.com",\n  "a": 1,\n  "b": 2,\n  "c": 3,\n  "d": 4,\n  "e": 5,\n  "cc": [],\n  "bcc": []\n}',
  }),
  contexts: screen(contextsText, {
    contexts: [
      {
        name: 'dev',
        backend: 'memory',
        url: 'memory:',
        protected: false,
        readOnly: false,
        current: true,
        origin: '/srv/shop/jobctl.yaml:9',
      },
      {
        name: 'production',
        backend: 'postgres',
        url: 'postgres://jobctl:${JOBS_PASSWORD}@jobs-db.internal:5432/jobs',
        protected: true,
        readOnly: false,
        current: false,
        origin: '/srv/shop/jobctl.yaml:12',
      },
    ],
    next: [],
  }),
};

export const jsonExamples = {
  job: seen(job('7')),
  stats: { schemaVersion: 1, ...stats, queues: [email] },
  report,
  groups,
  run,
  backup,
};
