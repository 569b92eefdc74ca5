import type { JobState } from '../../../domain/job.ts';
import type { QueueStats, Rates, StateCounts, StatsRequest, StatsRow } from '../../../domain/stats.ts';
import type { Db } from '../connection.ts';
import { meanOf } from '../mean.ts';
import { strangeStates } from './expressions.ts';
import type { Layout } from './layout.ts';
import { pairsOf } from './pairs.ts';
import { queueRows } from './queues.ts';
import { type CountRow, countRows, type RateRow, rateRows, WINDOW_SECONDS } from './stats-rows.ts';

interface Facts {
  readonly counts: readonly CountRow[];
  readonly rates: readonly RateRow[] | undefined;
}

/** How many values of a breakdown are worth a line. */
const MAX_KEYS = 200;

/**
 * Counted from the jobs themselves: the library's cached counts are only as fresh as its last monitor pass, and in 11 an
 * emptied queue keeps its old ones for ever.
 */
export async function stats(db: Db, layout: Layout, request: StatsRequest): Promise<QueueStats[]> {
  const rows = await queueRows(db, layout);
  const asked = request.queues ?? rows.filter(({ internal }) => !internal).map(({ queue }) => queue);
  if (asked.length === 0) return [];
  const key = request.by === 'lane' && layout.has('group_id') ? 'j.group_id' : undefined;
  const facts: Facts = {
    counts: await countRows(db, layout, asked, request.queues, key),
    rates: layout.byEnd ? await rateRows(db, layout, asked, key) : undefined,
  };
  const shelves = new Map(rows.map(({ queue, shelf }) => [queue, shelf ?? undefined]));
  const all = new Map(asked.map((queue) => [queue, toRow(layout, ownOf(facts, queue))]));
  const filled = asked.filter((queue) => shelves.get(queue) !== undefined && (all.get(queue)?.counts.dead ?? 0) > 0);
  const pairs = await pairsOf(db, layout, filled);
  return asked.map((queue) => {
    const own = ownOf(facts, queue);
    const copiesIn = shelves.get(queue);
    const row = all.get(queue) ?? toRow(layout, own);
    return {
      queue,
      ...row,
      // of a moment later, when less or more may lie there
      ...(copiesIn === undefined ? {} : { copiesIn, copies: pairs.get(queue) ?? 0 }),
      by: breakdown(layout, own, queue, request.by, key),
    };
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

const ownOf = (facts: Facts, queue: string): Facts => of(facts, (line) => line.queue === queue);

const of = (facts: Facts, fits: (line: CountRow | RateRow) => boolean): Facts => ({
  counts: facts.counts.filter(fits),
  rates: facts.rates?.filter(fits),
});

function toRow(layout: Layout, { counts, rates }: Facts): StatsRow {
  const everything = counts.filter((row) => row.native === null);
  const known = counts.filter((row) => row.native !== null);
  const native = (...states: string[]): CountRow[] => known.filter((row) => states.includes(row.native ?? ''));
  const strange = strangeStates(layout);
  const early = native('created', 'retry');
  const resting = early.filter(({ copy }) => !copy);
  const waiting = resting.filter(({ blocked, ahead }) => !blocked && !ahead);
  const found: StateCounts = {
    waiting: total(waiting),
    delayed: total(resting.filter(({ blocked, ahead }) => !blocked && ahead)),
    active: total(native('active')),
    completed: total(everything) - total(known),
    dead: total(native('failed', 'expired')) + total(early.filter(({ copy }) => copy)),
    cancelled: total(native('cancelled')),
    blocked: total(resting.filter(({ blocked }) => blocked)) + total(native(...strange)),
  } satisfies Record<JobState, number>;
  const other: Record<string, number> = {};
  for (const row of native(...strange)) other[row.native ?? ''] = (other[row.native ?? ''] ?? 0) + row.count;
  return {
    counts: found,
    other,
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
  return {
    windowSeconds: WINDOW_SECONDS,
    completed: rows.reduce((all, row) => all + row.completed, 0),
    died: rows.reduce((all, row) => all + row.died, 0),
    meanSeconds: meanOf(rows.map((row) => [row.completed, row.mean])),
  };
}
