import type { SavedJob } from '../../../domain/claim.ts';
import { type JobState, jobStates } from '../../../domain/job.ts';
import type { Outcome, SkipReason } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import { idType } from './conditions.ts';
import { hasStatus } from './homes.ts';
import type { Layout } from './layout.ts';
import { notify } from './notify.ts';
import { inStatus, type Twin, twins } from './uniques.ts';

interface Sparing {
  readonly condition: string;
  /** Of the jobs with these ids, those of which the condition is true are left alone. */
  readonly ids: readonly string[];
}

/** Back to waiting. A job that would break a unique index there is a duplicate, left as it is. */
export async function requeue(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  from: JobState,
  set: string,
  sparing?: Sparing,
): Promise<Outcome[]> {
  const held = await waitingTwins(db, layout, idsOf(jobs));
  const free = idsOf(jobs).filter((id) => !held.has(id));
  const spared =
    sparing &&
    `AND NOT (j.${quoted(layout.job.id.name)} = ANY ($2::${idType(layout.job.id)}[]) AND ${sparing.condition})`;
  const changed = await update(db, layout, free, [from], set, sparing ? [sparing.ids] : [], spared);
  const done = new Set(changed);
  await notify(
    db,
    layout,
    jobs.filter(({ job }) => done.has(job.id)),
  );
  return outcomes(jobs, changed, held);
}

/** Who would stand in the way of these jobs if they waited. */
export const waitingTwins = (db: Db, layout: Layout, ids: readonly string[]): Promise<Map<string, Twin>> =>
  twins(db, layout, inStatus(layout, layout.labels.waiting[0] as string), [ids]);

/** The ids that were changed: those that still were in one of these states. */
export async function update(
  db: Db,
  layout: Layout,
  ids: readonly string[],
  from: readonly JobState[],
  set: string,
  more: readonly unknown[] = [],
  also = '',
): Promise<string[]> {
  const id = `j.${quoted(layout.job.id.name)}`;
  const rows = await db.query<{ id: string }>(
    `UPDATE ${layout.jobs.sql} j SET ${set}
      WHERE ${id} = ANY ($1::${idType(layout.job.id)}[]) AND ${hasStatus(layout, 'j', ...from)} ${also} RETURNING ${id}::text AS id`,
    [ids, ...more],
  );
  return rows.map((row) => row.id);
}

/** What runs is left, and what has a status that nobody explained. */
const removable = jobStates.filter((state) => state !== 'active');

export async function removeRows(db: Db, layout: Layout, ids: readonly string[], only = 'true'): Promise<string[]> {
  const id = `j.${quoted(layout.job.id.name)}`;
  const rows = await db.query<{ id: string }>(
    `DELETE FROM ${layout.jobs.sql} j WHERE ${id} = ANY ($1::${idType(layout.job.id)}[]) AND ${hasStatus(layout, 'j', ...removable)} AND ${only}
     RETURNING ${id}::text AS id`,
    [ids],
  );
  return rows.map((row) => row.id);
}

export const idsOf = (jobs: readonly SavedJob[]): string[] => jobs.map(({ job }) => job.id);

export const skip = (saved: SavedJob, why: SkipReason, note?: string): Outcome => ({
  ref: { queue: saved.job.queue, id: saved.job.id },
  result: 'skipped',
  why,
  note,
});

export function outcomes(
  jobs: readonly SavedJob[],
  changed: readonly string[],
  held: ReadonlyMap<string, Twin> = new Map(),
): Outcome[] {
  const done = new Set(changed);
  return jobs.map((saved): Outcome => {
    if (done.has(saved.job.id)) return { ref: { queue: saved.job.queue, id: saved.job.id }, result: 'done' };
    const twin = held.get(saved.job.id);
    return twin === undefined
      ? skip(saved, 'state-changed')
      : skip(saved, 'duplicate', `${twin.rule}: ${twin.holder} is there already`);
  });
}
