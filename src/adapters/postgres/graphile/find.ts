import type { Job, JobDetail, TimelineEntry } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { bigints, instant } from '../sql.ts';
import { failedAt } from './expressions.ts';
import { freedBy } from './lanes.ts';
import type { Layout } from './layout.ts';
import { jobsOf } from './rows.ts';

/** One job, what its row tells of its life, and who holds its lane. */
export async function find(
  db: Db,
  layout: Layout,
  id: string,
  queue: string | undefined,
): Promise<JobDetail | undefined> {
  const [job] = await jobsOf(db, layout, bigints([id]));
  if (job === undefined || (queue !== undefined && job.queue !== queue)) return undefined;
  const { links, notes } = await laneOf(db, layout, job);
  if (job.state === 'active' && job.attempts >= (job.maxAttempts ?? Number.POSITIVE_INFINITY)) {
    notes.push('It is on its last attempt: if it is given back, it is dead, as after an unlock by the library.');
  }
  if (layout.sight.through === 'view') notes.push('Its payload cannot be read by this role.');
  return { job, timeline: await timelineOf(db, layout, job), links, notes };
}

async function timelineOf(db: Db, layout: Layout, job: Job): Promise<TimelineEntry[]> {
  const [row] = await db.query<{ failed: string | null; due: string }>(
    `SELECT CASE WHEN j.attempts > 0 AND j.last_error IS NOT NULL AND ${failedAt} BETWEEN j.created_at AND now() THEN ${instant(failedAt)} END AS failed,
            ${instant('j.run_at')} AS due
       FROM ${layout.view} j WHERE j.id = $1::bigint`,
    [job.id],
  );
  const entry = (at: string | undefined, event: string, note?: string): TimelineEntry[] =>
    at === undefined ? [] : [{ at, event, note }];
  return [
    ...entry(job.createdAt, 'added'),
    ...(job.state === 'active' ? [] : entry(row?.failed ?? undefined, 'failed', `attempt ${job.attempts}`)),
    ...(job.state === 'active' ? entry(job.since, 'locked', `attempt ${job.attempts}`) : []),
    ...(job.state === 'delayed' ? entry(row?.due, 'due') : []),
  ];
}

async function laneOf(db: Db, layout: Layout, job: Job): Promise<{ links: JobDetail['links']; notes: string[] }> {
  if (job.state !== 'blocked') return { links: [], notes: [] };
  const running = await db.query<{ id: string }>(
    `SELECT j.id::text AS id FROM ${layout.view} j WHERE j.queue_name = $1 AND j.locked_at IS NOT NULL ORDER BY j.id`,
    [job.lane],
  );
  const links = running.map(({ id }) => ({ relation: 'lane held by', to: `job ${id}` }));
  if (layout.sight.through === 'view' || links.length > 0) return { links, notes: [] };
  // a lock of the lane alone: what is left when someone unlocks jobs by hand
  const [lock] = await db.query<{ by: string | null; since: string }>(
    `SELECT q.locked_by AS by, to_char(q.locked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' AS since
       FROM ${layout.lanes} q WHERE q.queue_name = $1 AND q.locked_at IS NOT NULL`,
    [job.lane],
  );
  if (lock === undefined) return { links, notes: [] };
  const statement = freedBy(layout, lock.by);
  return {
    links: [{ relation: 'lane held by', to: `worker ${lock.by ?? '(unknown)'}` }],
    notes: [
      `Its lane is locked since ${lock.since} although none of the lane's jobs is: nothing in it runs until the lock is 4 hours old.`,
      ...(statement === undefined ? [] : [`Once that worker is gone, this frees the lane: ${statement}`]),
    ],
  };
}
