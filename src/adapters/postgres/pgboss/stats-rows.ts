import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import { inQueues } from './conditions.ts';
import { future } from './expressions.ts';
import type { Layout } from './layout.ts';

export const WINDOW_SECONDS = 3_600;

interface Line {
  readonly queue: string;
  readonly key: string | null;
}

/** Jobs alike in all that makes up a state; with `native` null all of the queue, whatever their state. */
export interface CountRow extends Line {
  readonly native: string | null;
  /** It lies in a dead-letter queue. */
  readonly copy: boolean;
  readonly blocked: boolean;
  readonly ahead: boolean;
  readonly count: number;
  /** Age of the first of them: since it began to run, or else since it was due. */
  readonly age: number | null;
}

export interface RateRow extends Line {
  readonly completed: number;
  readonly died: number;
  readonly mean: number | null;
}

const line = (key: string | undefined): string => `j.name AS queue, ${key ?? 'NULL::text'} AS key`;

/** How many jobs there are of each queue. */
function totals(
  layout: Layout,
  asked: readonly string[],
  only: string,
  key: string | undefined,
  parameters: Parameters,
): string {
  // with a look at no table each queue's part of an index is counted as it is, which is faster than to group all
  if (key === undefined && layout.swept)
    return `SELECT q.name AS queue, NULL::text AS key, NULL, false, false, false, t.count, NULL
              FROM unnest(${parameters.add([...new Set(asked)])}::text[]) q (name), LATERAL (SELECT count(*) AS count FROM ${layout.job} j WHERE j.name = q.name) t WHERE t.count > 0`;
  return `SELECT ${line(key)}, NULL, false, false, false, count(*), NULL FROM ${layout.job} j WHERE ${only} GROUP BY 1, 2`;
}

/**
 * All in one statement, so that every number is of the same moment. Most jobs have completed, and all that is asked of those
 * is how many: what the others leave of the queue's total. To tell the states of all apart takes as long as the rest of it.
 */
export async function countRows(
  db: Db,
  layout: Layout,
  asked: readonly string[],
  wanted: readonly string[] | undefined,
  key: string | undefined,
): Promise<CountRow[]> {
  const parameters = new Parameters();
  // without names where all are wanted: each would be compared with every job's
  const only = wanted === undefined ? 'true' : inQueues(wanted, parameters);
  const { col } = layout;
  const letters =
    layout.queue === undefined
      ? 'false'
      : `g.queue IN (SELECT q.dead_letter FROM ${layout.queue} q WHERE q.dead_letter IS NOT NULL)`;
  return await db.query<CountRow>(
    `SELECT queue, key, native::text AS native, ${letters} OR sent AS copy, blocked, ahead, count::float8 AS count, extract(epoch FROM now() - since)::float8 AS age
       FROM (SELECT ${line(key)}, j.state AS native, ${layout.has('source_id') ? 'j.source_id IS NOT NULL' : 'false'} AS sent,
                    ${layout.has('blocked') ? 'j.blocked' : 'false'} AS blocked, ${future(layout)} AS ahead, count(*) AS count,
                    min(CASE WHEN j.state = 'active' THEN ${col('started_on')} ELSE greatest(${col('created_on')}, ${col('start_after')}) END) AS since
               FROM ${layout.job} j WHERE j.state <> 'completed' AND ${only} GROUP BY 1, 2, 3, 4, 5, 6
             UNION ALL
             ${totals(layout, asked, only, key, parameters)}) g ORDER BY 1, 2`,
    parameters.values,
  );
}

/** What ended lately, in the queues asked for. */
export async function rateRows(db: Db, layout: Layout, asked: readonly string[], key?: string): Promise<RateRow[]> {
  const parameters = new Parameters();
  return await db.query<RateRow>(
    `SELECT ${line(key)}, (count(*) FILTER (WHERE j.state = 'completed'))::float8 AS completed,
            (count(*) FILTER (WHERE j.state = 'failed'))::float8 AS died,
            (avg(extract(epoch FROM j.completed_on - j.started_on)) FILTER (WHERE j.state = 'completed'))::float8 AS mean
       FROM ${layout.job} j
      WHERE ${inQueues(asked, parameters)} AND j.completed_on > now() - interval '${WINDOW_SECONDS} s' GROUP BY 1, 2`,
    parameters.values,
  );
}
