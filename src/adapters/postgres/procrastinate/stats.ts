import type { QueueStats, Rates, StateCounts, StatsRequest, StatsRow } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import type { Layout } from './layout.ts';
import { readRates } from './rates.ts';

/** One line of the answer: counts of a status, or what is known beyond them of the jobs in line and of the active ones. */
interface GroupRow {
  readonly queue: string;
  readonly key: string | null;
  readonly status: string;
  readonly count: number;
  readonly delayed: number;
  /** Due jobs whose lock a running job holds. */
  readonly blocked: number;
  /** Seconds that the first of them has waited, or run. */
  readonly age: number | null;
}

/** The rows that fall into one line of the screen. */
type Groups = readonly GroupRow[];

/** How many values of a breakdown are worth a line. */
const MAX_KEYS = 200;

/** One pass over the jobs; all that is asked of the few in line or active goes through the indexes. */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const key = request.by === 'type' ? 'task_name' : request.by === 'lane' ? 'lock' : undefined;
  const groups = await groupRows(db, layout, request.queues, key);
  const rates = await readRates(db, layout, key);
  const row = (rows: Groups, queue: string, value?: string): StatsRow =>
    toRow(rows, rates.get(value === undefined ? queue : `${queue}\0${value}`) ?? rates.get('window'));
  return (request.queues ?? [...new Set(groups.map((group) => group.queue))].sort()).map((queue) => {
    const own = groups.filter((group) => group.queue === queue);
    const keys = [...new Set(own.map((group) => group.key ?? ''))].sort().slice(0, MAX_KEYS);
    return {
      queue,
      ...row(own, queue),
      by:
        key === undefined ? undefined : keys.map((value) => ({ key: value, ...row(ofKey(own, value), queue, value) })),
    };
  });
}

const ofKey = (groups: Groups, value: string): Groups => groups.filter((group) => (group.key ?? '') === value);

/**
 * All in one statement, so that every number is of the same moment. A retry always sets `scheduled_at`, so among todo rows
 * without one the lowest id has waited longest.
 */
async function groupRows(
  db: Db,
  layout: Layout,
  queues: readonly string[] | undefined,
  key: string | undefined,
): Promise<GroupRow[]> {
  const parameters = new Parameters();
  const only = queues === undefined ? '' : `AND j.queue_name = ANY (${parameters.add(queues)})`;
  const columns = `j.queue_name AS queue, ${key === undefined ? 'NULL::text' : `j.${key}`} AS key`;
  const { jobs, events } = layout;
  const future = 'coalesce(j.scheduled_at > now(), false)';
  const seconds = (since: string): string => `extract(epoch FROM now() - ${since})::float8`;
  return await db.query<GroupRow>(
    `SELECT queue, key, status::text AS status, n::float8 AS count, 0::float8 AS delayed, 0::float8 AS blocked, NULL::float8 AS age
       FROM (${key === undefined ? countedByIndex(jobs, only) : countedBy(columns, jobs, only)}) counted
     UNION ALL
     SELECT queue, key, 'todo', 0, delayed, blocked,
            ${seconds(`least(due, (SELECT max(e.at) FROM ${events} e WHERE e.job_id = first AND e.type::text IN ('deferred', 'deferred_for_retry')))`)}
       FROM (SELECT ${columns}, count(*) FILTER (WHERE ${future}) AS delayed,
                    count(*) FILTER (WHERE NOT ${future} AND j.lock IN (SELECT o.lock FROM ${jobs} o WHERE o.status = 'doing' AND o.lock IS NOT NULL)) AS blocked,
                    min(j.scheduled_at) FILTER (WHERE NOT ${future}) AS due, min(j.id) FILTER (WHERE j.scheduled_at IS NULL) AS first
               FROM ${jobs} j WHERE j.status = 'todo' ${only} GROUP BY 1, 2) line
     UNION ALL
     SELECT queue, key, 'doing', 0, 0, 0, ${seconds('min(started)')}
       FROM (SELECT ${columns}, (SELECT max(e.at) FROM ${events} e WHERE e.job_id = j.id AND e.type::text = 'started') AS started
               FROM ${jobs} j WHERE j.status = 'doing' ${only}) running GROUP BY 1, 2`,
    parameters.values,
  );
}

/** A cast or a filter more would be paid once for every job ever kept. */
const countedBy = (columns: string, jobs: string, only: string): string =>
  `SELECT ${columns}, j.status, count(*) AS n FROM ${jobs} j WHERE true ${only} GROUP BY 1, 2, 3`;

/**
 * Most jobs ever kept have succeeded, and all that is asked of those is how many: what is left of the queue's total, which
 * the library's index on the queue name tells without a look at the table. The others may have an index of their own (UNFINISHED).
 */
const countedByIndex = (jobs: string, only: string): string =>
  `WITH others AS (SELECT j.queue_name, j.status, count(*) AS n FROM ${jobs} j WHERE j.status <> 'succeeded' ${only} GROUP BY 1, 2),
        totals AS (SELECT j.queue_name, count(*) AS n FROM ${jobs} j WHERE true ${only} GROUP BY 1)
   SELECT queue_name AS queue, NULL::text AS key, status, n FROM others
   UNION ALL SELECT t.queue_name, NULL, 'succeeded', t.n - coalesce((SELECT sum(o.n) FROM others o WHERE o.queue_name = t.queue_name), 0)
               FROM totals t`;

function toRow(groups: Groups, rates: Rates | undefined): StatsRow {
  const total = (value: (group: GroupRow) => number, rows = groups): number =>
    rows.reduce((sum, group) => sum + value(group), 0);
  const sum = (...statuses: string[]): number =>
    total(
      ({ count }) => count,
      groups.filter(({ status }) => statuses.includes(status)),
    );
  const delayed = total((group) => group.delayed);
  const blocked = total((group) => group.blocked);
  const counts: StateCounts = {
    waiting: sum('todo') - delayed - blocked,
    delayed,
    active: sum('doing', 'aborting'),
    completed: sum('succeeded'),
    dead: sum('failed'),
    cancelled: sum('cancelled', 'aborted'),
    blocked,
  };
  const known = ['todo', 'doing', 'aborting', 'succeeded', 'failed', 'cancelled', 'aborted'];
  const strange = [...new Set(groups.map(({ status }) => status))].filter((status) => !known.includes(status));
  const oldest = (status: string): number | undefined => {
    const ages = groups.flatMap((group) => (group.status === status && group.age !== null ? [group.age] : []));
    return ages.length === 0 ? undefined : Math.max(...ages);
  };
  return {
    counts,
    other: Object.fromEntries(strange.map((status) => [status, sum(status)])),
    exact: true,
    oldestWaitingSeconds: counts.waiting > 0 ? oldest('todo') : undefined,
    oldestActiveSeconds: counts.active > 0 ? oldest('doing') : undefined,
    rates,
  };
}
