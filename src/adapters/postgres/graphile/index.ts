import type { Count } from '../../../domain/adapter.ts';
import type { Selection } from '../../../domain/selection.ts';
import { boundTo, byIds, onceEach } from '../bound.ts';
import type { Db } from '../connection.ts';
import type { Dialect } from '../dialect.ts';
import { Parameters } from '../sql.ts';
import { adds } from './add.ts';
import { cautions } from './cautions.ts';
import { explain, pushes, where } from './conditions.ts';
import { sourceOf } from './expressions.ts';
import { find } from './find.ts';
import { type Layout, readLayout, warningsOn } from './layout.ts';
import { permit } from './privileges.ts';
import { compare, holdForRestore, holdForRevert, restore, revert } from './put-back.ts';
import { idsOf, jobsOf, savedJobsOf } from './rows.ts';
import { queues, stats } from './stats.ts';
import { WORKERS_NOTE, workers } from './workers.ts';
import { apply } from './write.ts';

/**
 * graphile-worker 0.16 to 0.18. Its queue is the task identifier, its lane the named queue. Only SQL: the library's own
 * helpers would migrate the database when they first touch it.
 */
export async function graphile(db: Db, schema: string, place: string): Promise<Dialect> {
  const layout = await readLayout(db, schema, place);
  return {
    info: {
      name: 'postgres/graphile-worker',
      version: layout.version,
      where: `${place} (schema ${schema})`,
      errors: 'last',
      priority: 'smaller-first',
      untold: { tenant: {}, states: { completed: deleted, cancelled: deleted } },
      workersNote: WORKERS_NOTE,
      newerSchema: layout.newer,
      warnings: warningsOn(layout),
    },
    schema,
    pushes,
    lacks: { cancel: noCancel },
    caveats: {
      enqueue:
        'a key is taken by any job that has it, also one that runs or is dead; that job stays as it is, where the library would overwrite it',
      replay: 'as reschedule_jobs with attempts 0; with --keep-attempts the limit is raised by one run',
    },
    queues: (reader) => queues(reader, layout),
    count: (reader, selection) => count(reader, layout, selection),
    ...byIds(layout, { ids: idsOf, jobs: jobsOf, saved: savedJobsOf }),
    cautions: (reader, selection, verb) => cautions(reader, layout, selection, verb),
    workers: (reader) => workers(reader, layout),
    ...boundTo(layout, { stats, find, explain, apply, holdForRevert, revert, holdForRestore, restore, compare }),
    enqueue: adds(layout),
    permit: onceEach((writer, verb) => permit(writer, layout, verb, place)),
  };
}

async function count(db: Db, layout: Layout, selection: Selection): Promise<Count> {
  const parameters = new Parameters();
  const [row] = await db.query<{ count: number }>(
    `SELECT count(*)::float8 AS count FROM ${sourceOf(layout).rows} WHERE ${where(layout, selection, parameters)}`,
    parameters.values,
  );
  return { value: row?.count ?? 0, exact: true };
}

const deleted = { why: 'graphile-worker keeps only what is still to run, runs or is dead' } as const;

const noCancel = {
  why: 'graphile-worker has no cancelled state: a job is there, or it is gone',
  instead: 'jobctl job remove ID   # takes the job away, with a backup',
};
