import type { QueueStats, Rates, StateCounts, StatsRequest, StatsRow } from '../../../domain/adapter.ts';
import type { JobState } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import { inQueues } from './conditions.ts';
import { deadLettered, early, future, strangeStates } from './expressions.ts';
import type { Layout } from './layout.ts';
import { queues } from './queues.ts';

interface Line {
  readonly queue: string;
  readonly key: string | null;
}

interface CountRow extends Line {
  readonly native: string;
  readonly count: number;
}

interface LiveRow extends Line {
  readonly copies: number;
  readonly blocked: number;
  readonly delayed: number;
  readonly waiting_age: number | null;
  readonly active_age: number | null;
}

interface RateRow extends Line {
  readonly completed: number;
  readonly died: number;
  readonly mean: number | null;
}

interface Facts {
  readonly counts: readonly CountRow[];
  readonly live: readonly LiveRow[];
  readonly rates: readonly RateRow[] | undefined;
}

/** How many values of a breakdown are worth a line. */
const MAX_KEYS = 200;
const WINDOW_SECONDS = 3_600;

/**
 * Counted from the jobs themselves: the library's cached counts are only as fresh as its last monitor pass, and in 11 an
 * emptied queue keeps its old ones for ever. One pass over all jobs, one over those that are not over (by an index alone on
 * schema 46), and what ended lately where an index finds it.
 */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const asked = request.queues ?? (await queues(db, layout)).map(({ queue }) => queue);
  if (asked.length === 0) return [];
  const key = request.by === 'lane' && layout.has('group_id') ? 'j.group_id' : undefined;
  const facts: Facts = {
    counts: await countRows(db, layout, asked, key),
    live: await liveRows(db, layout, asked, key),
    rates: layout.byEnd ? await rateRows(db, layout, asked, key) : undefined,
  };
  return asked.map((queue) => {
    const own = of(facts, (line) => line.queue === queue);
    return { queue, ...toRow(layout, own), by: breakdown(layout, own, queue, request.by, key) };
  });
}

function breakdown(
  layout: Layout,
  facts: Facts,
  queue: string,
  by: StatsRequest['by'],
  key: string | undefined,
): QueueStats['by'] {
  // a job has no type of its own: the queue's name says what it is
  if (by === 'type') return facts.counts.length === 0 ? [] : [{ key: queue, ...toRow(layout, facts) }];
  if (key === undefined) return undefined;
  const keys = [...new Set(facts.counts.map((line) => line.key ?? ''))].slice(0, MAX_KEYS);
  return keys.map((value) => ({
    key: value,
    ...toRow(
      layout,
      of(facts, (line) => (line.key ?? '') === value),
    ),
  }));
}

const of = (facts: Facts, fits: (line: Line) => boolean): Facts => ({
  counts: facts.counts.filter(fits),
  live: facts.live.filter(fits),
  rates: facts.rates?.filter(fits),
});

const line = (key: string | undefined): string => `j.name AS queue, ${key ?? 'NULL::text'} AS key`;

async function countRows(db: Db, layout: Layout, asked: readonly string[], key?: string): Promise<CountRow[]> {
  const parameters = new Parameters();
  return await db.query<CountRow>(
    `SELECT ${line(key)}, j.state::text AS native, count(*)::float8 AS count
       FROM ${layout.job} j WHERE ${inQueues(asked, parameters)} GROUP BY 1, 2, j.state ORDER BY 1, 2`,
    parameters.values,
  );
}

async function liveRows(db: Db, layout: Layout, asked: readonly string[], key?: string): Promise<LiveRow[]> {
  const parameters = new Parameters();
  const { col } = layout;
  const soon = `${early(layout)} AND NOT ${deadLettered(layout)}`;
  const blocked = layout.has('blocked') ? 'j.blocked' : 'false';
  const count = (condition: string): string => `(count(*) FILTER (WHERE ${condition}))::float8`;
  const age = (time: string, condition: string): string =>
    `extract(epoch FROM now() - min(${time}) FILTER (WHERE ${condition}))::float8`;
  return await db.query<LiveRow>(
    `SELECT ${line(key)}, ${count(`${early(layout)} AND ${deadLettered(layout)}`)} AS copies,
            ${count(`${soon} AND ${blocked}`)} AS blocked, ${count(`${soon} AND NOT ${blocked} AND ${future(layout)}`)} AS delayed,
            ${age(`greatest(${col('created_on')}, ${col('start_after')})`, `${soon} AND NOT ${blocked} AND NOT ${future(layout)}`)} AS waiting_age,
            ${age(col('started_on'), `j.state = 'active'`)} AS active_age
       FROM ${layout.job} j
      WHERE ${inQueues(asked, parameters)} AND j.state IN ('created', 'retry', 'active') GROUP BY 1, 2`,
    parameters.values,
  );
}

async function rateRows(db: Db, layout: Layout, asked: readonly string[], key?: string): Promise<RateRow[]> {
  const parameters = new Parameters();
  return await db.query<RateRow>(
    `SELECT ${line(key)}, (count(*) FILTER (WHERE j.state = 'completed'))::float8 AS completed,
            (count(*) FILTER (WHERE j.state = 'failed'))::float8 AS died,
            (avg(extract(epoch FROM j.completed_on - j.started_on)) FILTER (WHERE j.state = 'completed'))::float8 AS mean
       FROM ${layout.job} j
      WHERE ${inQueues(asked, parameters)} AND j.completed_on > now() - interval '${WINDOW_SECONDS} s' GROUP BY 1, 2`,
    parameters.values,
  );
}

function toRow(layout: Layout, { counts, live, rates }: Facts): StatsRow {
  const native = (...states: string[]): number =>
    sum(
      counts.filter((row) => states.includes(row.native)),
      'count',
    );
  const copies = sum(live, 'copies');
  const strange = strangeStates(layout);
  const blocked = sum(live, 'blocked') + native(...strange);
  const delayed = sum(live, 'delayed');
  const found: StateCounts = {
    waiting: Math.max(0, native('created', 'retry') - copies - sum(live, 'blocked') - delayed),
    delayed,
    active: native('active'),
    completed: native('completed'),
    dead: native('failed', 'expired') + copies,
    cancelled: native('cancelled'),
    blocked,
  } satisfies Record<JobState, number>;
  return {
    counts: found,
    other: Object.fromEntries(
      counts.filter((row) => strange.includes(row.native)).map((row) => [row.native, row.count]),
    ),
    exact: true,
    oldestWaitingSeconds: oldest(live, 'waiting_age'),
    oldestActiveSeconds: oldest(live, 'active_age'),
    rates: rates === undefined ? undefined : ratesOf(rates),
  };
}

const sum = <Name extends string>(rows: readonly Readonly<Record<Name, number>>[], name: Name): number =>
  rows.reduce((total, row) => total + row[name], 0);

function oldest(rows: readonly LiveRow[], name: 'waiting_age' | 'active_age'): number | undefined {
  const ages = rows.map((row) => row[name]).filter((age) => age !== null);
  return ages.length === 0 ? undefined : Math.max(...ages);
}

function ratesOf(rows: readonly RateRow[]): Rates {
  const completed = sum(rows, 'completed');
  const seconds = rows.reduce((total, row) => total + (row.mean ?? 0) * row.completed, 0);
  return {
    windowSeconds: WINDOW_SECONDS,
    completed,
    died: sum(rows, 'died'),
    meanSeconds: completed === 0 ? undefined : seconds / completed,
  };
}
