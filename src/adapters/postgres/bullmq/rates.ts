import type { Rates } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import { nowMs } from './expressions.ts';
import type { Layout } from './layout.ts';

const WINDOW_MINUTES = 5;
const MINUTE_MS = 60_000;

interface RateRow {
  readonly queue: string;
  readonly now: number;
  /** Jobs that ended in the window and are still kept. */
  readonly completed: number;
  readonly failed: number;
  /** Whether any completed job is kept at all. */
  readonly keeps: boolean;
  readonly done: Recorded | null;
  readonly died: Recorded | null;
}

/** What workers write down, a number a minute, where `metrics` is on. */
interface Recorded {
  readonly count: number;
  readonly prev_ts: number | null;
  readonly prev_count: number;
  readonly data: readonly number[];
}

/**
 * What ended in the last five minutes: of the jobs that are kept, or by the workers' own records where they tell of more.
 * Nothing is told where jobs are dropped as they complete and nothing records them.
 */
export async function readRates(
  db: Db,
  { job, metrics }: Layout,
  queues: readonly string[],
): Promise<Map<string, Rates>> {
  const ended = (state: string): string =>
    `(SELECT count(*)::float8 FROM ${job} j WHERE j.queue = q.queue AND j.state = '${state}' AND j.finished_at_ms > ${nowMs} - ${WINDOW_MINUTES * MINUTE_MS})`;
  const recorded = (kind: string): string =>
    `(SELECT json_build_object('count', m.count, 'prev_ts', m.prev_ts, 'prev_count', m.prev_count, 'data', m.data[1:${WINDOW_MINUTES + 1}])
        FROM ${metrics} m WHERE m.queue = q.queue AND m.kind = '${kind}')`;
  const rows = await db.query<RateRow>(
    `SELECT q.queue, ${nowMs}::float8 AS now, ${ended('completed')} AS completed, ${ended('failed')} AS failed,
            EXISTS (SELECT FROM ${job} j WHERE j.queue = q.queue AND j.state = 'completed') AS keeps,
            ${recorded('completed')} AS done, ${recorded('failed')} AS died
       FROM unnest($1::text[]) AS q (queue)`,
    [queues],
  );
  return new Map(rows.flatMap((row) => (row.keeps || row.done !== null ? [[row.queue, ratesOf(row)] as const] : [])));
}

const ratesOf = ({ now, completed, failed, done, died }: RateRow): Rates => ({
  windowSeconds: (WINDOW_MINUTES * MINUTE_MS) / 1000,
  completed: Math.max(completed, recordedIn(done, now)),
  died: Math.max(failed, recordedIn(died, now)),
});

/** A number is written down when the next job ends; what came since then is the difference of two totals. */
function recordedIn(recorded: Recorded | null, now: number): number {
  if (recorded === null) return 0;
  const latest = Math.floor((recorded.prev_ts ?? now) / MINUTE_MS);
  const oldest = Math.floor(now / MINUTE_MS) - WINDOW_MINUTES + 1;
  const points = [recorded.count - recorded.prev_count, ...recorded.data];
  return points.reduce((sum, point, back) => (latest - back >= oldest ? sum + point : sum), 0);
}
