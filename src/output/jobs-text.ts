import type { BackendInfo } from '../domain/adapter.ts';
import type { Instant } from '../domain/instant.ts';
import { relative } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, lines, nextLines } from './facts.ts';
import type { JobView } from './job-view.ts';
import { type Page, view } from './page.ts';
import { type Column, table } from './table.ts';

export interface JobsView {
  readonly jobs: readonly JobView[];
  /** True when more match than are listed. */
  readonly more: boolean;
  /** What was asked for, for the empty list: `dead jobs in email`. */
  readonly what: string;
  readonly now: Instant;
  /** Commands that go on from here; the first is the one that lists more, when there is more. */
  readonly next: readonly string[];
  /** Which priority runs first. */
  readonly order?: BackendInfo['priority'] | undefined;
}

/** `job list` and `dlq list`: one job a line. */
export const jobsText = view(({ jobs, more, what, now, next, order }: JobsView, page: Page): string => {
  if (jobs.length === 0) return lines(`No ${what}.`, nextLines(next, page));
  const columns = jobColumns(jobs, now, page);
  const { text, hidden } = table(columns, jobs, page);
  const count = more
    ? `The first ${plural(jobs.length, 'job')}; more match.`
    : `${plural(jobs.length, 'job')}, no more.`;
  const cut = hidden.length > 0 ? `Not shown for lack of width: ${hidden.join(', ')}.` : '';
  const shown = columns.some(({ head }) => head === 'PRIO') && !hidden.includes('PRIO');
  return blocks(
    text,
    lines(
      [count, cut].filter(Boolean).join(' '),
      shown && order !== undefined && order !== 'none' ? `PRIO: ${order.replace('-', ' ')}.` : undefined,
      nextLines(next, page),
    ),
  );
});

/** Columns that would say the same on each line, or nothing, are left out. */
export function jobColumns(jobs: readonly JobView[], now: Instant, page: Page): Column<JobView>[] {
  const varies = (of: (job: JobView) => unknown): boolean => new Set(jobs.map(of)).size > 1;
  const some = (of: (job: JobView) => unknown): boolean => jobs.some((job) => of(job) !== undefined);
  const when = (show: boolean, column: Column<JobView>): Column<JobView>[] => (show ? [column] : []);
  return [
    { head: 'ID', whole: true, cell: (job) => job.id },
    ...when(
      varies((job) => job.queue),
      { head: 'QUEUE', whole: true, cell: (job) => job.queue },
    ),
    ...when(
      jobs.some(({ type, queue }) => type !== queue),
      { head: 'TYPE', good: 18, min: 10, cell: (job) => job.type },
    ),
    ...when(
      varies((job) => job.state),
      { head: 'STATE', whole: true, cell: (job) => stateCell(job, page) },
    ),
    { head: 'SINCE', whole: true, right: true, cell: (job) => relative(job.since, now) },
    { head: 'TRIES', whole: true, right: true, drop: 5, cell: tries },
    ...when(
      varies((job) => job.priority),
      { head: 'PRIO', whole: true, right: true, drop: 20, cell: (job) => String(job.priority ?? '-') },
    ),
    ...when(
      some((job) => job.lane),
      { head: 'LANE', min: 4, drop: 30, cell: (job) => job.lane ?? '-' },
    ),
    ...when(
      some((job) => job.tenant),
      { head: 'TENANT', min: 6, drop: 10, cell: (job) => job.tenant ?? '-' },
    ),
    ...when(
      some((job) => job.worker),
      { head: 'WORKER', min: 8, drop: 15, cell: (job) => job.worker ?? '-' },
    ),
    ...when(
      some((job) => job.stuck),
      { head: 'STUCK', good: 24, min: 12, cell: (job) => ({ text: job.stuck ?? '', look: page.style.bad }) },
    ),
    ...when(
      some((job) => job.error),
      {
        head: 'ERROR',
        good: 28,
        min: 12,
        cell: (job) => errorLine(job),
        ...(some((job) => job.stuck) ? { drop: 1 } : {}),
      },
    ),
  ];
}

function stateCell(job: JobView, page: Page) {
  const text = job.retrying ? `${job.state} (retry)` : job.state;
  return job.state === 'dead' ? { text, look: page.style.bad } : text;
}

export const tries = (job: Pick<JobView, 'attempts' | 'maxAttempts'>): string =>
  job.maxAttempts === undefined ? String(job.attempts) : `${job.attempts}/${job.maxAttempts}`;

/** `Class: message` on one line, the class once. */
export function errorLine({ error }: Pick<JobView, 'error'>): string {
  if (error === undefined) return '';
  const { class: kind, message } = error;
  return kind === undefined || message.startsWith(`${kind}:`) || message === kind
    ? message
    : message === ''
      ? kind
      : `${kind}: ${message}`;
}
