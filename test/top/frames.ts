import type { Job } from '../../src/domain/job.ts';
import type { Report } from '../../src/domain/plan.ts';
import { jobDetailView } from '../../src/output/job-view.ts';
import type { RunRow } from '../../src/output/runs-text.ts';
import type { Answer, Message } from '../../src/top/messages.ts';
import type { JobLine, State } from '../../src/top/model.ts';
import { begin, flood, keys, looked, now, place, plan, play, stats, typed } from './scene.ts';

/** States worth a picture, by name; each is drawn in several sizes. */
export type Scene = (size: { columns: number; rows: number }) => State;

const answer = (ticket: number, given: Answer): Message => ({
  type: 'answered',
  ticket,
  at: 2000,
  tookMs: 5,
  answer: given,
});
const unusual = [
  stats('メール送信', { waiting: 1_234_567, dead: 3 }, { oldestWaitingSeconds: 90_000 }),
  stats('📦 parcels 🇩🇪', { waiting: 7, active: 2 }, { paused: true }),
  stats('a-queue-with-a-name-that-is-longer-than-any-screen-has-room-for-it', { delayed: 88 }, { exact: false }),
  stats('\x1b[31mhostile\u202e', { completed: 1 }),
];
const rising = [10, 40, 90, 160, 250].map((waiting) => [
  ...flood.slice(0, 2),
  stats(
    'webhooks',
    { waiting, active: 4 },
    { oldestWaitingSeconds: 60, rates: { windowSeconds: 300, completed: 3000, died: 0 } },
  ),
]);

const open: Scene = (size) => play(begin([place()], size), { type: 'tick', at: 0 }, looked(flood)).state;

const dead = answer(1, {
  kind: 'dead',
  found: {
    groups: [
      {
        group: 'g-3f9a5c21',
        signature: 'email.send_welcome: ConnectionError: connect to <host>:<n> timed out after <duration>',
        count: 300,
        types: ['email.send_welcome'],
        firstSeen: '2026-11-24T01:00:00.000000Z',
        lastSeen: '2026-11-24T03:40:00.000000Z',
        sampleIds: ['71'],
      },
      {
        group: 'g-0b44aa01',
        signature: 'email.send_receipt: TemplateError: receipt-v2 is missing',
        count: 112,
        types: ['email.send_receipt'],
        lastSeen: '2026-11-23T22:40:00.000000Z',
        sampleIds: ['9'],
      },
    ],
    scanned: 412,
    complete: false,
    now,
  },
});
const line = (n: number): JobLine => ({
  id: `${4700 + n}`,
  type: 'email.send_welcome',
  attempts: 5,
  maxAttempts: 5,
  since: '2026-11-24T03:01:00.000000Z',
  error: `ConnectionError: connect to smtp-${n}.internal:587 timed out`,
});
const jobs = answer(2, { kind: 'jobs', jobs: Array.from({ length: 30 }, (_, n) => line(n)), more: true, now });
const job: Job = {
  queue: 'email',
  id: '4701',
  type: 'email.send_welcome',
  state: 'dead',
  native: 'failed',
  retrying: false,
  attempts: 5,
  maxAttempts: 5,
  payload: JSON.stringify({ to: 'ada@example.org', token: 's3cr3t', lines: Array.from({ length: 20 }, (_, n) => n) }),
  error: {
    class: 'ConnectionError',
    message: 'connect to smtp-1.internal:587 timed out',
    stack: 'Traceback\n  File "a.py"\n\x1b[2Jwipe',
  },
  since: '2026-11-24T03:01:00.000000Z',
  createdAt: '2026-11-24T02:00:00.000000Z',
};
const hide = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'token' in value ? { ...value, token: '[redacted]' } : value;
const detail = jobDetailView(
  { job, timeline: [{ at: now, event: 'failed', note: 'timed out' }], links: [], notes: [] },
  hide,
);
const run: RunRow = {
  id: '20261124-034109-replay-email-k3fq',
  startedAt: '2026-11-24T03:31:09.000000Z',
  state: 'finished',
  running: false,
  verb: 'replay',
  context: 'prod',
  queues: ['email'],
  matched: 300,
  outcomes: { done: 299, skipped: 1, failed: 0, unknown: 0 },
};
const report: Report = {
  schemaVersion: 1,
  run: run.id,
  verb: 'replay',
  queue: 'email',
  queues: ['email'],
  dryRun: false,
  matched: 300,
  more: 0,
  outcomes: { done: 299, skipped: 1, failed: 0, unknown: 0 },
  skipped: [{ id: '71', why: 'duplicate' }],
  failed: [],
  backup: `/home/ada/.local/state/jobctl/runs/${run.id}/backup.ndjson.zst`,
  complete: false,
  next: [`jobctl undo ${run.id}`],
};

const atDead: Scene = (size) => play(open(size), ...keys('d'), dead).state;
const atJobs: Scene = (size) =>
  play(
    atDead(size),
    ...keys('enter'),
    jobs,
    ...keys('space'),
    answer(2, { kind: 'preview', id: '4700', detail: undefined }),
    answer(2, { kind: 'preview', id: '4701', detail }),
  ).state;
const asking: Scene = (size) =>
  play(
    { ...atDead(size), unlocked: true },
    ...keys('r', 'g'),
    { type: 'planned', plan },
    { type: 'asked', question: 'Replay 300 jobs in email (context prod)?', severe: false },
  ).state;

const atQueue: Scene = (size) =>
  play(
    begin([place('prod', { targets: { email: { queue: 7200, lanes: { express: 60 } } } })], size),
    { type: 'tick', at: 0 },
    looked(flood),
    looked(flood, 60_000),
    ...keys('enter'),
    answer(1, {
      kind: 'queue',
      facts: {
        stats: flood[0] ?? stats('email'),
        byType: ['email.send_welcome', 'email.send_receipt'].map((key) => ({ ...stats(''), key })),
        byLane: [
          { ...stats('', { waiting: 2 }, { oldestWaitingSeconds: 90 }), key: 'express' },
          { ...stats('', { waiting: 10 }, { oldestWaitingSeconds: 3700 }), key: 'bulk' },
        ],
        workers: [{ id: 'worker-1', seenAt: now, silent: false, active: 3 }],
        schedules: [{ id: 'nightly', queue: 'email', when: '0 3 * * *', nextAt: '2026-11-25T03:00:00.000000Z' }],
        runs: [run],
        now,
      },
    }),
  ).state;

export const scenes: Readonly<Record<string, Scene>> = {
  connecting: (size) => play(begin([place()], size), { type: 'tick', at: 0 }).state,
  overview: (size) =>
    rising.reduce(
      (state, queues, n) => play(state, looked(queues, n * 1000)).state,
      play(begin([place()], size), { type: 'tick', at: 0 }).state,
    ),
  'unusual names': (size) =>
    play(
      begin([place('prod', { targets: { メール送信: { queue: 60, lanes: {} } } })], size),
      looked(unusual, 1000, { pauses: [{ queue: '📦 parcels 🇩🇪', since: now, until: now, by: 'ada', overdue: true }] }),
    ).state,
  'several contexts, one away': (size) =>
    play(
      begin([place('prod', { protected: true, readOnly: true }), place('staging')], size),
      looked(flood),
      looked([stats('email', { waiting: 1 })], 1000, { place: 'staging' }),
      {
        type: 'look-failed',
        place: 'prod',
        message: 'The connection to postgres://app@db:5432/jobs was lost: ECONNREFUSED.',
        at: 46_000,
      },
    ).state,
  filter: (size) => play(open(size), ...keys('/'), ...typed('mail')).state,
  queue: atQueue,
  'the end of a queue': (size) => play(atQueue(size), ...keys('G')).state,
  dead: atDead,
  jobs: atJobs,
  job: (size) => play(atJobs(size), ...keys('enter'), answer(3, { kind: 'job', detail, now })).state,
  runs: (size) =>
    play(
      open(size),
      ...keys('u'),
      answer(1, {
        kind: 'runs',
        runs: [{ ...run, id: run.id.replace('k3fq', 'x1x1'), state: 'unfinished', outcomes: undefined }, run],
        now,
      }),
    ).state,
  run: (size) =>
    play(
      open(size),
      ...keys('u'),
      answer(1, { kind: 'runs', runs: [run], now }),
      ...keys('enter'),
      answer(2, {
        kind: 'run',
        shown: {
          run,
          plan: { ...plan.plan, sample: [] },
          report,
          backup: report.backup,
          journal: '/home/ada/j.ndjson',
          now,
          next: [],
        },
      }),
    ).state,
  help: (size) => play(open(size), ...keys('?')).state,
  'which jobs': (size) => play(atDead(size), ...keys('r')).state,
  asking,
  'typing the name': (size) =>
    play(
      atDead(size),
      ...keys('W', 'x', 'a'),
      { type: 'planned', plan: { ...plan, plan: { ...plan.plan, verb: 'purge', severity: 'severe' } } },
      { type: 'asked', question: 'Purge 412 jobs in email (context prod)? Type email to confirm', severe: true },
      ...typed('ema'),
    ).state,
  running: (size) =>
    play(
      asking(size),
      ...keys('y'),
      { type: 'progressed', progress: { done: 120, of: 300, exact: true } },
      { type: 'tick', at: 5000 },
    ).state,
  ended: (size) => play(asking(size), ...keys('y'), { type: 'ended', ending: { report } }).state,
  refused: (size) =>
    play(asking(size), ...keys('y'), {
      type: 'ended',
      ending: { failure: 'The queue email is locked by run 2026-x by ada@web-1.', next: ['jobctl run list'] },
    }).state,
};
