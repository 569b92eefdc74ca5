import type { Rates } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';

/** The event log has no index on time, so only its tail is read: this many events, and no more than an hour back. */
const TAIL_EVENTS = 20_000;
const WINDOW_SECONDS = 3_600;

interface RateRow {
  readonly queue: string;
  readonly key: string | null;
  readonly completed: number;
  readonly died: number;
  readonly mean: number | null;
  readonly window: number;
}

/**
 * What ended lately, by queue (and `queue\0key` with a breakdown). The entry `window` is for queues in which nothing did.
 * The window shrinks to what the tail covers, so a busy queue gives a short and true rate, not a long and wrong one.
 */
export async function readRates(db: Db, layout: Layout, key: string | undefined): Promise<Map<string, Rates>> {
  const rows = await db.query<RateRow>(
    `WITH tail AS MATERIALIZED (
       SELECT e.id, e.job_id, e.type::text AS type, e.at FROM ${layout.events} e ORDER BY e.id DESC LIMIT ${TAIL_EVENTS}),
     span AS (SELECT CASE WHEN (SELECT min(id) FROM ${layout.events}) >= min(id) THEN ${WINDOW_SECONDS}
                          ELSE least(${WINDOW_SECONDS}, extract(epoch FROM now() - min(at) FILTER (WHERE type <> 'scheduled'))) END::float8 AS seconds,
                     bool_or(type IN ('succeeded', 'failed') AND at > now() - interval '${WINDOW_SECONDS} s') AS busy FROM tail),
     timed AS (SELECT t.*, max(t.at) FILTER (WHERE t.type = 'started') OVER (PARTITION BY t.job_id ORDER BY t.id) AS started
                 FROM tail t WHERE (SELECT busy FROM span)),
     ended AS (SELECT t.job_id, t.type, t.at, t.started FROM timed t, span
                WHERE t.type IN ('succeeded', 'failed') AND t.at > now() - make_interval(secs => span.seconds))
     SELECT j.queue, j.key,
            (count(*) FILTER (WHERE n.type = 'succeeded'))::float8 AS completed, (count(*) FILTER (WHERE n.type = 'failed'))::float8 AS died,
            (avg(extract(epoch FROM n.at - n.started)) FILTER (WHERE n.type = 'succeeded'))::float8 AS mean, (SELECT seconds FROM span) AS window
       FROM ended n, LATERAL (SELECT j.queue_name AS queue, ${key === undefined ? 'NULL::text' : `j.${key}`} AS key
                                FROM ${layout.jobs} j WHERE j.id = n.job_id LIMIT 1) j GROUP BY 1, 2
     UNION ALL SELECT '', NULL, 0, 0, NULL, seconds FROM span WHERE seconds IS NOT NULL`,
  );
  const rates = new Map<string, Rates>();
  for (const row of rows) {
    const one: Rates = {
      windowSeconds: row.window,
      completed: row.completed,
      died: row.died,
      meanSeconds: row.mean ?? undefined,
    };
    if (row.queue === '') {
      rates.set('window', one);
      continue;
    }
    rates.set(row.queue, added(rates.get(row.queue), one));
    if (key !== undefined) rates.set(`${row.queue}\0${row.key ?? ''}`, one);
  }
  return rates;
}

function added(sum: Rates | undefined, one: Rates): Rates {
  if (sum === undefined) return one;
  const completed = sum.completed + one.completed;
  const seconds = (sum.meanSeconds ?? 0) * sum.completed + (one.meanSeconds ?? 0) * one.completed;
  return {
    windowSeconds: one.windowSeconds,
    completed,
    died: sum.died + one.died,
    meanSeconds: completed === 0 ? undefined : seconds / completed,
  };
}
