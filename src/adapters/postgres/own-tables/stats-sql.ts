import type { Breakdown } from '../../../domain/stats.ts';
import type { Parameters } from '../sql.ts';
import type { Column } from './catalog.ts';
import { moment, ref } from './column-sql.ts';
import { hasStatus, jobHome } from './homes.ts';
import { begins, type Layout } from './layout.ts';
import { type Asked, ago, isRecent, once, WINDOW_SECONDS } from './stats-asked.ts';
import { letterBranches } from './stats-letters.ts';

/** Rows that together make up the counts, all of one moment. */
export function statsQuery(
  layout: Layout,
  queues: readonly string[] | undefined,
  by: Breakdown | undefined,
  parameters: Parameters,
): string {
  const own = jobHome(layout);
  const asked: Asked = {
    layout,
    by,
    own,
    key: by === undefined ? 'NULL::text' : own[by],
    only: (queue) => (queues === undefined ? 'true' : `${queue} = ANY (${parameters.add(queues)})`),
  };
  const jobs = [allJobs(asked), liveJobs(asked), ...endedLately(asked)];
  const letters = layout.letters === undefined ? [] : letterBranches(asked, layout.letters);
  return [...jobs, ...letters].join(' UNION ALL ');
}

const hasEndIndex = ({ jobs, job: { finishedAt } }: Layout): boolean =>
  finishedAt !== undefined && begins(jobs, [finishedAt.name]);

/**
 * How many have each status, which an index on status and queue tells without a look at the table: so nothing else is asked
 * here, unless no index finds what ended lately.
 */
function allJobs({ layout, own, key, only }: Asked): string {
  const { finishedAt, startedAt, status } = layout.job;
  const recent = finishedAt === undefined || hasEndIndex(layout) ? undefined : isRecent('j', finishedAt);
  const lately =
    recent === undefined
      ? '0::float8 AS recent, NULL::float8 AS mean'
      : `(count(*) FILTER (WHERE ${recent}))::float8 AS recent, (avg(${ran(startedAt, finishedAt)}) FILTER (WHERE ${recent}))::float8 AS mean`;
  return `SELECT ${own.queue} AS queue, ${key} AS key, ${own.native} AS native, NULL::boolean AS ahead, 'all' AS home, count(*)::float8 AS count,
      NULL::float8 AS oldest, ${lately}
    FROM ${own.from} WHERE ${only(own.queue)} GROUP BY 1, 2, ${ref('j', status)}`;
}

const ran = (startedAt: Column | undefined, finishedAt: Column | undefined): string =>
  startedAt === undefined || finishedAt === undefined
    ? 'NULL::float8'
    : `extract(epoch FROM ${ref('j', finishedAt)} - ${ref('j', startedAt)})`;

/** What waits or runs is told apart by its rows: few, and found by their status. They stand for those counted with all. */
function liveJobs({ layout, own, key, only }: Asked): string {
  const { runAt, startedAt, createdAt, status } = layout.job;
  const first = (...columns: readonly (Column | undefined)[]): string => {
    const times = columns.flatMap((column) => (column === undefined ? [] : [moment('j', column)]));
    return times.length === 0 ? 'NULL::timestamptz' : `min(greatest(${times.join(', ')}))`;
  };
  const ahead =
    runAt === undefined
      ? 'NULL::boolean'
      : `CASE WHEN ${hasStatus(layout, 'j', 'waiting')} THEN ${ref('j', runAt)} > ${once(ago(runAt, 0))} END`;
  const began = `CASE WHEN ${hasStatus(layout, 'j', 'active')} THEN ${first(startedAt)} ELSE ${first(createdAt, runAt)} END`;
  return `SELECT ${own.queue}, ${key}, ${own.native}, ${ahead}, 'job', count(*)::float8, extract(epoch FROM now() - ${began})::float8,
      0::float8, NULL::float8
    FROM ${own.from} WHERE ${hasStatus(layout, 'j', 'waiting', 'active')} AND ${only(own.queue)} GROUP BY 1, 2, 4, ${ref('j', status)}`;
}

/** Once more what ended lately, by the index on its time. */
function endedLately({ layout, own, key, only }: Asked): string[] {
  const { finishedAt, startedAt, status } = layout.job;
  if (finishedAt === undefined || !hasEndIndex(layout)) return [];
  const lately = `${ref('j', finishedAt)} > ${ago(finishedAt, WINDOW_SECONDS)}`;
  return [
    `SELECT ${own.queue}, ${key}, ${own.native}, NULL::boolean, 'job', 0::float8, NULL::float8, count(*)::float8, avg(${ran(startedAt, finishedAt)})::float8
      FROM ${own.from} WHERE ${lately} AND ${only(own.queue)} GROUP BY 1, 2, ${ref('j', status)}`,
  ];
}
