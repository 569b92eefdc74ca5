import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Dice } from './dice.ts';
import { waiting } from './life.ts';
import { tenants, unreachableTenant } from './payloads.ts';
import { deliver, greet, type StoryJob, send, write } from './story-job.ts';

const TICK_MS = 500;
/** A demo that was forgotten must not fill the disk. */
const MOST_WAITING = 5000;

/** The application: it keeps putting jobs in, more webhooks than their workers can deliver. */
export async function keepShopOpen(db: pg.Pool, d: Dice, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const { rows } = await db.query<{ full: boolean }>(
      `SELECT count(*) >= $1 AS full FROM (SELECT FROM procrastinate_jobs WHERE status = 'todo' LIMIT $1) AS waiting`,
      [MOST_WAITING],
    );
    if (rows[0]?.full === false) for (const job of customers(d)) await defer(db, job);
    await sleep(TICK_MS, undefined, { signal: stop }).catch(() => {}); // woken up to stop
  }
}

/** What half a second brings. */
function customers(d: Dice): StoryJob[] {
  const now = waiting(0);
  const jobs: StoryJob[] = [];
  if (d.roll() < 0.5) jobs.push(send(d, d.roll() < 0.2 ? 'receipt-v2' : 'receipt-v1', now));
  if (d.roll() < 0.15) jobs.push(greet(d, now));
  if (d.roll() < 0.9) jobs.push(deliver(d, d.roll() < 0.45 ? unreachableTenant : d.pick(tenants), now));
  if (d.roll() < 0.04) jobs.push(write(d, d.pick(tenants), now));
  return jobs;
}

const defer = (db: pg.Pool, { queue, type, priority, lock, args }: StoryJob): Promise<unknown> =>
  db.query(
    'SELECT procrastinate_defer_jobs_v1(ARRAY[ROW($1, $2, $3, $4, NULL, $5, NULL)::procrastinate_job_to_defer_v1])',
    [queue, type, priority ?? 0, lock, JSON.stringify(args)],
  );
