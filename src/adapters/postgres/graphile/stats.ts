import type { QueueRef, QueueStats, StatsRequest, StatsRow } from '../../../domain/adapter.ts';
import type { JobState } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { sourceOf, stateOf } from './expressions.ts';
import type { Layout } from './layout.ts';

interface GroupRow {
  readonly queue: string;
  readonly lane: string | null;
  readonly state: JobState;
  readonly count: number;
  /** Age of the first of them to come into its state. */
  readonly oldest: number;
}

/** How many lanes are worth a line. */
const MAX_KEYS = 200;

/** Every task that a worker or a job ever named, also one without jobs; through the view only those with jobs can be seen. */
export async function queues(db: Db, layout: Layout): Promise<QueueRef[]> {
  const names =
    layout.sight.through === 'view'
      ? `SELECT DISTINCT task_identifier AS queue FROM ${layout.view}`
      : `SELECT identifier AS queue FROM ${layout.tasks}`;
  return await db.query<QueueRef>(`${names} ORDER BY 1`);
}

/** One pass over the jobs. What succeeded is deleted, so there are no rates to tell. The type of a job is its queue: no breakdown. */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const byLane = request.by === 'lane';
  const asked = request.queues ?? (await queues(db, layout)).map(({ queue }) => queue);
  const groups = await groupRows(db, layout, request.queues, byLane);
  return asked.map((queue) => {
    const own = groups.filter((group) => group.queue === queue);
    const lanes = [...new Set(own.map(({ lane }) => lane ?? ''))].slice(0, MAX_KEYS);
    const rowOf = (key: string): StatsRow => toRow(own.filter(({ lane }) => (lane ?? '') === key));
    return { queue, ...toRow(own), by: byLane ? lanes.map((key) => ({ key, ...rowOf(key) })) : undefined };
  });
}

/** Counted by the ids of task and lane; the few groups are given their names afterwards. */
async function groupRows(
  db: Db,
  layout: Layout,
  names: readonly string[] | undefined,
  byLane: boolean,
): Promise<GroupRow[]> {
  const source = sourceOf(layout);
  const { task, lane, taskName, laneName } = source.keys;
  return await db.query<GroupRow>(
    `SELECT ${taskName} AS queue, ${byLane ? laneName : 'NULL::text'} AS lane, g.state, g.count, extract(epoch FROM now() - g.oldest)::float8 AS oldest
       FROM (SELECT j.task, j.lane, j.state, count(*)::float8 AS count, min(j.since) AS oldest
               FROM (SELECT ${task} AS task, ${byLane ? lane : 'NULL'} AS lane, ${stateOf(source)} AS state,
                            CASE WHEN j.locked_at IS NULL THEN greatest(j.run_at, j.created_at) ELSE j.locked_at END AS since
                       FROM ${source.rows} ${names === undefined ? '' : `WHERE ${source.ofQueues('$1')}`}) j
              GROUP BY 1, 2, 3) g
      ORDER BY 1, 2`,
    names === undefined ? [] : [names],
  );
}

function toRow(groups: readonly GroupRow[]): StatsRow {
  const counts: Record<JobState, number> = {
    waiting: 0,
    delayed: 0,
    active: 0,
    completed: 0,
    dead: 0,
    cancelled: 0,
    blocked: 0,
  };
  for (const { state, count } of groups) counts[state] += count;
  const oldest = (wanted: JobState): number | undefined => {
    const ages = groups.flatMap(({ state, oldest: age }) => (state === wanted ? [age] : []));
    return ages.length === 0 ? undefined : Math.max(...ages);
  };
  return {
    counts,
    other: {},
    exact: true,
    oldestWaitingSeconds: oldest('waiting'),
    oldestActiveSeconds: oldest('active'),
  };
}
