import { grouped } from '../domain/grouped.ts';
import type { Instant } from '../domain/instant.ts';
import { type JobState, jobStates } from '../domain/job.ts';
import type { QueueStats, StatsRow } from '../domain/stats.ts';
import { age, clock } from './age.ts';
import { approximately } from './count-text.ts';
import { blocks, lines } from './facts.ts';
import { metricsText } from './metrics-text.ts';
import { type Page, view } from './page.ts';
import { type PauseNote, pauseLine } from './pauses-text.ts';
import { type Cell, type Column, table } from './table.ts';
import { hang } from './text-width.ts';

export interface StatsView {
  readonly context: string;
  readonly backend: string;
  /** The one that was asked for in place of that of the context. */
  readonly region?: string | undefined;
  readonly asOf: Instant;
  readonly queues: readonly QueueStats[];
  /** What is known here of queues that were paused from here. */
  readonly pauses?: readonly PauseNote[] | undefined;
  /** The monitoring service whose metrics were asked for. */
  readonly measuredBy?: string | undefined;
}

interface Line {
  readonly name: string;
  readonly stats: StatsRow;
  readonly kind: 'queue' | 'part' | 'total';
}

/** Depth per state with the age of the oldest beside it; `~` before what is an estimate. */
export const statsText = view(
  ({ context, backend, region, asOf, queues, pauses = [], measuredBy }: StatsView, page: Page): string => {
    // a context that is called by its place tells the region itself
    const isTold = region === undefined || context.includes(region);
    const head = page.style.dim([context, backend, ...(isTold ? [] : [`region ${region}`]), clock(asOf)].join(' · '));
    if (queues.length === 0) return blocks(head, 'No queues here.');
    const rows = queues.flatMap((queue): Line[] => [
      { name: `${queue.queue}${queue.paused === true ? ' (paused)' : ''}`, stats: queue, kind: 'queue' },
      ...(queue.by ?? []).map(
        (part): Line => ({ name: part.key === '' ? '(none)' : part.key, stats: part, kind: 'part' }),
      ),
    ]);
    if (queues.length > 1) rows.push({ name: 'total', stats: sum(queues), kind: 'total' });
    const columns = columnsOf(rows, page);
    const { text, hidden } = table(columns, rows, page);
    const all = [...pauses.map((pause) => pauseLine(pause, asOf)), ...notes(queues, hidden, rows)];
    const measured = measuredBy === undefined ? undefined : metricsText({ queues, measuredBy, asOf }, page);
    return blocks(head, text, measured, lines(...all.map((note) => hang('', note, page.width))));
  },
);

const heads: Readonly<Record<JobState, string>> = {
  waiting: 'WAITING',
  delayed: 'DELAYED',
  active: 'ACTIVE',
  completed: 'COMPLETED',
  dead: 'DEAD',
  cancelled: 'CANCELLED',
  blocked: 'BLOCKED',
};

const isZero = (rows: readonly Line[], state: JobState): boolean =>
  rows.every(({ stats }) => stats.counts[state] === 0);

function columnsOf(rows: readonly Line[], page: Page): Column<Line>[] {
  const count = (state: JobState, drop?: number): Column<Line> => ({
    head: heads[state],
    right: true,
    whole: true,
    cell: ({ stats }) => numberCell(state, stats, page),
    ...(isZero(rows, state) && state !== 'dead' && state !== 'waiting'
      ? { drop: 100 + (drop ?? 0) }
      : drop === undefined
        ? {}
        : { drop }),
  });
  const aged = (head: string, seconds: (stats: StatsRow) => number | undefined, drop: number): Column<Line>[] =>
    rows.some(({ stats }) => seconds(stats) !== undefined)
      ? [{ head, right: true, whole: true, drop, cell: ({ stats }) => age(seconds(stats)) }]
      : [];
  const rate = (head: string, of: 'completed' | 'died', drop: number): Column<Line>[] =>
    rows.some(({ stats }) => stats.rates !== undefined)
      ? [
          {
            head,
            right: true,
            whole: true,
            drop,
            cell: ({ stats: { rates } }) =>
              rates === undefined ? '-' : grouped((rates[of] / rates.windowSeconds) * 60),
          },
        ]
      : [];
  return [
    { head: 'QUEUE', whole: true, cell: (line) => nameCell(line, page) },
    count('waiting'),
    ...aged('OLDEST', (stats) => stats.oldestWaitingSeconds, 10),
    count('active'),
    ...aged('LONGEST', (stats) => stats.oldestActiveSeconds, 9),
    count('delayed', 5),
    count('blocked', 6),
    count('dead'),
    count('completed', 20),
    count('cancelled', 30),
    ...rate('DONE/MIN', 'completed', 40),
    ...rate('DIED/MIN', 'died', 25),
  ];
}

function nameCell({ name, kind }: Line, { style }: Page): Cell {
  if (kind === 'queue') return name;
  return kind === 'part' ? { text: name, indent: 2 } : { text: name, look: style.strong };
}

function numberCell(state: JobState, { counts, exact }: StatsRow, page: Page): Cell {
  const text = approximately(counts[state], exact || counts[state] === 0);
  return state === 'dead' && counts.dead > 0 ? { text, look: page.style.bad } : text;
}

function notes(queues: readonly QueueStats[], hidden: readonly string[], rows: readonly Line[]): string[] {
  const zero = jobStates
    .filter((state) => hidden.includes(heads[state]) && isZero(rows, state))
    .map((state) => heads[state]);
  const cut = hidden.filter((head) => !zero.includes(head));
  const unknown = queues.flatMap(({ queue, other }) =>
    Object.entries(other).map(([native, count]) => `${queue}: ${grouped(count)} ${native}`),
  );
  return [
    ...(unknown.length > 0
      ? [`In states that this version does not know, counted as blocked: ${unknown.join(', ')}.`]
      : []),
    ...(zero.length > 0 ? [`Not shown, all zero: ${zero.join(', ')}.`] : []),
    ...(cut.length > 0 ? [`Not shown for lack of width: ${cut.join(', ')}. A wider terminal or --json has them.`] : []),
    ...(queues.some(({ exact }) => !exact) ? ['~ is an estimate.'] : []),
    ...shared(queues),
    ...copied(queues),
  ];
}

/** Queues whose dead jobs are there twice, as far as both are shown: so many the sum of the rows has twice. */
const doubled = (queues: readonly QueueStats[]): QueueStats[] => {
  const shown = new Set(queues.map(({ queue }) => queue));
  return queues.filter(({ copiesIn, copies = 0 }) => copiesIn !== undefined && shown.has(copiesIn) && copies > 0);
};

function copied(queues: readonly QueueStats[]): string[] {
  const sources = Map.groupBy(doubled(queues), ({ copiesIn }) => copiesIn);
  return [...sources].map(([shelf, some]) => {
    const copies = some.reduce((all, { copies: own = 0 }) => all + own, 0);
    return `Of what died in ${some.map(({ queue }) => queue).join(', ')}, ${grouped(copies)} ${copies === 1 ? 'lies' : 'lie'} in ${shelf} too, as copies: counted once in the total.`;
  });
}

/** Several queues whose dead lie in one: DEAD of each is all that lies there. */
function shared(queues: readonly QueueStats[]): string[] {
  const sources = Map.groupBy(
    queues.filter(({ deadLetter }) => deadLetter !== undefined),
    ({ deadLetter }) => deadLetter,
  );
  return [...sources]
    .filter(([, some]) => some.length > 1)
    .map(
      ([shelf, some]) =>
        `The dead of ${some.map(({ queue }) => queue).join(', ')} lie in ${shelf} together: DEAD of each is all of them, counted once in the total.`,
    );
}

/** Ages do not add up: the oldest of all stands for them. */
function sum(queues: readonly QueueStats[]): StatsRow {
  const most = (values: readonly (number | undefined)[]): number | undefined => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  // rows that tell of the same dead-letter queue count the same jobs
  const shelves = new Map(queues.map((queue) => [queue.deadLetter ?? queue.queue, queue.counts.dead]));
  const twice = doubled(queues).reduce((all, { copies = 0 }) => all + copies, 0);
  const counts = Object.fromEntries(
    jobStates.map((state) => [
      state,
      state === 'dead'
        ? Math.max(0, [...shelves.values()].reduce((all, dead) => all + dead, 0) - twice)
        : queues.reduce((all, queue) => all + queue.counts[state], 0),
    ]),
  );
  return {
    counts: counts as Record<JobState, number>,
    other: {},
    exact: queues.every((queue) => queue.exact),
    oldestWaitingSeconds: most(queues.map((queue) => queue.oldestWaitingSeconds)),
    oldestActiveSeconds: most(queues.map((queue) => queue.oldestActiveSeconds)),
    rates: sumRates(queues),
  };
}

/** Only where every queue tells, over the same window. */
function sumRates(queues: readonly QueueStats[]): StatsRow['rates'] {
  const rates = queues.map((queue) => queue.rates);
  const windowSeconds = rates[0]?.windowSeconds;
  if (windowSeconds === undefined || rates.some((rate) => rate?.windowSeconds !== windowSeconds)) return undefined;
  const add = (of: 'completed' | 'died'): number => rates.reduce((all, rate) => all + (rate?.[of] ?? 0), 0);
  return { windowSeconds, completed: add('completed'), died: add('died') };
}
