import { finding, weight } from '../health/findings.ts';
import { settle } from './cursor.ts';
import { intoOf, outOf, slope } from './history.ts';
import { pageOf } from './layout.ts';
import type { Place, Row, Sort, State } from './model.ts';
import { targetOf } from './targets.ts';

export const keyOf = (place: string, queue: string): string => `${place}\n${queue}`;

/** The lines of the overview, filtered and sorted, and the cursor on the line where it was. */
export function arranged(state: State): State {
  const wanted = state.filter.toLowerCase();
  const list = state.places
    .flatMap(rowsOf)
    .filter(({ queue }) => queue.toLowerCase().includes(wanted))
    .sort(compare(state.sort, state.reversed));
  const next = { ...state, list };
  return {
    ...next,
    cursor: settle(
      state.cursor,
      list.map(({ key }) => key),
      pageOf(next),
    ),
  };
}

function rowsOf(place: Place): Row[] {
  const { name, look, history } = place;
  return (look?.queues ?? []).map((stats) => {
    const samples = history[stats.queue] ?? [];
    const targetSeconds = targetOf(place, stats.queue);
    return {
      key: keyOf(name, stats.queue),
      place: name,
      queue: stats.queue,
      stats,
      targetSeconds,
      workers: crewOf(look, stats.queue),
      into: intoOf(stats, samples),
      out: outOf(stats),
      trend: samples.map(({ backlog }) => backlog),
      finding: finding({
        stats,
        targetSeconds,
        overdue: look?.pauses.some(({ queue, overdue }) => queue === stats.queue && overdue),
        deadPerSecond: slope(samples, 'dead'),
        backlogPerSecond: slope(samples, 'backlog'),
      }),
    };
  });
}

function crewOf(look: Place['look'], queue: string): Row['workers'] {
  const crews = look?.workers?.byQueue;
  if (crews === undefined) return undefined;
  return Object.hasOwn(crews, queue) ? crews[queue] : { alive: 0, silent: 0 };
}

type Compare = (a: Row, b: Row) => number;

const byName: Compare = (a, b) => (a.queue === b.queue ? order(a.place, b.place) : order(a.queue, b.queue));
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const largest =
  (of: (row: Row) => number | undefined): Compare =>
  (a, b) =>
    (of(b) ?? -1) - (of(a) ?? -1);

const sorters: Readonly<Record<Sort, Compare>> = {
  worst: (a, b) =>
    weight(b.finding) - weight(a.finding) ||
    b.stats.counts.dead - a.stats.counts.dead ||
    (b.stats.oldestWaitingSeconds ?? -1) - (a.stats.oldestWaitingSeconds ?? -1) ||
    b.stats.counts.waiting - a.stats.counts.waiting,
  queue: byName,
  waiting: largest(({ stats }) => stats.counts.waiting),
  delayed: largest(({ stats }) => stats.counts.delayed),
  active: largest(({ stats }) => stats.counts.active),
  dead: largest(({ stats }) => stats.counts.dead),
  oldest: largest(({ stats }) => stats.oldestWaitingSeconds),
  in: largest(({ into }) => into),
  out: largest(({ out }) => out),
};

/** Equals stand by name, so that lines do not dance. */
function compare(sort: Sort, reversed: boolean): Compare {
  const first = sorters[sort];
  return (a, b) => (reversed ? -first(a, b) : first(a, b)) || byName(a, b);
}
