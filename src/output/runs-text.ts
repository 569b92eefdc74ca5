import { grouped } from '../domain/grouped.ts';
import type { Instant } from '../domain/instant.ts';
import type { Tally } from '../domain/outcome.ts';
import { relative } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, lines, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';
import { type Cell, table } from './table.ts';

export interface RunRow {
  readonly id: string;
  readonly startedAt: Instant;
  readonly state: 'finished' | 'unfinished' | 'refused' | 'damaged';
  /** Of a refused one: why nothing was begun. */
  readonly stopped?: string | undefined;
  readonly running: boolean;
  readonly verb?: string | undefined;
  readonly context?: string | undefined;
  readonly queues: readonly string[];
  readonly matched?: number | undefined;
  readonly outcomes?: Tally | undefined;
  /** The queue was emptied by one call, which counts nothing. */
  readonly emptied?: true | undefined;
}

export interface RunsView {
  /** In the order to show: unfinished first. */
  readonly runs: readonly RunRow[];
  readonly more: boolean;
  /** Only those of this queue were looked for. */
  readonly queue?: string | undefined;
  readonly now: Instant;
  readonly next: readonly string[];
}

/** `run list`. The id says when, which verb and which queue. */
export const runsText = view(({ runs, more, queue, now, next }: RunsView, page: Page): string => {
  const none =
    queue === undefined ? 'No runs yet: nothing was changed' : `No runs on ${queue}: nothing was changed there`;
  if (runs.length === 0) return lines(`${none} with jobctl from here.`, nextLines(next, page));
  const contexts = new Set(runs.map((run) => run.context)).size > 1;
  const { text } = table<RunRow>(
    [
      { head: 'RUN', whole: true, cell: (run) => run.id },
      { head: 'STATE', whole: true, cell: (run) => stateCell(run, page) },
      { head: 'STARTED', whole: true, right: true, cell: (run) => relative(run.startedAt, now) },
      ...(contexts ? [{ head: 'CONTEXT', min: 8, drop: 10, cell: (run: RunRow) => run.context ?? '-' }] : []),
      { head: 'RESULT', min: 12, cell: (run) => run.stopped?.replace(/^At \S+ /, '') ?? resultOf(run) },
    ],
    runs,
    page,
  );
  const open = runs.filter((run) => run.state === 'unfinished' && !run.running).length;
  const count = open === 0 ? '' : page.style.bad(`${plural(open, 'run')} unfinished: jobs are left to deal with.`);
  return blocks(text, lines(count, more ? 'There are older runs.' : '', nextLines(next, page)));
});

function stateCell(run: RunRow, page: Page): Cell {
  if (run.running) return { text: 'running', look: page.style.warn };
  return run.state === 'finished' ? run.state : { text: run.state, look: page.style.bad };
}

function resultOf({ outcomes, matched, emptied }: RunRow): string {
  if (outcomes === undefined) return matched === undefined ? '-' : `${grouped(matched)} matched`;
  const parts = (['unknown', 'failed', 'done', 'skipped'] as const).filter((result) => outcomes[result] > 0);
  const counts = parts.map((result) => `${grouped(outcomes[result])} ${result}`);
  if (counts.length === 0) return emptied ? `emptied, about ${grouped(matched ?? 0)}` : 'nothing done';
  return [...counts, ...(emptied ? ['the rest emptied'] : [])].join(', ');
}
