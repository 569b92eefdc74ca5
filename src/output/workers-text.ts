import type { Worker } from '../domain/adapter.ts';
import type { Instant } from '../domain/instant.ts';
import { relative } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, lines, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';
import { table } from './table.ts';

export interface WorkersView {
  readonly workers: readonly Worker[];
  readonly now: Instant;
}

/** `worker list`: one worker a line, the silent ones first. */
export const workersText = view(({ workers, now }: WorkersView, page: Page): string => {
  if (workers.length === 0) return 'No worker has given a sign of life.';
  const silent = workers.filter((worker) => worker.silent);
  const { text } = table<Worker>(
    [
      { head: 'WORKER', good: 40, min: 12, cell: ({ id }) => id },
      {
        head: 'SEEN',
        whole: true,
        right: true,
        cell: ({ seenAt }) => (seenAt === undefined ? 'never' : relative(seenAt, now)),
      },
      { head: 'STATE', whole: true, cell: (one) => (one.silent ? { text: 'silent', look: page.style.bad } : 'alive') },
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
      left ? nextLines(['jobctl reset QUEUE --dry-run   # gives back what they had'], page) : '',
    ),
  );
});
