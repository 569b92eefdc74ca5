import { grouped } from '../domain/grouped.ts';
import type { QueueStats } from '../domain/stats.ts';
import { duration, relative } from '../output/age.ts';
import { approximately } from '../output/count-text.ts';
import { blocks, facts, lines } from '../output/facts.ts';
import { jobText } from '../output/job-text.ts';
import { type Page, plainStyle, view } from '../output/page.ts';
import { type PauseNote, pauseLine } from '../output/pauses-text.ts';
import { runText } from '../output/run-text.ts';
import { runsText } from '../output/runs-text.ts';
import { sparkline } from '../output/sparkline.ts';
import { hang } from '../output/text-width.ts';
import { workersText } from '../output/workers-text.ts';
import { fold } from './fold.ts';
import type { Sample } from './history.ts';
import { flows, slope } from './history.ts';
import type { JobScreen, Place, QueueScreen, RunScreen, State } from './model.ts';
import { parts } from './parts-text.ts';
import { perSecond } from './short.ts';
import { laneTargetOf, targetOf } from './targets.ts';

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
  return drawn({ known, pauses, samples, place }, page);
}

interface Drawn {
  readonly known: NonNullable<QueueScreen['facts']>;
  readonly pauses: readonly PauseNote[];
  readonly samples: readonly Sample[];
  readonly place: Place;
}

/** What the queue holds, by type and lane, how it went, who works on it, what was done to it. */
const drawn = view(({ known, pauses, samples, place }: Drawn, page: Page): string => {
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
        ['waiting', `${count(counts.waiting)}${oldestText(stats, targetOf(place, stats.queue))}`],
        [
          'active',
          `${count(counts.active)}${stats.oldestActiveSeconds === undefined ? '' : `, the longest for ${duration(stats.oldestActiveSeconds)}`}`,
        ],
        ['delayed', count(counts.delayed)],
        ['blocked', counts.blocked === 0 ? undefined : count(counts.blocked)],
        ['dead', counts.dead === 0 ? '0' : `${page.style.bad(count(counts.dead))}${alsoIn(stats)}`],
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
    parts('lanes', known.byLane, page, (lane) => laneTargetOf(place, stats.queue, lane)),
    known.workers === undefined
      ? undefined
      : lines(head('workers'), workersText({ workers: known.workers, now }, page)),
    schedules(known.schedules, now, page),
    known.missing === undefined || known.missing.length === 0
      ? undefined
      : lines(head('not known'), ...known.missing.map((why) => hang('  ', why, page.width))),
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
  const width = Math.max(10, Math.min(60, page.width - 34));
  const line = (label: string, values: readonly number[], now: string): string =>
    `  ${label.padEnd(5)}  ${sparkline(values, width)}  ${now}`;
  const change = (label: string, of: 'backlog' | 'dead'): string => {
    const perMinute = Math.round((slope(samples, of) ?? 0) * 60);
    const values = samples.map((one) => one[of]);
    return line(label, values, `${perMinute > 0 ? '+' : ''}${grouped(perMinute)} a minute`);
  };
  const rate = (label: string, values: readonly number[]): string =>
    values.length === 0 ? '' : line(label, values, `${perSecond(values.at(-1) ?? 0)} a second`);
  const flow = flows(samples);
  const span = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 1000;
  return lines(
    page.style.strong(`last ${duration(span)}`),
    change('to do', 'backlog'),
    change('dead', 'dead'),
    rate(
      'in',
      flow.map(({ into }) => into),
    ),
    rate(
      'out',
      flow.map(({ out }) => out),
    ),
  );
}

function schedules(all: Drawn['known']['schedules'], now: string, page: Page): string | undefined {
  if (all === undefined || all.length === 0) return undefined;
  const list = all.map((one): [string, string] => [
    one.id,
    `${one.when}${one.paused === true ? ', paused' : one.nextAt === undefined ? '' : `, next ${relative(one.nextAt, now)}`}`,
  ]);
  return lines(page.style.strong('schedules'), facts(list, page));
}

/** A dead-letter queue may hold copies of them. */
const alsoIn = ({ copiesIn, copies = 0 }: Drawn['known']['stats']): string =>
  copiesIn === undefined || copies === 0
    ? ''
    : `, and ${grouped(copies)} ${copies === 1 ? 'copy' : 'copies'} in ${copiesIn}`;
