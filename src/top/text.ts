import type { QueueStats } from '../domain/adapter.ts';
import { age, duration, relative } from '../output/age.ts';
import { approximately, grouped, plural } from '../output/count-text.ts';
import { blocks, facts, lines } from '../output/facts.ts';
import { jobText } from '../output/job-text.ts';
import { type Page, plainStyle, view } from '../output/page.ts';
import { type PauseNote, pauseLine } from '../output/pauses-text.ts';
import { runText } from '../output/run-text.ts';
import { runsText } from '../output/runs-text.ts';
import { sparkline } from '../output/sparkline.ts';
import { type Column, table } from '../output/table.ts';
import { hang } from '../output/text-width.ts';
import { workersText } from '../output/workers-text.ts';
import { fold } from './fold.ts';
import type { Sample } from './history.ts';
import { slope } from './history.ts';
import type { JobScreen, QueueScreen, RunScreen, State } from './model.ts';

export type TextScreen = QueueScreen | JobScreen | RunScreen;

/** A screen that is a text, scrolled by lines. */
export function textOf(state: State, screen: TextScreen, page: Page): string[] {
  const text = screen.kind === 'queue' ? queueText(screen, state, page) : detailText(screen, page);
  return fold(text.split('\n'), page.width);
}

/** How many lines it has, for scrolling. What is cleaned away has no lines. */
export const linesOf = (state: State, screen: TextScreen): number =>
  textOf(state, screen, { width: state.columns, style: plainStyle, clean: (text) => text }).length;

function detailText(screen: JobScreen | RunScreen, page: Page): string {
  if (screen.kind === 'run') return screen.shown === undefined ? waiting(screen.loading) : runText(screen.shown, page);
  const { detail, now } = screen;
  if (detail === undefined || now === undefined) return waiting(screen.loading);
  return jobText({ detail, now, fold: Number.POSITIVE_INFINITY, next: [] }, page);
}

const waiting = (loading: boolean): string => (loading ? 'Looking …' : '');

function queueText(screen: QueueScreen, state: State, page: Page): string {
  const place = state.places.find(({ name }) => name === screen.place);
  const { facts: known, queue } = screen;
  if (known === undefined || place === undefined) return waiting(screen.loading);
  const samples = Object.hasOwn(place.history, queue) ? (place.history[queue] ?? []) : [];
  const pauses = place.look?.pauses.filter((pause) => pause.queue === queue) ?? [];
  return drawn({ known, pauses, samples, target: place.targets[queue] }, page);
}

interface Drawn {
  readonly known: NonNullable<QueueScreen['facts']>;
  readonly pauses: readonly PauseNote[];
  readonly samples: readonly Sample[];
  readonly target: number | undefined;
}

/** What the queue holds, by type and lane, how it went, who works on it, what was done to it. */
const drawn = view(({ known, pauses, samples, target }: Drawn, page: Page): string => {
  const { stats, now } = known;
  const { counts, exact, rates } = stats;
  const count = (value: number): string => approximately(value, exact || value === 0);
  const head = page.style.strong;
  return blocks(
    lines(
      head(`${stats.queue}${stats.paused === true ? ' (paused)' : ''}`),
      ...pauses.map((pause) => hang('', pauseLine(pause, now), page.width)),
    ),
    facts(
      [
        ['waiting', `${count(counts.waiting)}${oldestText(stats, target)}`],
        [
          'active',
          `${count(counts.active)}${stats.oldestActiveSeconds === undefined ? '' : `, the longest for ${duration(stats.oldestActiveSeconds)}`}`,
        ],
        ['delayed', count(counts.delayed)],
        ['blocked', counts.blocked === 0 ? undefined : count(counts.blocked)],
        ['dead', counts.dead === 0 ? '0' : page.style.bad(count(counts.dead))],
        ['completed', count(counts.completed)],
        [
          'ended',
          rates === undefined
            ? undefined
            : `${grouped(rates.completed)} well, ${grouped(rates.died)} dead in the last ${duration(rates.windowSeconds)}${rates.meanSeconds === undefined ? '' : `; a run takes ${duration(rates.meanSeconds)}`}`,
        ],
      ],
      page,
    ),
    trends(samples, page),
    parts('types', known.byType, page),
    parts('lanes', known.byLane, page),
    known.workers === undefined
      ? undefined
      : lines(head('workers'), workersText({ workers: known.workers, now }, page)),
    schedules(known.schedules, now, page),
    known.runs.length === 0
      ? undefined
      : lines(head('runs'), runsText({ runs: known.runs, more: false, now, next: [] }, page)),
  );
});

function oldestText({ oldestWaitingSeconds: oldest }: QueueStats, target: number | undefined): string {
  if (oldest === undefined) return '';
  const over = target !== undefined && oldest > target;
  return `, the oldest for ${duration(oldest)}${target === undefined ? '' : ` (target ${duration(target)}${over ? ', EXCEEDED' : ''})`}`;
}

function trends(samples: readonly Sample[], page: Page): string | undefined {
  if (samples.length < 2) return undefined;
  const width = Math.min(60, page.width - 34);
  const line = (label: string, of: 'backlog' | 'dead'): string => {
    const change = (slope(samples, of) ?? 0) * 60;
    const sign = change > 0 ? '+' : '';
    return `  ${label}  ${sparkline(
      samples.map((one) => one[of]),
      Math.max(10, width),
    )}  ${sign}${grouped(Math.round(change))} a minute`;
  };
  const span = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 1000;
  return lines(page.style.strong(`last ${duration(span)}`), line('to do', 'backlog'), line('dead ', 'dead'));
}

type Part = NonNullable<QueueStats['by']>[number];

/** One part alone says nothing that the queue does not. */
function parts(name: string, all: QueueStats['by'], page: Page): string | undefined {
  if (all === undefined || all.length === 0 || (all.length === 1 && all[0]?.key === '')) return undefined;
  const number = (head: string, of: (part: Part) => number): Column<Part> => ({
    head,
    right: true,
    whole: true,
    cell: (part) => approximately(of(part), part.exact),
  });
  const columns: Column<Part>[] = [
    { head: name.toUpperCase().replace(/S$/, ''), min: 10, cell: ({ key }) => (key === '' ? '(none)' : key) },
    number('WAITING', ({ counts }) => counts.waiting),
    { head: 'OLDEST', right: true, whole: true, cell: ({ oldestWaitingSeconds }) => age(oldestWaitingSeconds) },
    number('ACTIVE', ({ counts }) => counts.active),
    number('DELAYED', ({ counts }) => counts.delayed),
    number('DEAD', ({ counts }) => counts.dead),
  ];
  return lines(page.style.strong(`${plural(all.length, name.slice(0, -1))}`), table(columns, all, page).text);
}

function schedules(all: Drawn['known']['schedules'], now: string, page: Page): string | undefined {
  if (all === undefined || all.length === 0) return undefined;
  const list = all.map((one): [string, string] => [
    one.id,
    `${one.when}${one.paused === true ? ', paused' : one.nextAt === undefined ? '' : `, next ${relative(one.nextAt, now)}`}`,
  ]);
  return lines(page.style.strong('schedules'), facts(list, page));
}
