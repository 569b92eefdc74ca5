import { jobStates } from '../../../domain/job.ts';
import type { QueueStats, Rates, StateCounts, StatsRequest, StatsRow } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import { meanOf } from '../mean.ts';
import { Parameters } from '../sql.ts';
import { asText, ref } from './column-sql.ts';
import type { Home } from './homes.ts';
import type { Layout } from './layout.ts';
import { WINDOW_SECONDS } from './stats-asked.ts';
import { statsQuery } from './stats-sql.ts';

/** How many values of a breakdown are worth a line. */
const MAX_KEYS = 200;

interface GroupRow {
  readonly queue: string;
  readonly key: string | null;
  readonly native: string;
  /** Of a waiting job: its time lies ahead. */
  readonly ahead: boolean | null;
  /** `all`: counted whatever the status; of those that wait or run other rows tell more. */
  readonly home: Home['name'] | 'all';
  readonly count: number;
  /** Age of the oldest, by the time its state began; only of what waits or runs. */
  readonly oldest: number | null;
  readonly recent: number;
  readonly mean: number | null;
}

/** One statement. */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const by = breakdownOf(layout, request.by);
  const parameters = new Parameters();
  const counted = await db.query<GroupRow>(statsQuery(layout, request.queues, by, parameters), parameters.values);
  const live = [...layout.labels.waiting, ...layout.labels.active];
  const rows = counted.filter(({ home, native }) => home !== 'all' || !live.includes(native));
  const paused = await pausedQueues(db, layout);
  const asked = request.queues ?? [...new Set(rows.map(({ queue }) => queue))].sort();
  return asked.map((queue) => {
    const own = rows.filter((row) => row.queue === queue);
    const keys = [...new Set(own.map(({ key }) => key ?? ''))].sort().slice(0, MAX_KEYS);
    return {
      queue,
      ...toRow(layout, own),
      ...(paused === undefined ? {} : { paused: paused.has(queue) }),
      by: by
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

/** By what the tables tell nothing of, no breakdown is made up. */
const breakdownOf = ({ job }: Layout, by: StatsRequest['by']): StatsRequest['by'] =>
  by === 'type' || (by !== undefined && job[by] !== undefined) ? by : undefined;

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
    return {
      windowSeconds: WINDOW_SECONDS,
      completed: sum(completed, 'recent'),
      died: sum(died, 'recent'),
      meanSeconds: meanOf(completed.map(({ recent, mean }) => [recent, mean])),
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
