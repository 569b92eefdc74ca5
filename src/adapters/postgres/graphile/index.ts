import type { Count } from '../../../domain/adapter.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import type { Dialect, WriteVerb } from '../dialect.ts';
import { Parameters } from '../sql.ts';
import { explain, pushes, where } from './conditions.ts';
import { sourceOf } from './expressions.ts';
import { find } from './find.ts';
import { type Layout, readLayout, warningsOn } from './layout.ts';
import { permit } from './privileges.ts';
import { compare, holdForRestore, holdForRevert, restore, revert } from './put-back.ts';
import { idsOf, jobsOf, savedJobsOf } from './rows.ts';
import { queues, stats } from './stats.ts';
import { apply } from './write.ts';

/**
 * graphile-worker 0.16 to 0.18. Its queue is the task identifier, its lane the named queue. Only SQL: the library's own
 * helpers would migrate the database when they first touch it.
 */
export async function graphile(db: Db, schema: string, place: string): Promise<Dialect> {
  const layout = await readLayout(db, schema, place);
  const permitted = new Set<WriteVerb>();
  return {
    info: {
      name: 'postgres/graphile-worker',
      version: layout.version,
      where: `${place} (schema ${schema})`,
      errors: 'last',
      priority: 'smaller-first',
      readOnlyServer: layout.replica,
      warnings: warningsOn(layout),
    },
    schema,
    pushes,
    lacks: lacksOf(layout),
    caveats: { replay: 'as reschedule_jobs with attempts 0; with --keep-attempts the limit is raised by one run' },
    queues: (reader) => queues(reader, layout),
    stats: (reader, request) => stats(reader, layout, request),
    count: (reader, selection) => count(reader, layout, selection),
    find: (reader, id, queue) => find(reader, layout, id, queue),
    page: async (reader, selection, options, cursor) => {
      const ids = await idsOf(reader, layout, selection, { ...options, cursor, lock: false });
      return { items: await jobsOf(reader, layout, ids.items, options.order), cursor: ids.cursor };
    },
    permit: async (writer, verb) => {
      if (permitted.has(verb)) return;
      await permit(writer, layout, verb, place);
      permitted.add(verb);
    },
    pick: async (writer, selection, size, cursor) => {
      const ids = await idsOf(writer, layout, selection, { size, order: 'oldest', cursor, lock: true });
      return { items: await savedJobsOf(writer, layout, ids.items), cursor: ids.cursor };
    },
    explain: (writer, selection, ids) => explain(writer, layout, selection, ids),
    apply: (writer, action, jobs) => apply(writer, layout, action, jobs),
    holdForRestore: (writer, saved, how) => holdForRestore(writer, layout, saved, how),
    restore: (writer, saved, how) => restore(writer, layout, saved, how),
    holdForRevert: (writer, saved, mark) => holdForRevert(writer, layout, saved, mark),
    revert: (writer, saved) => revert(writer, layout, saved),
    compare: (writer, saved) => compare(writer, layout, saved),
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

const verbs: readonly WriteVerb[] = ['replay', 'reset', 'remove', 'edit', 'restore', 'revert'];

function lacksOf({ strange }: Layout): Dialect['lacks'] {
  const cancel = {
    why: 'graphile-worker has no cancelled state: a job is there, or it is gone',
    instead: 'jobctl job remove takes the job away, with a backup.',
  };
  if (strange === undefined) return { cancel };
  const unknown = {
    why: `revision ${strange} of its tables is a breaking change that this jobctl does not know`,
    instead: 'Update jobctl; reading goes on.',
  };
  return { ...Object.fromEntries(verbs.map((verb) => [verb, unknown])), cancel };
}
