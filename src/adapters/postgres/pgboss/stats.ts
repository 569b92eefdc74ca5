import type { JobState } from '../../../domain/job.ts';
import type { QueueStats, Rates, StateCounts, StatsRequest, StatsRow } from '../../../domain/stats.ts';
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
  /** Of what runs: age of the longest. */
  readonly age: number | null;
}

/** Jobs that have not started, told apart by what keeps them. */
interface EarlyRow extends Line {
  readonly copy: boolean;
  readonly blocked: boolean;
  readonly ahead: boolean;
  readonly count: number;
  readonly age: number | null;
}

interface RateRow extends Line {
  readonly completed: number;
  readonly died: number;
  readonly mean: number | null;
}

interface Facts {
  readonly counts: readonly CountRow[];
  readonly early: readonly EarlyRow[];
  readonly rates: readonly RateRow[] | undefined;
}

/** How many values of a breakdown are worth a line. */
const MAX_KEYS = 200;
const WINDOW_SECONDS = 3_600;

/**
 * Counted from the jobs themselves: the library's cached counts are only as fresh as its last monitor pass, and in 11 an
 * emptied queue keeps its old ones for ever. One pass over all jobs, one over those that have not started, which every
 * version has an index for, and what ended lately where an index finds it.
 */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const asked = request.queues ?? (await queues(db, layout)).map(({ queue }) => queue);
  if (asked.length === 0) return [];
  const key = request.by === 'lane' && layout.has('group_id') ? 'j.group_id' : undefined;
  const facts: Facts = {
    counts: await countRows(db, layout, request.queues, key),
    early: await earlyRows(db, layout, asked, key),
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
  early: facts.early.filter(fits),
  rates: facts.rates?.filter(fits),
});

const line = (key: string | undefined): string => `j.name AS queue, ${key ?? 'NULL::text'} AS key`;

/** Without names where all are wanted: a million comparisons of names take as long as the rest of it. */
async function countRows(
  db: Db,
  layout: Layout,
  wanted: readonly string[] | undefined,
  key?: string,
): Promise<CountRow[]> {
  const parameters = new Parameters();
  return await db.query<CountRow>(
    `SELECT ${line(key)}, j.state::text AS native, count(*)::float8 AS count,
            extract(epoch FROM now() - min(CASE WHEN j.state = 'active' THEN ${layout.col('started_on')} END))::float8 AS age
       FROM ${layout.job} j ${wanted === undefined ? '' : `WHERE ${inQueues(wanted, parameters)}`} GROUP BY 1, 2, j.state ORDER BY 1, 2`,
    parameters.values,
  );
}

/**
 * By an index alone where it can be (10, 11). Each condition is worked out once a row. That the state is early is said
 * twice: once as the indexes before schema 46 have it, once as those since do.
 */
async function earlyRows(db: Db, layout: Layout, asked: readonly string[], key?: string): Promise<EarlyRow[]> {
  const parameters = new Parameters();
  const { col } = layout;
  return await db.query<EarlyRow>(
    `SELECT ${line(key)}, ${deadLettered(layout)} AS copy, ${layout.has('blocked') ? 'j.blocked' : 'false'} AS blocked, ${future(layout)} AS ahead,
            count(*)::float8 AS count, extract(epoch FROM now() - min(greatest(${col('created_on')}, ${col('start_after')})))::float8 AS age
       FROM ${layout.job} j WHERE ${inQueues(asked, parameters)} AND ${early(layout)} AND j.state IN ('created', 'retry') GROUP BY 1, 2, 3, 4, 5`,
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

function toRow(layout: Layout, { counts, early: rows, rates }: Facts): StatsRow {
  const native = (...states: string[]): CountRow[] => counts.filter((row) => states.includes(row.native));
  const strange = strangeStates(layout);
  const copies = rows.filter(({ copy }) => copy);
  const held = rows.filter(({ copy, blocked }) => !copy && blocked);
  const delayed = rows.filter(({ copy, blocked, ahead }) => !copy && !blocked && ahead);
  const waiting = rows.filter(({ copy, blocked, ahead }) => !copy && !blocked && !ahead);
  const found: StateCounts = {
    waiting: total(waiting),
    delayed: total(delayed),
    active: total(native('active')),
    completed: total(native('completed')),
    dead: total(native('failed', 'expired')) + total(copies),
    cancelled: total(native('cancelled')),
    blocked: total(held) + total(native(...strange)),
  } satisfies Record<JobState, number>;
  return {
    counts: found,
    other: Object.fromEntries(
      counts.filter((row) => strange.includes(row.native)).map((row) => [row.native, row.count]),
    ),
    exact: true,
    oldestWaitingSeconds: oldest(waiting),
    oldestActiveSeconds: oldest(native('active')),
    rates: rates === undefined ? undefined : ratesOf(rates),
  };
}

const total = (rows: readonly { readonly count: number }[]): number => rows.reduce((all, { count }) => all + count, 0);

function oldest(rows: readonly { readonly age: number | null }[]): number | undefined {
  const ages = rows.flatMap(({ age }) => age ?? []);
  return ages.length === 0 ? undefined : Math.max(...ages);
}

function ratesOf(rows: readonly RateRow[]): Rates {
  const completed = rows.reduce((all, row) => all + row.completed, 0);
  const seconds = rows.reduce((all, row) => all + (row.mean ?? 0) * row.completed, 0);
  return {
    windowSeconds: WINDOW_SECONDS,
    completed,
    died: rows.reduce((all, row) => all + row.died, 0),
    meanSeconds: completed === 0 ? undefined : seconds / completed,
  };
}
