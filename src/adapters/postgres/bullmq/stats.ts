import type { QueueRef } from '../../../domain/adapter.ts';
import type { QueueStats, StatsRequest, StatsRow } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import { nowMs, sinceMs } from './expressions.ts';
import type { Layout } from './layout.ts';
import { readRates } from './rates.ts';

interface GroupRow {
  readonly queue: string;
  readonly key: string | null;
  readonly native: string;
  readonly count: number;
  /** Seconds that the first of those that wait, or run, has done so. */
  readonly age: number | null;
}

const known = ['waiting', 'delayed', 'active', 'completed', 'failed', 'waiting-children'];

/** How many values of a breakdown are worth a line. */
const MAX_KEYS = 200;

/** Every queue that has a job, or settings: the latter are written as soon as an application opens it. */
export const queues = (db: Db, { job, meta }: Layout): Promise<QueueRef[]> =>
  db.query<QueueRef>(
    `WITH RECURSIVE step AS (
       (SELECT queue FROM ${job} ORDER BY queue LIMIT 1)
       UNION ALL
       SELECT (SELECT j.queue FROM ${job} j WHERE j.queue > step.queue ORDER BY j.queue LIMIT 1) FROM step WHERE step.queue IS NOT NULL)
     SELECT queue FROM step WHERE queue IS NOT NULL UNION SELECT queue FROM ${meta} ORDER BY 1`,
  );

/** One pass over the jobs. Lanes are priorities, and are in order. */
export async function stats(db: Db, layout: Layout, { queues: asked, by }: StatsRequest): Promise<QueueStats[]> {
  const key = by === 'type' ? 'j.name' : by === 'lane' ? 'j.priority::text' : undefined;
  const names = asked ?? (await queues(db, layout)).map(({ queue }) => queue);
  const groups = await groupRows(db, layout, asked, key);
  const paused = await pausedOf(db, layout, names);
  const rates = await readRates(db, layout, names);
  return names.map((queue) => {
    const own = groups.filter((group) => group.queue === queue);
    const row = toRow(own);
    const keys = [...new Set(own.map((group) => group.key ?? ''))].sort(by === 'lane' ? numerically : undefined);
    const rowOf = (value: string) => ({ key: value, ...toRow(own.filter((group) => group.key === value)) });
    return {
      queue,
      ...row,
      paused: paused.has(queue),
      rates: rates.get(queue),
      by: key === undefined ? undefined : keys.slice(0, MAX_KEYS).map(rowOf),
    };
  });
}

const numerically = (a: string, b: string): number => Number(a) - Number(b);

async function groupRows(
  db: Db,
  { job }: Layout,
  names: readonly string[] | undefined,
  key: string | undefined,
): Promise<GroupRow[]> {
  return await db.query<GroupRow>(
    `SELECT g.queue, g.key, g.state::text AS native, g.count, (${nowMs} - g.first)::float8 / 1000 AS age
       FROM (SELECT j.queue, ${key ?? 'NULL::text'} AS key, j.state, count(*)::float8 AS count,
                    min(CASE WHEN j.state IN ('waiting', 'active') THEN ${sinceMs} END) AS first
               FROM ${job} j ${names === undefined ? '' : 'WHERE j.queue = ANY ($1)'} GROUP BY 1, 2, 3) g`,
    names === undefined ? [] : [names],
  );
}

async function pausedOf(db: Db, { meta }: Layout, names: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<QueueRef>(
    `SELECT queue FROM ${meta} WHERE queue = ANY ($1) AND field = 'paused' AND value = '1'`,
    [names],
  );
  return new Set(rows.map(({ queue }) => queue));
}

function toRow(groups: readonly GroupRow[]): StatsRow {
  const sum = (state: string): number =>
    groups.reduce((total, { native, count }) => (native === state ? total + count : total), 0);
  const oldest = (state: string): number | undefined => {
    const ages = groups.flatMap(({ native, age }) => (native === state && age !== null ? [age] : []));
    return ages.length === 0 ? undefined : Math.max(0, ...ages);
  };
  const strange = [...new Set(groups.map(({ native }) => native))].filter((native) => !known.includes(native));
  return {
    counts: {
      waiting: sum('waiting'),
      delayed: sum('delayed'),
      active: sum('active'),
      completed: sum('completed'),
      dead: sum('failed'),
      cancelled: 0,
      blocked: sum('waiting-children'),
    },
    other: Object.fromEntries(strange.map((native) => [native, sum(native)])),
    exact: true,
    oldestWaitingSeconds: oldest('waiting'),
    oldestActiveSeconds: oldest('active'),
  };
}
