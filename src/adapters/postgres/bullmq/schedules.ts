import type { Schedule } from '../../../domain/schedule.ts';
import type { Db } from '../connection.ts';
import { instantOf } from './expressions.ts';
import type { Layout } from './layout.ts';
import { PAUSED, rowIn, type SavedScheduler } from './saved-scheduler.ts';

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

/** Those at work, and those that are paused. */
export async function schedules(
  db: Db,
  { scheduler, meta }: Layout,
  queues: readonly string[] | undefined,
): Promise<Schedule[]> {
  const rows = await db.query<SchedulerRow>(
    `SELECT s.queue, s.scheduler_id AS id, s.name, s.next_run_ms::float8 AS next, s.pattern, s.every_ms::float8 AS every, s.tz AS zone
       FROM ${scheduler} s WHERE $1::text[] IS NULL OR s.queue = ANY ($1) ORDER BY 1, 2 LIMIT ${MOST}`,
    [queues ?? null],
  );
  // whoever makes a scheduler anew ends its pause
  const kept = await db.query<{ queue: string; value: string }>(
    `SELECT m.queue, m.value FROM ${meta} m
      WHERE starts_with(m.field, $2) AND ($1::text[] IS NULL OR m.queue = ANY ($1))
        AND NOT EXISTS (SELECT FROM ${scheduler} s WHERE s.queue = m.queue AND s.scheduler_id = substr(m.field, length($2) + 1))
      ORDER BY m.queue, m.field LIMIT ${MOST}`,
    [queues ?? null, PAUSED],
  );
  return [
    ...rows.map((row): Schedule => ({ ...scheduleOf(row), nextAt: instantOf(row.next), paused: false })),
    ...kept.map(({ queue, value }): Schedule => {
      const saved = JSON.parse(value) as SavedScheduler;
      const { name, pattern, every_ms: every, tz: zone } = rowIn(saved);
      return { ...scheduleOf({ queue, id: saved.id, name, pattern, every, zone }), paused: true };
    }),
  ];
}

const scheduleOf = ({ queue, id, name, ...rule }: Omit<SchedulerRow, 'next'>): Schedule => ({
  id,
  queue,
  type: name ?? undefined,
  when: whenOf(rule),
});

function whenOf({ pattern, every, zone }: Pick<SchedulerRow, 'pattern' | 'every' | 'zone'>): string {
  if (pattern !== null) return zone === null ? pattern : `${pattern} (${zone})`;
  if (every === null || !(every > 0)) return 'unknown';
  const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
  const [unit, length] = Object.entries(units).find(([, size]) => every % size === 0) ?? ['ms', 1];
  return `every ${every / length}${unit}`;
}
