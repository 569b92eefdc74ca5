import type { Job, JobDetail, TimelineEntry } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import { asText, moment, ref } from './column-sql.ts';
import { idsFor, idType } from './conditions.ts';
import { isOpen } from './homes.ts';
import type { Layout } from './layout.ts';
import { jobsAt } from './rows.ts';

/** One job, the times that its row keeps, and its dead letters. A live job comes before a letter of the same id. */
export async function find(
  db: Db,
  layout: Layout,
  id: string,
  queue: string | undefined,
): Promise<JobDetail | undefined> {
  const [known] = idsFor(layout.job.id, [id]);
  if (known === undefined) return undefined;
  const places = (['job', 'letter'] as const).map((home) => ({ id: known, home }));
  const live = await jobsAt(db, layout, places);
  const found = live.length > 0 ? live : await jobsAt(db, layout, places, { resolved: true });
  const [job] = found.filter((one) => queue === undefined || one.queue === queue);
  if (job === undefined) return undefined;
  return { job, timeline: await timelineOf(db, layout, job), links: await lettersOf(db, layout, job), notes: [] };
}

async function timelineOf(db: Db, { jobs, job }: Layout, { id }: Job): Promise<TimelineEntry[]> {
  const columns = (['createdAt', 'runAt', 'startedAt', 'finishedAt', 'updatedAt'] as const).flatMap((name) => {
    const column = job[name];
    return column === undefined ? [] : [{ name, time: moment('j', column) }];
  });
  if (columns.length === 0) return [];
  const values = columns.map(({ name, time }) => `('${words[name]}', ${instant(time)})`).join(', ');
  const rows = await db.query<{ event: string; at: string }>(
    `SELECT t.event, t.at FROM ${jobs.sql} j, LATERAL (VALUES ${values}) AS t (event, at)
      WHERE ${ref('j', job.id)} = ANY ($1::${idType(job.id)}[]) AND t.at IS NOT NULL ORDER BY t.at`,
    [[id]],
  );
  return rows.map(({ event, at }) => ({ event, at }));
}

const words = {
  createdAt: 'created',
  runAt: 'due',
  startedAt: 'started',
  finishedAt: 'finished',
  updatedAt: 'last changed',
} as const;

async function lettersOf(db: Db, { letters, job }: Layout, { id }: Job): Promise<JobDetail['links']> {
  if (letters === undefined) return [];
  const { jobId, id: own, notes } = letters.columns;
  const open = isOpen(letters, 'l');
  const rows = await db.query<{ id: string; open: boolean; notes: string | null }>(
    `SELECT ${ref('l', own)}::text AS id, ${open} AS open, ${notes === undefined ? 'NULL::text' : asText('l', notes)} AS notes
       FROM ${letters.table.sql} l WHERE ${ref('l', jobId ?? own)} = ANY ($1::${idType(job.id)}[]) ORDER BY ${open} DESC, 1`,
    [[id]],
  );
  return rows.map((row) => ({
    relation: row.open ? 'dead letter' : 'resolved dead letter',
    to: row.notes === null ? row.id : `${row.id}: ${row.notes}`,
  }));
}
