import type { QueueStats, Rates, StateCounts, StatsRequest, StatsRow } from '../../../domain/adapter.ts';
import { jobStates } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import { asText, moment, ref } from './column-sql.ts';
import { type Home, hasStatus, isHidden, jobHome, letterHome } from './homes.ts';
import type { Layout } from './layout.ts';

const WINDOW_SECONDS = 3_600;
/** How many values of a breakdown are worth a line. */
const MAX_KEYS = 200;

interface GroupRow {
  readonly queue: string;
  readonly key: string | null;
  readonly native: string;
  /** Of a waiting job: its time lies ahead. */
  readonly ahead: boolean | null;
  readonly home: Home['name'];
  readonly count: number;
  /** Age of the oldest, by the time its state began; only of what waits or runs. */
  readonly oldest: number | null;
  readonly recent: number;
  readonly mean: number | null;
}

/** One pass over each table. */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const byType = request.by === 'type';
  const parameters = new Parameters();
  const rows = await db.query<GroupRow>(statsQuery(layout, request.queues, byType, parameters), parameters.values);
  const paused = await pausedQueues(db, layout);
  const asked = request.queues ?? [...new Set(rows.map(({ queue }) => queue))].sort();
  return asked.map((queue) => {
    const own = rows.filter((row) => row.queue === queue);
    const keys = [...new Set(own.map(({ key }) => key ?? ''))].sort().slice(0, MAX_KEYS);
    return {
      queue,
      ...toRow(layout, own),
      ...(paused === undefined ? {} : { paused: paused.has(queue) }),
      by: byType
        ? keys.map((key) => ({
            key,
            ...toRow(
              layout,
              own.filter((row) => (row.key ?? '') === key),
            ),
          }))
        : undefined,
    };
  });
}

/** Failed jobs for which a letter stands are counted with all others, then taken off: a join is cheaper than a look at each. */
function statsQuery(
  layout: Layout,
  queues: readonly string[] | undefined,
  byType: boolean,
  parameters: Parameters,
): string {
  const { job, letters } = layout;
  const own = jobHome(layout);
  const key = (home: Home): string => (byType ? home.type : 'NULL::text');
  const only = (home: Home): string =>
    queues === undefined ? 'true' : `${home.queue} = ANY (${parameters.add(queues)})`;
  const since = `(SELECT now() - interval '${WINDOW_SECONDS} s')`;
  const recent = job.finishedAt === undefined ? 'false' : `${moment('j', job.finishedAt)} > ${since}`;
  const ran =
    job.startedAt === undefined || job.finishedAt === undefined
      ? 'NULL::float8'
      : `extract(epoch FROM ${ref('j', job.finishedAt)} - ${ref('j', job.startedAt)})`;
  const waits = hasStatus(layout, 'j', 'waiting');
  const ahead =
    job.runAt === undefined
      ? 'NULL::boolean'
      : `CASE WHEN ${waits} THEN ${moment('j', job.runAt)} > (SELECT now()) END`;
  const all = `SELECT ${own.queue} AS queue, ${key(own)} AS key, ${own.native} AS native, ${ahead} AS ahead, 'job' AS home, count(*)::float8 AS count,
      extract(epoch FROM now() - min(${own.since}) FILTER (WHERE ${hasStatus(layout, 'j', 'waiting', 'active')}))::float8 AS oldest,
      (count(*) FILTER (WHERE ${recent}))::float8 AS recent, (avg(${ran}) FILTER (WHERE ${recent}))::float8 AS mean
    FROM ${own.from} WHERE ${only(own)} GROUP BY 1, 2, 4, ${ref('j', job.status)}`;
  if (letters === undefined) return all;
  const hidden = `SELECT ${own.queue}, ${key(own)}, ${own.native}, NULL::boolean, 'job', -count(*)::float8, NULL::float8, -(count(*) FILTER (WHERE ${recent}))::float8, NULL::float8
    FROM ${own.from} WHERE ${hasStatus(layout, 'j', 'dead')} AND ${isHidden(layout, 'j')} AND ${only(own)} GROUP BY 1, 2, 3`;
  const home = letterHome(layout, letters);
  const open = `SELECT ${home.queue}, ${key(home)}, ${home.native}, NULL::boolean, 'letter', count(*)::float8, NULL::float8, (count(*) FILTER (WHERE ${home.since} > ${since}))::float8, NULL::float8
    FROM ${home.from} WHERE ${home.shown} AND ${only(home)} GROUP BY 1, 2, 3`;
  return [all, hidden, open].join(' UNION ALL ');
}

function stateOf({ labels }: Layout, { native, ahead, home }: GroupRow): keyof StateCounts {
  if (home === 'letter') return 'dead';
  const state = jobStates.find((one) => labels[one].includes(native)) ?? 'blocked';
  return state === 'waiting' && ahead === true ? 'delayed' : state;
}

function toRow(layout: Layout, rows: readonly GroupRow[]): StatsRow {
  const { job, labels } = layout;
  const of = (state: keyof StateCounts): GroupRow[] => rows.filter((row) => stateOf(layout, row) === state);
  const sum = (some: readonly GroupRow[], field: 'count' | 'recent'): number =>
    some.reduce((total, row) => total + row[field], 0);
  const oldest = (state: keyof StateCounts): number | undefined => {
    const ages = of(state).flatMap((row) => (row.oldest === null ? [] : [row.oldest]));
    return ages.length === 0 ? undefined : Math.max(...ages);
  };
  const counts = Object.fromEntries(jobStates.map((state) => [state, sum(of(state), 'count')])) as Record<
    keyof StateCounts,
    number
  >;
  const strange = of('blocked').filter(({ native }) => !labels.blocked.includes(native));
  const other: Record<string, number> = {};
  for (const { native, count } of strange) other[native] = (other[native] ?? 0) + count;
  return {
    counts,
    other,
    exact: true,
    oldestWaitingSeconds: oldest('waiting'),
    oldestActiveSeconds: oldest('active'),
    rates: job.finishedAt === undefined ? undefined : ratesOf(of('completed'), of('dead')),
  };

  function ratesOf(completed: readonly GroupRow[], died: readonly GroupRow[]): Rates {
    const done = sum(completed, 'recent');
    const seconds = completed.reduce((total, { recent, mean }) => total + recent * (mean ?? 0), 0);
    return {
      windowSeconds: WINDOW_SECONDS,
      completed: done,
      died: sum(died, 'recent'),
      meanSeconds: done === 0 ? undefined : seconds / done,
    };
  }
}

async function pausedQueues(db: Db, { pause }: Layout): Promise<Set<string> | undefined> {
  if (pause === undefined) return undefined;
  const rows = await db.query<{ queue: string }>(
    `SELECT ${asText('p', pause.queue)} AS queue FROM ${pause.table.sql} p WHERE ${ref('p', pause.paused)}`,
  );
  return new Set(rows.map((row) => row.queue));
}
