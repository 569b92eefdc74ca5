import type { Breakdown } from '../../../domain/stats.ts';
import { type Parameters, quoted, quotedLiterals } from '../sql.ts';
import type { Column } from './catalog.ts';
import { asText, literal, ref } from './column-sql.ts';
import { hasStatus, isHidden, jobHome, letterHome } from './homes.ts';
import { begins, type Layout, type Letters } from './layout.ts';

export const WINDOW_SECONDS = 3_600;

/** The server's time as the column has it, less so many seconds. */
const ago = ({ kind }: Column, seconds: number): string =>
  `${kind === 'timestamp' ? `timezone('UTC', now())` : 'now()'} - interval '${seconds} s'`;
/** The same for a condition on a million rows: worked out once. Where an index is to be chosen, it must not be hidden like this. */
const once = (time: string): string => `(SELECT ${time})`;

interface Asked {
  readonly layout: Layout;
  readonly by: Breakdown | undefined;
  /** The condition that a row is in one of the queues asked for, by the SQL of its queue. */
  only(queue: string): string;
}

/**
 * Rows that together make up the counts. Failed jobs for which a letter stands are counted with all others, then taken
 * off: a join is cheaper than a look at each.
 */
export function statsQuery(
  layout: Layout,
  queues: readonly string[] | undefined,
  by: Breakdown | undefined,
  parameters: Parameters,
): string {
  const asked: Asked = {
    layout,
    by,
    only: (queue) => (queues === undefined ? 'true' : `${queue} = ANY (${parameters.add(queues)})`),
  };
  const jobs = by === undefined && isIndexed(layout) ? jobsByIndex(asked) : [jobsInOnePass(asked)];
  const { letters } = layout;
  if (letters === undefined) return jobs.join(' UNION ALL ');
  return `${failedJobs(layout)} ${[...jobs, hiddenJobs(asked), openLetters(asked, letters)].join(' UNION ALL ')}`;
}

/** Whether indexes tell all that is counted, so that the rows of what is over need not be read. */
function isIndexed({ jobs, job }: Layout): boolean {
  const { queue, status, finishedAt } = job;
  if (!status.notNull || (queue !== undefined && !queue.notNull)) return false;
  const names = queue === undefined ? [status.name] : [status.name, queue.name];
  return (
    (begins(jobs, names) || begins(jobs, names.toReversed())) &&
    begins(jobs, [status.name]) &&
    (finishedAt === undefined || begins(jobs, [finishedAt.name]))
  );
}

function parts({ layout, by }: Asked) {
  const { job } = layout;
  const own = jobHome(layout);
  const { finishedAt, startedAt, runAt } = job;
  return {
    own,
    key: by === undefined ? 'NULL::text' : own[by],
    status: ref('j', job.status),
    recent: finishedAt === undefined ? 'false' : `${ref('j', finishedAt)} > ${once(ago(finishedAt, WINDOW_SECONDS))}`,
    lately: finishedAt === undefined ? undefined : `${ref('j', finishedAt)} > ${ago(finishedAt, WINDOW_SECONDS)}`,
    ran:
      startedAt === undefined || finishedAt === undefined
        ? 'NULL::float8'
        : `extract(epoch FROM ${ref('j', finishedAt)} - ${ref('j', startedAt)})`,
    ahead:
      runAt === undefined
        ? 'NULL::boolean'
        : `CASE WHEN ${hasStatus(layout, 'j', 'waiting')} THEN ${ref('j', runAt)} > ${once(ago(runAt, 0))} END`,
    live: hasStatus(layout, 'j', 'waiting', 'active'),
  };
}

function jobsInOnePass(asked: Asked): string {
  const { own, key, status, recent, ran, ahead, live } = parts(asked);
  return `SELECT ${own.queue} AS queue, ${key} AS key, ${own.native} AS native, ${ahead} AS ahead, 'job' AS home, count(*)::float8 AS count,
      extract(epoch FROM now() - min(${own.since}) FILTER (WHERE ${live}))::float8 AS oldest,
      (count(*) FILTER (WHERE ${recent}))::float8 AS recent, (avg(${ran}) FILTER (WHERE ${recent}))::float8 AS mean
    FROM ${own.from} WHERE ${asked.only(own.queue)} GROUP BY 1, 2, 4, ${status}`;
}

/** What is live from its rows, what is over from an index alone, what ended lately once more by its time. */
function jobsByIndex(asked: Asked): string[] {
  const { own, status, recent, lately, ran, ahead, live } = parts(asked);
  const { labels } = asked.layout;
  const over = [...labels.waiting, ...labels.active];
  const only = asked.only(own.queue);
  const branches = [
    `SELECT ${own.queue} AS queue, NULL::text AS key, ${own.native} AS native, NULL::boolean AS ahead, 'job' AS home, count(*)::float8 AS count,
        NULL::float8 AS oldest, 0::float8 AS recent, NULL::float8 AS mean
      FROM ${own.from} WHERE ${status} NOT IN ${quotedLiterals(over)} AND ${only} GROUP BY 1, ${status}`,
    `SELECT ${own.queue}, NULL::text, ${own.native}, ${ahead}, 'job', count(*)::float8,
        extract(epoch FROM now() - min(${own.since}))::float8, (count(*) FILTER (WHERE ${recent}))::float8, NULL::float8
      FROM ${own.from} WHERE ${live} AND ${only} GROUP BY 1, 4, ${status}`,
  ];
  if (lately !== undefined)
    branches.push(
      `SELECT ${own.queue}, NULL::text, ${own.native}, NULL::boolean, 'job', 0::float8, NULL::float8, count(*)::float8, avg(${ran})::float8
        FROM ${own.from} WHERE ${lately} AND NOT ${live} AND ${only} GROUP BY 1, ${status}`,
    );
  return branches;
}

/** Read once, for the two branches that are about them. */
function failedJobs(layout: Layout): string {
  const { job, jobs } = layout;
  const columns = [job.id, job.queue, job.type, job.lane, job.tenant, job.status, job.startedAt, job.finishedAt];
  const names = new Set(columns.flatMap((column) => (column === undefined ? [] : [quoted(column.name)])));
  return `WITH failed AS (SELECT ${[...names].join(', ')} FROM ${jobs.sql} j WHERE ${hasStatus(layout, 'j', 'dead')})`;
}

function hiddenJobs(asked: Asked): string {
  const { own, key, recent } = parts(asked);
  return `SELECT ${own.queue}, ${key}, ${own.native}, NULL::boolean, 'job', -count(*)::float8, NULL::float8, -(count(*) FILTER (WHERE ${recent}))::float8, NULL::float8
    FROM failed j WHERE ${isHidden(asked.layout, 'j')} AND ${asked.only(own.queue)} GROUP BY 1, 2, 3`;
}

/** The original of a letter is mostly a failed job; only where it is not, all jobs are asked for it. */
function openLetters({ layout, by, only }: Asked, letters: Letters): string {
  const { job, jobs, queueName } = layout;
  const home = letterHome(layout, letters);
  const { jobId, queue, createdAt } = letters.columns;
  const told = (own: Column | undefined, original: Column | undefined, otherwise: string): string => {
    const known = own === undefined ? [] : [asText('d', own)];
    if (own?.notNull) return asText('d', own);
    if (original !== undefined && jobId !== undefined)
      known.push(
        asText('o', original),
        `(SELECT ${asText('x', original)} FROM ${jobs.sql} x WHERE ${ref('x', job.id)} = ${ref('d', jobId)})`,
      );
    return `coalesce(${[...known, literal(otherwise)].join(', ')})`;
  };
  const name = told(queue, job.queue, queueName);
  const key = by === undefined ? 'NULL::text' : told(letters.columns[by], job[by], by === 'type' ? 'job' : '');
  const from = `${letters.table.sql} d LEFT JOIN failed o ON ${jobId === undefined ? 'false' : `${ref('o', job.id)} = ${ref('d', jobId)}`}`;
  const recent =
    createdAt === undefined
      ? `${home.since} > (SELECT now() - interval '${WINDOW_SECONDS} s')`
      : `${ref('d', createdAt)} > ${once(ago(createdAt, WINDOW_SECONDS))}`;
  return `SELECT ${name}, ${key}, ${home.native}, NULL::boolean, 'letter', count(*)::float8, NULL::float8, (count(*) FILTER (WHERE ${recent}))::float8, NULL::float8
    FROM ${from} WHERE ${home.shown} AND ${only(name)} GROUP BY 1, 2, 3`;
}
