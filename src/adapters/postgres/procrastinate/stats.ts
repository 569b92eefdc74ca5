import type { QueueStats, Rates, StateCounts, StatsRequest, StatsRow } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import type { Layout } from './layout.ts';
import { readRates } from './rates.ts';

interface GroupRow {
  readonly queue: string;
  readonly key: string | null;
  readonly status: string;
  readonly count: number;
  readonly delayed: number;
  readonly due: string | null;
  readonly first: string | null;
}

/** The rows that fall into one line of the screen. */
type Groups = readonly GroupRow[];

/** How many values of a breakdown are worth a line. */
const MAX_KEYS = 200;

/** One pass over the jobs, then a few index look-ups for the ages. */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const key = request.by === 'type' ? 'task_name' : request.by === 'lane' ? 'lock' : undefined;
  const groups = await groupRows(db, layout, request.queues, key);
  const queues = [...new Set(groups.map((group) => group.queue))].sort();
  const asked = request.queues ?? queues;
  const blocked = await blockedCounts(db, layout, asked, key);
  const ages = await agesOf(db, layout, groups);
  const rates = await readRates(db, layout, key);
  const row = (rows: Groups, queue: string, value?: string): StatsRow =>
    toRow(
      rows,
      ages,
      blocked.get(blockedKey(queue, value)) ?? 0,
      rates.get(blockedKey(queue, value)) ?? rates.get('window'),
    );
  return asked.map((queue) => {
    const own = groups.filter((group) => group.queue === queue);
    const keys = [...new Set(own.map((group) => group.key ?? ''))].slice(0, MAX_KEYS);
    return {
      queue,
      ...row(own, queue),
      by:
        key === undefined ? undefined : keys.map((value) => ({ key: value, ...row(ofKey(own, value), queue, value) })),
    };
  });
}

const ofKey = (groups: Groups, value: string): Groups => groups.filter((group) => (group.key ?? '') === value);

const blockedKey = (queue: string, value?: string): string => (value === undefined ? queue : `${queue}\0${value}`);

async function groupRows(
  db: Db,
  layout: Layout,
  queues: readonly string[] | undefined,
  key: string | undefined,
): Promise<GroupRow[]> {
  const parameters = new Parameters();
  const only = queues === undefined ? '' : `WHERE j.queue_name = ANY (${parameters.add(queues)})`;
  const todo = `j.status = 'todo'`;
  const future = `coalesce(j.scheduled_at > now(), false)`;
  return await db.query<GroupRow>(
    `SELECT j.queue_name AS queue, ${key === undefined ? 'NULL::text' : `j.${key}`} AS key, j.status::text AS status, count(*)::float8 AS count,
            (count(*) FILTER (WHERE ${todo} AND ${future}))::float8 AS delayed,
            extract(epoch FROM now() - min(j.scheduled_at) FILTER (WHERE ${todo} AND NOT ${future}))::float8 AS due,
            (CASE WHEN j.status = 'todo' THEN min(j.id) FILTER (WHERE j.scheduled_at IS NULL) WHEN j.status = 'doing' THEN min(j.id) END)::text AS first
       FROM ${layout.jobs} j ${only} GROUP BY 1, 2, 3, j.status ORDER BY 1, 2, 3`,
    parameters.values,
  );
}

/** Due jobs whose lock a running job holds, by queue and by queue and key. */
async function blockedCounts(
  db: Db,
  layout: Layout,
  queues: readonly string[],
  key: string | undefined,
): Promise<Map<string, number>> {
  const rows = await db.query<{ queue: string; key: string | null; count: number }>(
    `SELECT j.queue_name AS queue, ${key === undefined ? 'NULL::text' : `j.${key}`} AS key, count(*)::float8 AS count
       FROM ${layout.jobs} j
      WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now() AND j.queue_name = ANY ($1)
        AND j.lock IN (SELECT o.lock FROM ${layout.jobs} o WHERE o.status = 'doing' AND o.lock IS NOT NULL) GROUP BY 1, 2`,
    [queues],
  );
  const counts = new Map<string, number>();
  for (const row of rows) {
    counts.set(row.queue, (counts.get(row.queue) ?? 0) + row.count);
    if (key !== undefined) counts.set(blockedKey(row.queue, row.key ?? ''), row.count);
  }
  return counts;
}

/**
 * Seconds since the event that put each group's first job where it is. For todo rows that is exact: a retry always sets
 * `scheduled_at`, so among rows without one the lowest id has waited longest.
 */
async function agesOf(db: Db, layout: Layout, groups: Groups): Promise<Map<string, number>> {
  const firsts = groups.flatMap(({ first }) => (first === null ? [] : [first]));
  const rows = await db.query<{ id: string; age: number | null }>(
    `SELECT j.id::text AS id, extract(epoch FROM now() - CASE WHEN j.status = 'todo' THEN
              (SELECT max(e.at) FROM ${layout.events} e WHERE e.job_id = j.id AND e.type::text IN ('deferred', 'deferred_for_retry'))
              ELSE (SELECT min(s.at) FROM (SELECT max(e.at) AS at FROM ${layout.jobs} d JOIN ${layout.events} e ON e.job_id = d.id AND e.type::text = 'started'
                     WHERE d.status = 'doing' AND d.queue_name = j.queue_name GROUP BY d.id) s) END)::float8 AS age
       FROM ${layout.jobs} j WHERE j.id = ANY ($1::bigint[])`,
    [firsts],
  );
  return new Map(rows.flatMap(({ id, age }) => (age === null ? [] : [[id, age] as const])));
}

function toRow(groups: Groups, ages: ReadonlyMap<string, number>, blocked: number, rates: Rates | undefined): StatsRow {
  const sum = (...statuses: string[]): number =>
    groups.filter((group) => statuses.includes(group.status)).reduce((total, group) => total + group.count, 0);
  const delayed = groups.reduce((total, group) => total + group.delayed, 0);
  const waiting = sum('todo') - delayed - blocked;
  const counts: StateCounts = {
    waiting,
    delayed,
    active: sum('doing', 'aborting'),
    completed: sum('succeeded'),
    dead: sum('failed'),
    cancelled: sum('cancelled', 'aborted'),
    blocked,
  };
  const known = ['todo', 'doing', 'aborting', 'succeeded', 'failed', 'cancelled', 'aborted'];
  const other = Object.fromEntries(
    groups.filter(({ status }) => !known.includes(status)).map(({ status, count }) => [status, count]),
  );
  const oldest = (status: string): number | undefined => {
    const seconds = groups
      .filter((group) => group.status === status)
      .flatMap(({ first, due }) => [first === null ? undefined : ages.get(first), due ?? undefined])
      .filter((age) => age !== undefined)
      .map(Number);
    return seconds.length === 0 ? undefined : Math.max(...seconds);
  };
  return {
    counts,
    other,
    exact: true,
    oldestWaitingSeconds: waiting > 0 ? oldest('todo') : undefined,
    oldestActiveSeconds: counts.active > 0 ? oldest('doing') : undefined,
    rates,
  };
}
