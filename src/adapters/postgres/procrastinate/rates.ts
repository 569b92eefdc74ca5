import type { Rates } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import { meanOf } from '../mean.ts';
import type { Layout } from './layout.ts';

const WINDOW_SECONDS = 3_600;
/**
 * The event log has no index on time, but its ids rise with it. So a look at a few places, counted in events from the end,
 * tells where the window begins; of a busier hour no more than the last of them is read.
 */
const EDGES = [250, 500, 1_000, 2_000, 4_000, 7_000, 10_000, 15_000, 20_000];
const FARTHEST = Math.max(...EDGES);

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
  // of a job that ran for longer than the window
  const startedBefore = `(SELECT max(e.at) FROM ${layout.events} e WHERE e.job_id = n.job_id AND e.type::text = 'started' AND e.id < n.id)`;
  const rows = await db.query<RateRow>(
    `WITH edge AS (
       SELECT far.n, o.id, o.at, o.at < now() - interval '${WINDOW_SECONDS} s' AS old
         FROM (SELECT max(id) AS id FROM ${layout.events}) top, (VALUES ${EDGES.map((n) => `(${n})`).join(', ')}) far (n),
              LATERAL (SELECT e.id, e.at FROM ${layout.events} e
                       WHERE e.id <= top.id - far.n AND e.type::text <> 'scheduled' ORDER BY e.id DESC LIMIT 1) o),
     span AS (SELECT CASE WHEN bool_or(old) THEN max(id) FILTER (WHERE old) ELSE min(id) FILTER (WHERE n = ${FARTHEST}) END AS after,
                     CASE WHEN bool_or(n = ${FARTHEST}) AND NOT bool_or(old)
                          THEN least(${WINDOW_SECONDS}, extract(epoch FROM now() - min(at)))
                          ELSE ${WINDOW_SECONDS} END::float8 AS seconds FROM edge),
     tail AS MATERIALIZED (
       SELECT e.id, e.job_id, e.type::text AS type, e.at FROM ${layout.events} e
        WHERE e.id > coalesce((SELECT after FROM span), 0) ORDER BY e.id DESC LIMIT ${FARTHEST}),
     ended AS (SELECT t.id, t.job_id, t.type, t.at, max(s.at) AS started
                 FROM tail t CROSS JOIN span LEFT JOIN tail s ON s.job_id = t.job_id AND s.type = 'started' AND s.id < t.id
                WHERE t.type IN ('succeeded', 'failed') AND t.at > now() - make_interval(secs => span.seconds) GROUP BY 1, 2, 3, 4)
     SELECT j.queue, j.key,
            (count(*) FILTER (WHERE n.type = 'succeeded'))::float8 AS completed, (count(*) FILTER (WHERE n.type = 'failed'))::float8 AS died,
            (avg(extract(epoch FROM n.at - coalesce(n.started, ${startedBefore}))) FILTER (WHERE n.type = 'succeeded'))::float8 AS mean, (SELECT seconds FROM span) AS window
       FROM ended n, LATERAL (SELECT j.queue_name AS queue, ${key === undefined ? 'NULL::text' : `j.${key}`} AS key
                                FROM ${layout.jobs} j WHERE j.id = n.job_id LIMIT 1) j GROUP BY 1, 2
     UNION ALL SELECT '', NULL, 0, 0, NULL, seconds FROM span`,
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
  return {
    windowSeconds: one.windowSeconds,
    completed: sum.completed + one.completed,
    died: sum.died + one.died,
    meanSeconds: meanOf([sum, one].map(({ completed, meanSeconds }) => [completed, meanSeconds])),
  };
}
