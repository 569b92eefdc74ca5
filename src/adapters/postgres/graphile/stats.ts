import type { QueueRef } from '../../../domain/adapter.ts';
import type { QueueStats, StatsRequest, StatsRow } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';
import { type CountRow, countRows } from './stats-rows.ts';

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

/** What succeeded is deleted, so there are no rates to tell. */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const byLane = request.by === 'lane';
  const asked = request.queues ?? (await queues(db, layout)).map(({ queue }) => queue);
  const groups = await countRows(db, layout, request.queues, byLane);
  return asked.map((queue) => {
    const own = groups.filter((group) => group.queue === queue);
    return { queue, ...toRow(own), by: breakdown(own, queue, request.by) };
  });
}

function breakdown(own: readonly CountRow[], queue: string, by: StatsRequest['by']): QueueStats['by'] {
  // the type of a job is its queue
  if (by === 'type') return own.some(({ total }) => total > 0) ? [{ key: queue, ...toRow(own) }] : [];
  if (by !== 'lane') return undefined;
  const lanes = [...new Set(own.map(({ lane }) => lane ?? ''))].slice(0, MAX_KEYS);
  return lanes.map((key) => ({ key, ...toRow(own.filter(({ lane }) => (lane ?? '') === key)) }));
}

function toRow(groups: readonly CountRow[]): StatsRow {
  const sum = (field: 'total' | 'active' | 'available' | 'ahead' | 'held'): number =>
    groups.reduce((all, group) => all + group[field], 0);
  const oldest = (field: 'due' | 'running'): number | undefined => {
    const ages = groups.flatMap((group) => group[field] ?? []);
    return ages.length === 0 ? undefined : Math.max(...ages);
  };
  const [active, available, delayed, blocked] = [sum('active'), sum('available'), sum('ahead'), sum('held')];
  const waiting = available - delayed - blocked;
  const dead = sum('total') - active - available;
  return {
    counts: { waiting, delayed, active, completed: 0, dead, cancelled: 0, blocked },
    other: {},
    exact: true,
    oldestWaitingSeconds: waiting > 0 ? oldest('due') : undefined,
    oldestActiveSeconds: oldest('running'),
  };
}
