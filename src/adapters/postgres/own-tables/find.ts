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
  return { job, ...(await historyOf(db, layout, job)), notes: [] };
}

/** The times that its row keeps, its dead letters and its relatives. */
export const historyOf = async (
  db: Db,
  layout: Layout,
  job: Pick<Job, 'id'>,
): Promise<Pick<JobDetail, 'timeline' | 'links'>> => ({
  timeline: await timelineOf(db, layout, job),
  links: [...(await lettersOf(db, layout, job)), ...(await relativesOf(db, layout, job))],
});

async function timelineOf(db: Db, { jobs, job }: Layout, { id }: Pick<Job, 'id'>): Promise<TimelineEntry[]> {
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

async function lettersOf(db: Db, { letters, job }: Layout, { id }: Pick<Job, 'id'>): Promise<JobDetail['links']> {
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

/** No job shows more children than this. */
const MOST = 20;

/** Parent and children, and how many are of the same batch. */
async function relativesOf(db: Db, { jobs, job }: Layout, { id }: Pick<Job, 'id'>): Promise<JobDetail['links']> {
  const { parentId, batchId, status } = job;
  const own = `(SELECT * FROM ${jobs.sql} j WHERE ${ref('j', job.id)} = ANY ($1::${idType(job.id)}[])) o`;
  const parts: string[] = [];
  if (parentId !== undefined) {
    // as they are where they can be: so the index on the ids finds it
    const bare = parentId.type === job.id.type ? ref : asText;
    const is = (parent: string, child: string): string => `${bare(parent, job.id)} = ${bare(child, parentId)}`;
    parts.push(
      `(SELECT 'parent' AS relation, ${asText('o', parentId)} || ' (' || coalesce(${ref('j', status)}::text, 'gone') || ')' AS to
          FROM ${own} LEFT JOIN ${jobs.sql} j ON ${is('j', 'o')} WHERE ${ref('o', parentId)} IS NOT NULL)`,
      `(SELECT 'child' AS relation, ${ref('j', job.id)}::text || ' (' || ${ref('j', status)}::text || ')' AS to
          FROM ${own} JOIN ${jobs.sql} j ON ${is('o', 'j')} ORDER BY ${ref('j', job.id)} LIMIT ${MOST})`,
    );
  }
  if (batchId !== undefined)
    parts.push(
      `(SELECT 'batch' AS relation, ${asText('o', batchId)} || ' (' || (SELECT count(*) FROM ${jobs.sql} j WHERE ${ref('j', batchId)} = ${ref('o', batchId)}) || ' jobs)' AS to
          FROM ${own} WHERE ${ref('o', batchId)} IS NOT NULL)`,
    );
  return parts.length === 0 ? [] : await db.query(parts.join(' UNION ALL '), [[id]]);
}
