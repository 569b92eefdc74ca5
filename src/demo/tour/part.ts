import type { GuestName } from '../guest.ts';
import { resultTells } from './answers.ts';
import { type Deviation, onlyChanged, undone } from './checks.ts';
import { type Row, type Rows, select } from './rows.ts';
import { replayOf, runIn, type Step } from './step.ts';

/** What the tour does on a backend beside Postgres. */
export interface Part {
  readonly name: GuestName;
  readonly steps: readonly Step[];
  /** Its jobs, read past our adapters. */
  rows(url: string): Promise<Rows>;
}

/** Dead jobs of one cause wait again, and nothing else has changed. */
export const replayOnly = (title: string, words: readonly string[], mended: (row: Row) => boolean): Step => ({
  title,
  words: () => ['replay', ...words, '--yes'],
  reads: false,
  exit: 0,
  check: ({ ended, before, after, memory }): Deviation[] => {
    const moved = select(before, (row) => row.status === 'failed' && mended(row)).map(({ id }) => id);
    memory.replay = { run: runIn(ended), before, moved, twins: [] };
    return [
      ...onlyChanged(before, after, moved, () => ({ status: 'todo', attempts: 0 })),
      ...resultTells(ended.stdout, moved.length, 0),
    ];
  },
  proves: 'exactly the jobs of that cause wait again, with all their attempts',
});

export const takeBack = (title: string): Step => ({
  title,
  words: (memory) => ['undo', replayOf(memory).run, '--yes'],
  reads: false,
  exit: 0,
  check: ({ ended, before, after, memory }) => {
    const { before: beforeRun, moved } = replayOf(memory);
    return [...undone(beforeRun, before, after, moved), ...resultTells(ended.stdout, moved.length, 0)];
  },
  proves: 'each is as before the replay',
});
