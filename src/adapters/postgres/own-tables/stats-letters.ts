import { quoted } from '../sql.ts';
import type { Column } from './catalog.ts';
import { asText, literal, ref } from './column-sql.ts';
import { hasStatus, isHidden, letterHome } from './homes.ts';
import { hasKey, type Letters } from './layout.ts';
import { type Asked, isRecent, WINDOW_SECONDS } from './stats-asked.ts';
import { isSilent, orphans } from './stats-orphans.ts';

/** What a group of letters is told by beside the columns of their originals: under names that no column of a table has. */
const named = (name: string): string => `letter's ${name}`;
const part = (name: string): string => quoted(named(name));

/**
 * Failed jobs for which a letter stands are counted with all others, so they are taken off again, while their letter is
 * counted. Where a job has one such letter at most, both come out of the same rows.
 */
export function letterBranches(asked: Asked, letters: Letters): string[] {
  const { layout, own, key, only } = asked;
  const { finishedAt, status } = layout.job;
  const sole = isSole(letters);
  const late = finishedAt === undefined ? '0' : `-(count(*) FILTER (WHERE ${isRecent('j', finishedAt)}))`;
  const open = sole && isSilent(asked, letters) ? orphans(asked, letters) : [openLetters(asked, letters, sole)];
  return [
    ...open,
    `SELECT ${own.queue}, ${key}, ${own.native}, NULL::boolean, 'job', -count(*)::float8, NULL::float8, ${late}::float8, NULL::float8
      FROM ${own.from} WHERE ${hasStatus(layout, 'j', 'dead')} AND ${isHidden(layout, 'j', sole ? 'resolved' : 'any')} AND ${only(own.queue)}
      GROUP BY 1, 2, ${ref('j', status)}`,
  ];
}

/** Whether no job has two letters of which neither is the newer. */
const isSole = ({ table, columns: { id, createdAt } }: Letters): boolean =>
  hasKey(table, id.name) && id.notNull && createdAt?.notNull !== false;

/** Each row of the answer is a letter's, or takes its failed original off. */
function openLetters(asked: Asked, letters: Letters, sole: boolean): string {
  const { own, key, only } = asked;
  const letter = told(asked, letters);
  const original = `(${own.queue}, ${key}, ${own.native}, 'job', -j.${part('count')}, -j.${part('ends')})`;
  return `SELECT t.queue, t.key, t.native, NULL::boolean, t.home, t.count::float8, NULL::float8, t.recent::float8, NULL::float8
    FROM (${groupedLetters(asked, letters)}) j,
         LATERAL (VALUES (${letter.queue}, ${letter.key}, 'dead letter', 'letter', j.${part('count')}, j.${part('times')})${sole ? `, ${original}` : ''}) t (queue, key, native, home, count, recent)
   WHERE (t.home = 'letter' OR j.${part('paired')}) AND ${only('t.queue')}`;
}

/**
 * The letters that are shown, by what tells their queue: their own columns, those of a failed original, or, where there is
 * none, the id of the job. Grouped by bare columns: of what is worked out the planner expects as many groups as rows.
 */
function groupedLetters({ layout, by }: Asked, letters: Letters): string {
  const { job, jobs } = layout;
  const home = letterHome(layout, letters);
  const { jobId, queue, createdAt } = letters.columns;
  const mine = (column: Column | undefined): string => (column === undefined ? 'NULL::text' : ref('d', column));
  const id = ref('o', job.id);
  const names = new Set([job.status, job.queue, by && job[by]].flatMap((column) => column?.name ?? []));
  const fresh =
    createdAt === undefined
      ? `${home.since} > (SELECT now() - interval '${WINDOW_SECONDS} s')`
      : isRecent('d', createdAt);
  const late = job.finishedAt === undefined ? 'false' : isRecent('o', job.finishedAt);
  return `SELECT ${mine(queue)} AS ${part('queue')}, ${mine(by && letters.columns[by])} AS ${part('key')},
                 ${jobId === undefined ? 'NULL::text' : `CASE WHEN ${id} IS NULL THEN ${ref('d', jobId)} END`} AS ${part('job')}, ${id} IS NOT NULL AS ${part('paired')},
                 ${[...names].map((name) => `o.${quoted(name)}`).join(', ')}, count(*) AS ${part('count')},
                 count(*) FILTER (WHERE ${fresh}) AS ${part('times')}, count(*) FILTER (WHERE ${late}) AS ${part('ends')}
            FROM ${letters.table.sql} d LEFT JOIN ${jobs.sql} o
                   ON ${jobId === undefined ? 'false' : `${id} = ${ref('d', jobId)} AND ${hasStatus(layout, 'o', 'dead')}`}
           WHERE ${home.shown} GROUP BY ${[1, 2, 3, 4, ...[...names].map((_, place) => place + 5)].join(', ')}`;
}

/** Queue and key of letters: their own, else those of the original in whatever state, else what such a job is shown with. */
function told({ layout, by }: Asked, letters: Letters) {
  const { job, jobs, queueName } = layout;
  const { columns } = letters;
  const one = (name: string, column: Column | undefined, original: Column | undefined, last: string): string => {
    const known = column === undefined ? [] : [asText('j', { ...column, name: named(name) })];
    if (column?.notNull) return known.join();
    if (original !== undefined && columns.jobId !== undefined)
      known.push(
        asText('j', original),
        `(SELECT ${asText('x', original)} FROM ${jobs.sql} x WHERE ${ref('x', job.id)} = j.${part('job')})`,
      );
    return `coalesce(${[...known, literal(last)].join(', ')})`;
  };
  return {
    queue: one('queue', columns.queue, job.queue, queueName),
    key: by === undefined ? 'NULL::text' : one('key', columns[by], job[by], by === 'type' ? 'job' : ''),
  };
}
