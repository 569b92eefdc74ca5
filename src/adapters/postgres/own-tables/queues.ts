import type { QueueRef } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import type { Column } from './catalog.ts';
import { asText, literal, ref } from './column-sql.ts';
import { hasStatus } from './homes.ts';
import { begins, type Layout, type Letters } from './layout.ts';

/** Every queue that a job or a letter names. */
export async function queues(db: Db, layout: Layout): Promise<QueueRef[]> {
  const names = [ofJobs(layout), ...(layout.letters === undefined ? [] : ofLetters(layout, layout.letters))];
  return await db.query<{ queue: string }>(`${names.join(' UNION ')} ORDER BY 1`);
}

/** By one step a name through an index that begins with it, or with the status and then with it; else by reading all. */
function ofJobs({ jobs, job, queueName }: Layout): string {
  const { queue, status } = job;
  const from = `FROM ${jobs.sql} j`;
  if (queue === undefined) return `SELECT ${literal(queueName)} AS queue WHERE EXISTS (SELECT ${from})`;
  const steps = [[queue], [status, queue]].find(
    (columns) =>
      begins(
        jobs,
        columns.map(({ name }) => name),
      ) && columns.every(({ notNull }) => notNull),
  );
  if (steps === undefined)
    return `SELECT DISTINCT ${queue.notNull ? asText('j', queue) : `coalesce(${asText('j', queue)}, ${literal(queueName)})`} AS queue ${from}`;
  const columns = steps.map((column) => ref('j', column)).join(', ');
  const named = steps.map((_, place) => `c${place}`);
  const last: Column = { ...queue, name: `c${steps.length - 1}` };
  return `SELECT DISTINCT ${asText('s', last)} AS queue FROM (
      WITH RECURSIVE s (${named.join(', ')}) AS (
        (SELECT ${columns} ${from} ORDER BY ${columns} LIMIT 1)
        UNION ALL
        SELECT n.* FROM s, LATERAL (SELECT ${columns} ${from} WHERE (${columns}) > (${named.map((name) => `s.${name}`).join(', ')}) ORDER BY ${columns} LIMIT 1) n)
      SELECT * FROM s) s`;
}

/** A letter that does not name its queue is in that of its job, which is told by the jobs already, unless it is gone. */
function ofLetters(layout: Layout, { table, columns }: Letters): string[] {
  const { jobs, job, queueName } = layout;
  const { queue, jobId } = columns;
  const from = `FROM ${table.sql} d`;
  const own = (column: Column): string =>
    `SELECT DISTINCT ${asText('d', column)} AS queue ${from} WHERE ${ref('d', column)} IS NOT NULL`;
  if (queue?.notNull) return [own(queue)];
  const unnamed = queue === undefined ? 'true' : `${ref('d', queue)} IS NULL`;
  // most originals are failed jobs, and those few are read at once: only the rest is looked up one by one
  const missing =
    job.queue === undefined || jobId === undefined
      ? ''
      : `LEFT JOIN (SELECT ${ref('f', job.id)} AS id FROM ${jobs.sql} f WHERE ${hasStatus(layout, 'f', 'dead')} OFFSET 0) f ON f.id = ${ref('d', jobId)}
         WHERE f.id IS NULL AND (SELECT true FROM ${jobs.sql} o WHERE ${ref('o', job.id)} = ${ref('d', jobId)}) IS NULL AND`;
  const orphan = `SELECT ${literal(queueName)} AS queue WHERE EXISTS (SELECT ${from} ${missing === '' ? 'WHERE' : missing} ${unnamed})`;
  return [...(queue === undefined ? [] : [own(queue)]), orphan];
}
