import { grouped } from '../domain/grouped.ts';
import { duration } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, facts } from './facts.ts';
import { type Page, view } from './page.ts';
import { table } from './table.ts';

interface Times {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** What `loadtest --json` prints below its schemaVersion. */
export interface LoadView {
  readonly context: string;
  readonly backend: string;
  readonly queue: string;
  readonly type: string;
  readonly ok: boolean;
  readonly run?: string | undefined;
  readonly asked: { readonly jobs: number; readonly perSecond: number; readonly seconds: number };
  readonly added: number;
  readonly addedPerSecond?: number | undefined;
  readonly ended: 'drained' | 'timeout' | 'stopped';
  readonly endedPerSecond?: number | undefined;
  readonly waitedSeconds: number;
  readonly died: number;
  readonly followed: number;
  readonly times: {
    readonly wait?: Times | undefined;
    readonly run?: Times | undefined;
    readonly total?: Times | undefined;
  };
  readonly removed: number;
  readonly left?: string | undefined;
}

export const loadText = view((load: LoadView, page: Page): string => {
  const { queue, ok, asked, added, ended, died, followed, times, removed } = load;
  const rows = Object.entries(times).flatMap(([name, time]) => (time === undefined ? [] : [{ name, ...time }]));
  const number = (head: string, cell: (row: Times) => number) => ({
    head,
    whole: true,
    right: true,
    cell: (row: Times) => brief(cell(row)),
  });
  const columns = [
    { head: 'TIME', whole: true, cell: (row: Times & { readonly name: string }) => row.name },
    number('P50', ({ p50 }) => p50),
    number('P90', ({ p90 }) => p90),
    number('P99', ({ p99 }) => p99),
    number('MAX', ({ max }) => max),
  ];
  return blocks(
    ok
      ? page.style.good(`${queue}: kept up with ${grouped(asked.perSecond)}/s for ${duration(asked.seconds)}`)
      : page.style.bad(`${queue}: ${verdict(load)}`),
    facts(
      [
        ['added', `${grouped(added)} of ${plural(asked.jobs, 'job')}${rate(load.addedPerSecond)}`],
        [
          'ended',
          ended === 'drained' ? `all, ${brief(load.waitedSeconds)} after the first${rate(load.endedPerSecond)}` : ended,
        ],
        ['died', died === 0 ? undefined : `${grouped(died)}; jobctl dlq groups ${queue}`],
        ['removed', removed === 0 ? undefined : `${grouped(removed)} that were still there`],
        ['left', load.left],
        ['run', load.run],
      ],
      page,
    ),
    rows.length === 0
      ? followed === 0
        ? 'The backend shows no single job: there are no times of them.'
        : `None of the ${plural(followed, 'job')} that were followed has ended: there are no times of them.`
      : `${table(columns, rows, page).text}\n\n${plural(followed, 'job')} of ${grouped(added)} followed.`,
  );
});

function verdict({ ended, died, added, asked, left }: LoadView): string {
  if (ended === 'stopped') return 'stopped on request';
  if (added < asked.jobs) return 'not all jobs could be added';
  if (ended === 'timeout') return 'did NOT keep up: jobs are left';
  if (died > 0) return `${plural(died, 'job')} died meanwhile`;
  return left === undefined ? 'did not end as it should' : 'not all that was added is gone';
}

const rate = (perSecond: number | undefined): string => (perSecond === undefined ? '' : `, ${grouped(perSecond)}/s`);

/** Short times are what it is about: `12 ms`, `1.3 s`. */
const brief = (seconds: number): string =>
  seconds < 1 ? `${Math.round(seconds * 1000)} ms` : seconds < 100 ? `${seconds.toFixed(1)} s` : duration(seconds);
