import type { Worker } from '../domain/adapter.ts';
import type { Instant } from '../domain/instant.ts';
import { relative } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, lines, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';
import { type Cell, table } from './table.ts';
import { hang } from './text-width.ts';

export interface WorkersView {
  readonly workers: readonly Worker[];
  readonly now: Instant;
  /** Which workers are known, where that is not all of them. */
  readonly note?: string | undefined;
  /** What to do where a silent one left jobs behind. */
  readonly next?: readonly string[] | undefined;
}

export const giveBack = 'jobctl reset --all-queues --dry-run   # gives back what they had';

/** `worker list`: one worker a line, the silent ones first. */
export const workersText = view(({ workers, now, note, next = [giveBack] }: WorkersView, page: Page): string => {
  if (workers.length === 0)
    return note === undefined
      ? 'No worker has given a sign of life.'
      : lines('No worker holds a job.', hang('', note, page.width));
  if (workers.some(({ state }) => state !== undefined)) return consumersText(workers, page);
  const silent = workers.filter((worker) => worker.silent);
  // to hold a job is no sign that it still lives
  const there = note === undefined ? 'alive' : 'has jobs';
  const { text } = table<Worker>(
    [
      { head: 'WORKER', good: 40, min: 12, cell: ({ id }) => id },
      {
        head: 'SEEN',
        whole: true,
        right: true,
        cell: ({ seenAt }) => (seenAt === undefined ? 'never' : relative(seenAt, now)),
      },
      {
        head: 'STATE',
        whole: true,
        cell: (one) =>
          one.silent
            ? { text: 'silent', look: page.style.bad }
            : one.active === 0 && one.lanes !== undefined
              ? 'has a lane'
              : there,
      },
      { head: 'JOBS', whole: true, right: true, cell: ({ active }) => (active === undefined ? '-' : String(active)) },
    ],
    workers,
    page,
  );
  const left = silent.some(({ active }) => active !== 0);
  return blocks(
    text,
    lines(
      `${plural(workers.length, 'worker')}, ${silent.length} silent.`,
      note === undefined ? '' : hang('', note, page.width),
      left ? nextLines(next, page) : '',
    ),
    ...workers.map((one) => laneText(one, page)),
  );
});

function laneText({ id, lanes }: Worker, page: Page): string | undefined {
  if (lanes === undefined) return undefined;
  const { names, freedBy } = lanes;
  const [which, them] = names.length === 1 ? ['lane', 'it'] : ['lanes', 'them'];
  const way = freedBy === undefined ? '' : ` Once that worker is gone, this frees ${them}:`;
  const said = `${id} keeps the ${which} ${names.join(', ')} locked without a job of ${them}: nothing in ${them} runs.${way}`;
  return lines(hang('', said, page.width), freedBy === undefined ? '' : nextLines([freedBy], page));
}

/** Where a line stands for many workers at once: what it takes from, how many run against its limit, how it went last. */
function consumersText(workers: readonly Worker[], page: Page): string {
  const { text } = table<Worker>(
    [
      { head: 'WORKER', good: 24, min: 12, cell: ({ id }) => id },
      { head: 'QUEUE', good: 20, min: 10, cell: ({ queue = '-' }) => queue },
      { head: 'STATE', whole: true, cell: (one) => stateCell(one, page) },
      { head: 'RUNNING', whole: true, right: true, cell: (one) => runningCell(one, page) },
      { head: 'LAST RESULT', good: 18, min: 10, cell: ({ note = '-' }) => note },
    ],
    workers,
    page,
  );
  const off = workers.filter(({ state }) => state !== 'Enabled').length;
  const full = workers.filter(isFull).length;
  return blocks(
    text,
    hang(
      '',
      `${plural(workers.length, 'consumer')}, ${off} not enabled${full > 0 ? `, ${full} at the limit` : ''}. RUNNING is measured minute by minute, for the function as a whole.`,
      page.width,
    ),
  );
}

const stateCell = ({ state = '-' }: Worker, page: Page): Cell =>
  state === 'Enabled' ? state : { text: state, look: page.style.warn };

const isFull = ({ running, limit }: Worker): boolean =>
  running !== undefined && limit !== undefined && running >= limit.value;

/** What was not measured is not 0. */
function runningCell(one: Worker, page: Page): Cell {
  const { running, limit } = one;
  const text = `${running ?? '?'} of ${limit?.value ?? 'no limit'}`;
  return isFull(one) ? { text, look: page.style.bad } : text;
}
