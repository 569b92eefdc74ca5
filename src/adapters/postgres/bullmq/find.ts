import { JobctlError } from '../../../domain/errors.ts';
import type { Job, JobDetail, TimelineEntry } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { instantOf } from './expressions.ts';
import type { Layout } from './layout.ts';
import { linksOf } from './links.ts';
import { jobsOf, type Place } from './rows.ts';

/** The latest rows of a job's log that are shown. */
const LOG_ROWS = 100;

/** One job with everything that the tables hold of it. An id is unique only within its queue. */
export async function find(
  db: Db,
  layout: Layout,
  id: string,
  queue: string | undefined,
): Promise<JobDetail | undefined> {
  const places = await db.query<Place>(
    `SELECT j.queue, j.id FROM ${layout.job} j WHERE j.id = $1 AND ($2::text IS NULL OR j.queue = $2) ORDER BY 1 LIMIT 4`,
    [id, queue ?? null],
  );
  if (places.length > 1) throw ambiguous(id, places);
  const [job] = await jobsOf(db, layout, places);
  if (job === undefined) return undefined;
  const facts = await factsOn(db, layout, job);
  return {
    job,
    timeline: timelineOf(job, facts),
    links: await linksOf(db, layout, job),
    notes: notesOf(job, facts),
  };
}

const ambiguous = (id: string, places: readonly Place[]): JobctlError =>
  new JobctlError('usage', `Job ${id} is not one but several: each queue of BullMQ counts its own.`, {
    next: places.slice(0, 3).map(({ queue }) => `Name its queue, with --queue or after the command: ${queue}`),
  });

interface Facts {
  readonly started: number | null;
  readonly due: number | null;
  readonly ended: number | null;
  readonly starts: number;
  readonly by: string | null;
  readonly result: string | null;
  readonly progress: string | null;
  readonly stacks: readonly string[] | null;
  readonly stalled: number;
  readonly deferred: string | null;
  readonly scheduler: string | null;
  readonly logged: number;
  readonly log: readonly string[] | null;
  readonly paused: boolean;
}

async function factsOn(db: Db, { job, log, meta }: Layout, { queue, id }: Place): Promise<Facts> {
  const [facts] = await db.query<Facts>(
    `SELECT j.processed_at_ms::float8 AS started, j.process_at_ms::float8 AS due, j.finished_at_ms::float8 AS ended,
            j.attempts_started AS starts, j.processed_by AS by, j.return_value::text AS result, j.progress::text AS progress,
            CASE WHEN jsonb_typeof(j.stacktrace) = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(j.stacktrace)) END AS stacks,
            j.stalled_count AS stalled, j.deferred_failure AS deferred, j.scheduler_id AS scheduler,
            (SELECT count(*)::int FROM ${log} l WHERE l.queue = j.queue AND l.job_id = j.id) AS logged,
            (SELECT array_agg(x.row ORDER BY x.idx) FROM (SELECT l.idx, l.row FROM ${log} l
              WHERE l.queue = j.queue AND l.job_id = j.id ORDER BY l.idx DESC LIMIT ${LOG_ROWS}) x) AS log,
            EXISTS (SELECT FROM ${meta} m WHERE m.queue = j.queue AND m.field = 'paused' AND m.value = '1') AS paused
       FROM ${job} j WHERE j.queue = $1 AND j.id = $2`,
    [queue, id],
  );
  if (facts === undefined) throw new Error(`The job ${id} vanished while it was read.`);
  return facts;
}

/** Each run overwrites the times of the one before; of the failures the stacks are kept. */
function timelineOf(job: Job, facts: Facts): TimelineEntry[] {
  const entry = (ms: number | null, event: string, note?: string | null): TimelineEntry[] =>
    ms === null ? [] : [{ at: instantOf(ms), event, ...(note ? { note } : {}) }];
  const attempt = `attempt ${Math.max(1, facts.starts)}${facts.by === null ? '' : `, by ${facts.by}`}`;
  const dated = [
    ...(job.createdAt === undefined ? [] : [{ at: job.createdAt, event: 'created' }]),
    ...entry(facts.started, 'started', attempt),
    ...(job.state === 'delayed' ? entry(facts.due, 'due') : []),
    ...(job.state === 'completed' ? entry(facts.ended, 'completed', facts.result) : []),
    ...(job.state === 'dead' ? entry(facts.ended, 'failed', job.error?.message) : []),
  ];
  const older = (facts.stacks ?? []).slice(0, -1).map((note, index) => ({ event: `error ${index + 1}`, note }));
  const rows = facts.log ?? [];
  const { progress, logged } = facts;
  return [
    ...dated.sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1)),
    ...older.reverse(),
    ...(progress === null || progress === '0' || progress === '{}' ? [] : [{ event: 'progress', note: progress }]),
    ...(logged > rows.length ? [{ event: 'log', note: `${logged - rows.length} older rows are not shown` }] : []),
    ...rows.map((note) => ({ event: 'log', note })),
  ];
}

function notesOf(job: Job, { stalled, deferred, scheduler, paused }: Facts): string[] {
  const live = job.state === 'waiting' || job.state === 'delayed';
  return [
    ...(paused && live ? ['Its queue is paused: no worker takes it until that is resumed.'] : []),
    ...(stalled > 0 ? [`It has stalled ${stalled === 1 ? 'once' : `${stalled} times`}.`] : []),
    ...(deferred === null ? [] : [`The next worker will fail it: ${deferred}`]),
    ...(job.stuck === undefined
      ? []
      : ['A worker that lost its lock may still be at it; the library itself starts such a job again.']),
    ...(job.state === 'dead' && job.attempts < (job.maxAttempts ?? 1)
      ? ['It failed for good before its attempts were used up: the error was marked as unrecoverable, or it stalled.']
      : []),
    ...(scheduler === null ? [] : [`It was added by the scheduler ${scheduler}.`]),
  ];
}
