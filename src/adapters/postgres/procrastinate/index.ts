import type { QueueRef } from '../../../domain/adapter.ts';
import type { Selection } from '../../../domain/selection.ts';
import { boundTo, byIds, countOf, onceEach } from '../bound.ts';
import type { Db } from '../connection.ts';
import type { Dialect, Page } from '../dialect.ts';
import { Parameters } from '../sql.ts';
import { adds } from './add.ts';
import { pushes, where } from './conditions.ts';
import { explain } from './explain.ts';
import { ERRORS_NOTE, find } from './find.ts';
import { type Layout, readLayout } from './layout.ts';
import { permit } from './privileges.ts';
import { compare, holdForRestore, holdForRevert, restore, revert } from './put-back.ts';
import { jobsOf, type PageRequest, pageOfIds, savedJobsOf } from './rows.ts';
import { stats } from './stats.ts';
import { WORKERS_NOTE, workers } from './workers.ts';
import { apply } from './write.ts';

/** Procrastinate 1.x to 3.x, told apart by what the database has. */
export async function procrastinate(db: Db, schema: string, place: string, staleSeconds?: number): Promise<Dialect> {
  const layout = await readLayout(db, schema, staleSeconds);
  const register = layout.workers;
  const noCancel = noCancelIn(layout);
  return {
    info: {
      name: 'postgres/procrastinate',
      version: layout.version,
      where: `${place} (schema ${schema})`,
      errors: 'none',
      errorsNote: ERRORS_NOTE,
      ...(register === undefined ? { stuckBy: 'age', workersNote: WORKERS_NOTE } : {}),
      priority: layout.priority ? 'larger-first' : 'none',
      untold: { tenant: {}, ...(noCancel && { states: { cancelled: { why: noCancel.why } } }) },
      newerSchema: layout.newer,
      warnings: warningsOn(layout),
    },
    schema,
    pushes,
    lacks: noCancel === undefined ? {} : { cancel: noCancel },
    caveats: {
      replay: 'attempts start at 0 again; the retry policy itself lives in the code of the tasks',
      ...(layout.workers === undefined
        ? { reset: 'before 3.1 nothing tells a live worker from a dead one: only with --assume-dead and --older-than' }
        : {}),
    },
    queues: (reader) => queues(reader, layout),
    count: async (reader, selection) => {
      const parameters = new Parameters();
      return await countOf(reader, `${layout.jobs} j`, where(layout, selection, parameters), parameters);
    },
    ...byIds(layout, { ids: idsOf, jobs: jobsOf, saved: savedJobsOf }),
    ...boundTo(layout, { stats, find, explain, apply, holdForRevert, revert, holdForRestore, restore, compare }),
    ...(register === undefined ? {} : { workers: (reader) => workers(reader, layout, register) }),
    enqueue: adds(layout),
    permit: onceEach((writer, verb) => permit(writer, layout, verb, place)),
  };
}

async function idsOf(db: Db, layout: Layout, selection: Selection, page: PageRequest): Promise<Page<string>> {
  const parameters = new Parameters();
  return await pageOfIds(db, layout, where(layout, selection, parameters), parameters, page);
}

/** The queue names, each found by one step through the index instead of a walk over all jobs. */
async function queues(db: Db, layout: Layout): Promise<QueueRef[]> {
  return await db.query<{ queue: string }>(
    `WITH RECURSIVE step AS (
       (SELECT queue_name FROM ${layout.jobs} ORDER BY queue_name LIMIT 1)
       UNION ALL
       SELECT (SELECT j.queue_name FROM ${layout.jobs} j WHERE j.queue_name > step.queue_name ORDER BY j.queue_name LIMIT 1)
         FROM step WHERE step.queue_name IS NOT NULL)
     SELECT queue_name AS queue FROM step WHERE queue_name IS NOT NULL ORDER BY 1`,
  );
}

/** Undefined where it can. */
const noCancelIn = ({ statuses, version }: Layout) =>
  statuses.includes('cancelled')
    ? undefined
    : {
        why: `Procrastinate ${version} has no cancelled state (2.6 brought it)`,
        instead: 'jobctl job remove ID   # takes the job away, with a backup',
      };

const warningsOn = ({ newer }: Layout): string[] =>
  newer === undefined ? [] : [`This Procrastinate is newer than jobctl knows (${newer}); check for an update.`];
