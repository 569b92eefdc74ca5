import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';
import { idsOf, type Skip, skip } from '../outcomes.ts';
import { inForce, twinOf } from './dedup.ts';
import type { Layout } from './layout.ts';

interface BarRow {
  readonly id: string;
  readonly native: string;
  /** Children that it still waits for. */
  readonly pending: number;
  /** Its parent, `queue id`, and how that stands to it. */
  readonly parent: string | null;
  readonly parentState: string | null;
  readonly awaited: string | null;
  /** The job that has its deduplication id and has not ended. */
  readonly twin: string | null;
  /** The deduplication id that it takes when it runs again. */
  readonly key: string | null;
  /** Its deduplication id keeps a newer job until it ends. */
  readonly followed: boolean;
  /** The scheduler whose next run it is. */
  readonly scheduler: string | null;
}

/** With a time limit a deduplication id was a window in time; without one it is taken until its job has ended. */
export const holds = `coalesce(nullif(coalesce(j.opts -> 'deduplication', j.opts -> 'debounce', j.opts -> 'de') ->> 'ttl', '')::numeric, 0) <= 0`;

/** What hangs on these jobs, which are of one queue. */
async function readBars(db: Db, layout: Layout, queue: string, ids: readonly string[]): Promise<BarRow[]> {
  const { job, dependency, dedup, dedupNext, scheduler } = layout;
  return await db.query<BarRow>(
    `SELECT j.id, j.state::text AS native,
            (SELECT count(*)::int FROM ${dependency} c WHERE c.parent_queue = j.queue AND c.parent_id = j.id AND c.status = 'pending') AS pending,
            p.queue || ' ' || p.id AS parent, p.state::text AS "parentState", d.status::text AS awaited,
            (SELECT o.id FROM ${dedup} h JOIN ${job} o ON o.queue = h.queue AND o.id = h.job_id
              WHERE h.queue = j.queue AND h.dedup_id = j.dedup_id AND o.id <> j.id AND o.state NOT IN ('completed', 'failed')
                AND ${inForce}) AS twin, CASE WHEN ${holds} THEN j.dedup_id END AS key,
            EXISTS (SELECT FROM ${dedupNext} n JOIN ${dedup} h ON h.queue = n.queue AND h.dedup_id = n.dedup_id
                     WHERE n.queue = j.queue AND n.dedup_id = j.dedup_id AND h.job_id = j.id) AS followed,
            (SELECT s.scheduler_id FROM ${scheduler} s WHERE s.queue = j.queue AND s.scheduler_id = j.scheduler_id
                AND j.id = 'repeat:' || s.scheduler_id || ':' || s.next_run_ms) AS scheduler
       FROM ${job} j LEFT JOIN ${job} p ON p.queue = j.parent_queue AND p.id = j.parent_id
       LEFT JOIN ${dependency} d ON d.parent_queue = p.queue AND d.parent_id = p.id AND d.child_key = j.queue || ':' || j.id
      WHERE j.queue = $1 AND j.id = ANY ($2)`,
    [queue, ids],
  );
}

type Bar = (row: BarRow) => Skip | undefined;

const children: Bar = ({ pending }) =>
  pending === 0
    ? undefined
    : skip('conflict', `${pending} of its children ${pending === 1 ? 'is' : 'are'} not done: deal with those first`);

const twin: Bar = (row) => (row.twin === null ? undefined : twinOf(row.twin));

/** A parent that has gone on would be stopped by a child that is not done. */
const wentOn: Bar = ({ parent, parentState, awaited }) =>
  (awaited === 'failed' || awaited === 'ignored') &&
  !['waiting-children', 'failed', 'completed'].includes(parentState ?? '')
    ? skip('conflict', `its parent ${parent} has gone on without it and is about to run`)
    : undefined;

const awaited: Bar = (row) =>
  row.awaited === 'pending'
    ? skip('conflict', `its parent ${row.parent} counts on it: deal with the parent first`)
    : undefined;

const nextRun: Bar = ({ scheduler, native }) =>
  scheduler === null || native === 'failed' || native === 'completed'
    ? undefined
    : skip('conflict', `it is the next run of the scheduler ${scheduler}: jobctl schedule remove takes both away`);

const follower: Bar = ({ followed }) =>
  followed ? skip('conflict', 'a newer job of its deduplication id is kept until it ends') : undefined;

const parentWaits: Bar = ({ parent, parentState, awaited: status }) =>
  status === 'pending' && parentState === 'waiting-children'
    ? skip('conflict', `its parent ${parent} waits for it again: remove or finish it instead`)
    : undefined;

const barsOf = {
  replay: [children, twin, wentOn],
  reset: [twin],
  remove: [children, awaited, nextRun, follower],
  revert: [parentWaits],
} as const satisfies Record<string, readonly Bar[]>;

/** Why some of these jobs are left alone: nothing that others hang on is destroyed or started by the way. */
export async function bars(
  db: Db,
  layout: Layout,
  verb: keyof typeof barsOf,
  jobs: readonly SavedJob[],
): Promise<Map<string, Skip>> {
  const [first] = jobs;
  if (first === undefined) return new Map();
  const rows = await readBars(db, layout, first.job.queue, idsOf(jobs));
  const byId = new Map(rows.map((row) => [row.id, row]));
  const running = new Map<string, string>();
  const found = new Map<string, Skip>();
  for (const { job } of jobs) {
    const row = byId.get(job.id);
    if (row === undefined) continue;
    // of several dead jobs with one deduplication id only the first comes back
    const before = running.get(row.key ?? '');
    const why = barsOf[verb].map((bar) => bar(row)).find((one) => one !== undefined) ?? (before && twinOf(before));
    if (why) found.set(job.id, why);
    else if (row.key && verb === 'replay') running.set(row.key, job.id);
  }
  return found;
}
