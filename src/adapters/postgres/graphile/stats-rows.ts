import type { Db } from '../connection.ts';
import { type Source, sourceOf } from './expressions.ts';
import type { Layout } from './layout.ts';

/** Jobs of a task, and of a lane where they are asked for by lane. Several rows may be about the same. */
export interface CountRow {
  readonly queue: string;
  readonly lane: string | null;
  readonly total: number;
  /** Of the total: they run, or do not and have an attempt left; the others are dead. */
  readonly active: number;
  readonly available: number;
  /** Of the available: their time lies ahead, or another job of their lane runs. */
  readonly ahead: number;
  readonly held: number;
  /** Ages of the first to be due, which is only told of what waits, and to be locked. */
  readonly due: number | null;
  readonly running: number | null;
}

/** All in one statement, so that every number is of the same moment. */
export async function countRows(
  db: Db,
  layout: Layout,
  names: readonly string[] | undefined,
  byLane: boolean,
): Promise<CountRow[]> {
  const source = sourceOf(layout);
  const { taskName, laneName } = source.keys;
  const age = (time: string): string => `extract(epoch FROM now() - ${time})::float8`;
  const counts = ['total', 'active', 'available', 'ahead', 'held'].map((name) => `g.${name}::float8 AS ${name}`);
  return await db.query<CountRow>(
    `SELECT ${taskName} AS queue, ${byLane ? laneName : 'NULL::text'} AS lane, ${counts.join(', ')}, ${age('g.due')} AS due, ${age('g.since')} AS running
       FROM (${layout.byTask && !byLane ? byIndex(layout, source, names) : onePass(source, names, byLane)}) g ORDER BY 1, 2`,
    names === undefined ? [] : [names],
  );
}

/**
 * Grouped by task (and lane) alone: by what is worked out besides each row would be told apart once more. What lies ahead
 * cannot be the first to be due while anything waits, so it is not left out there.
 */
function onePass(source: Source, names: readonly string[] | undefined, byLane: boolean): string {
  const { available, held } = source;
  const { task, lane } = source.keys;
  return `SELECT ${task} AS task, ${byLane ? lane : 'NULL'} AS lane, count(*) AS total, count(j.locked_at) AS active,
                 count(*) FILTER (WHERE ${available}) AS available,
                 count(*) FILTER (WHERE j.run_at > now() AND ${available}) AS ahead,
                 count(*) FILTER (WHERE ${held} AND j.run_at <= now() AND ${available}) AS held,
                 min(CASE WHEN ${available} AND NOT ${held} THEN greatest(j.run_at, j.created_at) END) AS due, min(j.locked_at) AS since
            FROM ${source.rows} ${names === undefined ? '' : `WHERE ${source.ofQueues('$1')}`} GROUP BY 1, 2`;
}

/** So many of the first in line are looked at to know how far the first to be due can be. */
const FIRST = 100;

/**
 * Where indexes hold what waits by task and time, and what does not (see schema check): each task's part of the one is
 * counted as it is. A job is due when it was to run or when it was added, whichever is later, so none that was to run later
 * than one of the first was due can be due before that.
 */
function byIndex({ jobs, tasks, lanes }: Layout, source: Source, names: readonly string[] | undefined): string {
  const waits = 'j.task_id = t.id AND j.is_available = true';
  const due = 'greatest(j.run_at, j.created_at)';
  const free = `${waits} AND j.run_at <= now() AND NOT ${source.held}`;
  const bound = `SELECT min(f.due) FROM (SELECT ${due} AS due FROM ${jobs} j WHERE ${free} ORDER BY j.run_at LIMIT ${FIRST}) f`;
  const only = names === undefined ? '' : `AND ${source.ofQueues('$1')}`;
  return `SELECT t.id AS task, NULL AS lane, w.total, 0 AS active, w.total AS available,
                 (SELECT count(*) FROM ${jobs} j WHERE ${waits} AND j.run_at > now()) AS ahead, 0 AS held,
                 (SELECT min(${due}) FROM ${jobs} j WHERE ${free} AND j.run_at <= (${bound})) AS due, NULL::timestamptz AS since
            FROM ${tasks} t, LATERAL (SELECT count(*) AS total FROM ${jobs} j WHERE ${waits}) w ${names === undefined ? '' : 'WHERE t.identifier = ANY ($1)'}
          UNION ALL
          SELECT j.task_id, NULL, count(*), count(j.locked_at), 0, 0, 0, NULL, min(j.locked_at)
            FROM ${jobs} j WHERE j.is_available = false ${only} GROUP BY 1
          UNION ALL
          SELECT j.task_id, NULL, 0, 0, 0, 0, count(*), NULL, NULL FROM ${jobs} j
           WHERE EXISTS (SELECT FROM ${lanes} q WHERE q.locked_at IS NOT NULL) AND ${source.held} AND j.is_available = true AND j.run_at <= now() ${only} GROUP BY 1`;
}
