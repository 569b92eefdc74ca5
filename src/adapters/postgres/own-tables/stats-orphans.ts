import type { Column } from './catalog.ts';
import { asText, literal, ref } from './column-sql.ts';
import { hasStatus, isOpen, letterHome } from './homes.ts';
import type { Letters } from './layout.ts';
import { type Asked, ago, isRecent, WINDOW_SECONDS } from './stats-asked.ts';

/** Letters that tell neither queue nor key, so that one whose original failed counts where that is counted already. */
export const isSilent = ({ by }: Asked, { columns }: Letters): boolean =>
  columns.jobId?.notNull === true && columns.queue === undefined && (by === undefined || columns[by] === undefined);

/** Of silent letters only those without a failed original are counted; of the others, when they died: as their letters say. */
export function orphans(asked: Asked, letters: Letters): string[] {
  const { finishedAt } = asked.layout.job;
  const { createdAt } = letters.columns;
  const late =
    finishedAt === undefined || createdAt === undefined ? [] : retimed(asked, letters, finishedAt, createdAt);
  return [alone(asked, letters), ...late];
}

function alone({ layout, by, only }: Asked, letters: Letters): string {
  const { job, jobs, queueName } = layout;
  const { id, jobId, createdAt } = letters.columns;
  const key = ref('n', jobId as Column);
  const newest = [createdAt, id].flatMap((column) => (column === undefined ? [] : [`${ref('n', column)} DESC`]));
  const failed = `EXISTS (SELECT FROM ${jobs.sql} o WHERE ${ref('o', job.id)} = ${key} AND ${hasStatus(layout, 'o', 'dead')})`;
  const told = (column: Column | undefined, last: string): string =>
    column === undefined
      ? literal(last)
      : `coalesce((SELECT ${asText('x', column)} FROM ${jobs.sql} x WHERE ${ref('x', job.id)} = d.job), ${literal(last)})`;
  return `SELECT t.queue, t.key, 'dead letter', NULL::boolean, 'letter', count(*)::float8, NULL::float8, (count(*) FILTER (WHERE t.fresh))::float8, NULL::float8
    FROM (SELECT ${told(job.queue, queueName)} AS queue, ${by === undefined ? 'NULL::text' : told(job[by], by === 'type' ? 'job' : '')} AS key, d.fresh
            FROM (SELECT DISTINCT ON (${key}) ${key} AS job, ${createdAt === undefined ? 'false' : isRecent('n', createdAt)} AS fresh
                    FROM ${letters.table.sql} n WHERE ${isOpen(letters, 'n')} AND NOT ${failed} ORDER BY ${[key, ...newest].join(', ')}) d) t
   WHERE ${only('t.queue')} GROUP BY 1, 2`;
}

/** A failed job with a letter died when its newest was written, and not when it ended. */
function retimed({ layout, own, key, only }: Asked, letters: Letters, finishedAt: Column, createdAt: Column): string[] {
  const { job } = layout;
  const jobId = letters.columns.jobId as Column;
  const dead = hasStatus(layout, 'j', 'dead');
  const died = (count: string, from: string, when: string): string =>
    `SELECT ${own.queue}, ${key}, ${own.native}, NULL::boolean, 'job', 0::float8, NULL::float8, ${count}::float8, NULL::float8
      FROM ${from} WHERE ${dead} AND ${when} AND ${only(own.queue)} GROUP BY 1, 2, ${ref('j', job.status)}`;
  const isNewest = `${ref('d', createdAt)} > ${ago(createdAt, WINDOW_SECONDS)} AND ${letterHome(layout, letters).shown}`;
  const has = `EXISTS (SELECT FROM ${letters.table.sql} l WHERE ${ref('l', jobId)} = ${ref('j', job.id)} AND ${isOpen(letters, 'l')})`;
  return [
    died('count(*)', `${letters.table.sql} d JOIN ${own.from} ON ${ref('j', job.id)} = ${ref('d', jobId)}`, isNewest),
    died('-count(*)', own.from, `${ref('j', finishedAt)} > ${ago(finishedAt, WINDOW_SECONDS)} AND ${has}`),
  ];
}
