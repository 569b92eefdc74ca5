import type { QueueRef } from '../../../domain/adapter.ts';
import type { QueueStats, StatsRequest, StatsRow } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import { sourceOf } from './expressions.ts';
import type { Layout } from './layout.ts';

/** Jobs that are alike in all that makes up a state. */
interface GroupRow {
  readonly queue: string;
  readonly lane: string | null;
  readonly locked: boolean;
  /** No attempt is left. */
  readonly spent: boolean;
  readonly ahead: boolean;
  /** Another job of the lane runs. */
  readonly held: boolean;
  readonly count: number;
  /** Ages of the first to be due, and to be locked. */
  readonly due: number;
  readonly running: number | null;
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

/**
 * Counted by the ids of task and lane; the few groups are given their names afterwards. Grouped by truths alone: of
 * anything else that is worked out the planner expects as many groups as rows, and then reads with one process.
 */
async function groupRows(
  db: Db,
  layout: Layout,
  names: readonly string[] | undefined,
  byLane: boolean,
): Promise<GroupRow[]> {
  const source = sourceOf(layout);
  const { task, lane, taskName, laneName } = source.keys;
  const age = (time: string): string => `extract(epoch FROM now() - ${time})::float8`;
  return await db.query<GroupRow>(
    `SELECT ${taskName} AS queue, ${byLane ? laneName : 'NULL::text'} AS lane, g.locked, g.spent, g.ahead, g.held, g.count,
            ${age('g.due')} AS due, ${age('g.since')} AS running
       FROM (SELECT ${task} AS task, ${byLane ? lane : 'NULL'} AS lane, j.locked_at IS NOT NULL AS locked, j.attempts >= j.max_attempts AS spent,
                    j.run_at > now() AS ahead, ${source.held} AS held, count(*)::float8 AS count,
                    min(greatest(j.run_at, j.created_at)) AS due, min(j.locked_at) AS since
               FROM ${source.rows} ${names === undefined ? '' : `WHERE ${source.ofQueues('$1')}`} GROUP BY 1, 2, 3, 4, 5, 6) g
      ORDER BY 1, 2`,
    names === undefined ? [] : [names],
  );
}

function toRow(groups: readonly GroupRow[]): StatsRow {
  const active = groups.filter(({ locked }) => locked);
  const dead = groups.filter(({ locked, spent }) => !locked && spent);
  const live = groups.filter(({ locked, spent }) => !locked && !spent);
  const waiting = live.filter(({ ahead, held }) => !ahead && !held);
  const total = (some: readonly GroupRow[]): number => some.reduce((all, { count }) => all + count, 0);
  const oldest = (ages: readonly (number | null)[]): number | undefined => {
    const known = ages.filter((age) => age !== null);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  return {
    counts: {
      waiting: total(waiting),
      delayed: total(live.filter(({ ahead }) => ahead)),
      active: total(active),
      completed: 0,
      dead: total(dead),
      cancelled: 0,
      blocked: total(live.filter(({ ahead, held }) => !ahead && held)),
    },
    other: {},
    exact: true,
    oldestWaitingSeconds: oldest(waiting.map(({ due }) => due)),
    oldestActiveSeconds: oldest(active.map(({ running }) => running)),
  };
}
