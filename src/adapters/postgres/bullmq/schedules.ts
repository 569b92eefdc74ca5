import type { Schedule } from '../../../domain/schedule.ts';
import type { Db } from '../connection.ts';
import { instantOf } from './expressions.ts';
import type { Layout } from './layout.ts';

const MOST = 1000;

interface SchedulerRow {
  readonly queue: string;
  readonly id: string;
  readonly name: string | null;
  readonly next: number | null;
  readonly pattern: string | null;
  readonly every: number | null;
  readonly zone: string | null;
}

/** The library pauses none, so none is ever said to be paused. */
export async function schedules(
  db: Db,
  { scheduler }: Layout,
  queues: readonly string[] | undefined,
): Promise<Schedule[]> {
  const rows = await db.query<SchedulerRow>(
    `SELECT s.queue, s.scheduler_id AS id, s.name, s.next_run_ms::float8 AS next, s.pattern, s.every_ms::float8 AS every, s.tz AS zone
       FROM ${scheduler} s WHERE $1::text[] IS NULL OR s.queue = ANY ($1) ORDER BY 1, 2 LIMIT ${MOST}`,
    [queues ?? null],
  );
  return rows.map(({ queue, id, name, next, ...rule }) => ({
    id,
    queue,
    type: name ?? undefined,
    when: whenOf(rule),
    nextAt: instantOf(next),
  }));
}

function whenOf({ pattern, every, zone }: Pick<SchedulerRow, 'pattern' | 'every' | 'zone'>): string {
  if (pattern !== null) return zone === null ? pattern : `${pattern} (${zone})`;
  if (every === null || !(every > 0)) return 'unknown';
  const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
  const [unit, length] = Object.entries(units).find(([, size]) => every % size === 0) ?? ['ms', 1];
  return `every ${every / length}${unit}`;
}
