import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Ended } from '../e2e/jobctl.ts';
import { type Incident, openIncident } from './incident.ts';
import { playRunbook, type Tale } from './play.ts';
import { oldLines, writes } from './procrastinate-effects.ts';
import { idsShown, statsOf } from './reads.ts';

/** Where jobctl does more than the old statement: a replayed job has all its attempts again, a lost run counts as one. */
function counted(after: string, before: string): string {
  if (before.startsWith('failed') && after.startsWith('todo')) return after.replace(/^todo \d+/, 'todo 0');
  if (before.startsWith('doing')) return after.replace(/^todo (\d+)/, (_, attempts) => `todo ${Number(attempts) + 1}`);
  return after;
}

/** What the reads must tell, compared with what the old statements count. */
const checks: Tale<Incident>['checks'] = {
  'jobctl stats --json': async (ended, { pool }) => {
    const { rows } = await pool.query(
      `SELECT queue_name AS queue, count(*) FILTER (WHERE status = 'todo')::int AS todo,
              (count(*) FILTER (WHERE e.type = 'failed' AND e.at > now() - interval '1 hour'))::int AS died,
              (count(*) FILTER (WHERE e.type = 'succeeded' AND e.at > now() - interval '1 hour'))::int AS completed
         FROM procrastinate_jobs j
         LEFT JOIN procrastinate_events e ON e.job_id = j.id AND e.type::text = j.status::text GROUP BY 1 ORDER BY 1`,
    );
    expect(
      statsOf(ended).map(({ queue, counts, rates: { died, completed } }) => ({
        queue,
        todo: (counts['waiting'] ?? 0) + (counts['delayed'] ?? 0) + (counts['blocked'] ?? 0),
        died,
        completed,
      })),
    ).toEqual(rows);
  },
  'jobctl stats --by type --json': (ended) => {
    const types = statsOf(ended).flatMap(({ by = [] }) => by);
    expect(types.find(({ key }) => key === 'email.send')?.rates.meanSeconds).toBeCloseTo(4, 1);
  },
  'jobctl job list --state active --older-than 5m': (ended) => shows(ended, ['140', '141', '142']),
  'jobctl job list --stuck': (ended) => shows(ended, ['140', '141']),
  'jobctl dlq list': (ended) => shows(ended, ['108', '109', '123', '124', '125', '126', '127', '128', '129']),
  'jobctl job list email --state waiting': (ended) => shows(ended, ['150', '151', '152']),
  'jobctl schema apply -c new --file schema.sql --dry-run': async (_, { empty }) => {
    expect(await tablesIn(empty.url)).toEqual([]);
  },
  'jobctl schema apply -c new --file schema.sql --confirm new': async (_, { empty }) => {
    expect(await tablesIn(empty.url)).toContain('procrastinate_jobs');
  },
};

const shows = (ended: Ended, ids: readonly string[]): void => idsShown(ended, /^1\d\d(?= )/gm, ids);

async function tablesIn(url: string): Promise<string[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

playRunbook<Incident>({
  page: 'procrastinate',
  oldLines,
  writes,
  files: { 'schema.sql': readFileSync(new URL('../../assets/demo/procrastinate.sql', import.meta.url), 'utf8') },
  open: openIncident,
  becomes: counted,
  checks,
});
