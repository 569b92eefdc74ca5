import { type StatsAnswer, statsAgree } from './answers.ts';
import { type Deviation, unchanged } from './checks.ts';
import type { Ended } from './cli.ts';
import type { Rows } from './rows.ts';

/** What a check can look at. */
export interface Sight {
  readonly ended: Ended;
  /** What the same command answered to `--json`, where the step asks for it. */
  readonly answer: unknown;
  /** The rows before the step, and now. */
  readonly before: Rows;
  readonly after: Rows;
  readonly memory: Memory;
}

/** What earlier steps leave for later ones. */
export interface Memory {
  replay?: { readonly run: string; readonly before: Rows; readonly moved: string[]; readonly twins: string[] };
}

export interface Step {
  /** Why an operator does this. */
  readonly title: string;
  words(memory: Memory): readonly string[];
  /** A read: it is run a second time, with `--json`, and must leave every row as it is. */
  readonly reads: boolean;
  /** 3 says: done, but not all of it. */
  readonly exit: number;
  check(sight: Sight): Deviation[];
  /** What the check has shown. */
  readonly proves: string;
}

export const runIn = ({ stdout }: Ended): string => /^ {2}run +(\S+)$/m.exec(stdout)?.[1] ?? 'no-run-was-named';

export function replayOf({ replay }: Memory): NonNullable<Memory['replay']> {
  if (replay === undefined) throw new Error('There was no replay before this step.');
  return replay;
}

/** A command that only looks. */
export const look = (
  step: Omit<Step, 'reads' | 'exit' | 'check'> & { check: (sight: Sight) => Deviation[] },
): Step => ({
  ...step,
  reads: true,
  exit: 0,
  check: (sight) => [...unchanged(sight.before, sight.after), ...step.check(sight)],
});

export const stats = (title: string, more: (rows: Rows) => Deviation[] = () => []): Step =>
  look({
    title,
    words: () => ['stats'],
    check: ({ answer, after }) => [...statsAgree(answer as StatsAnswer, after), ...more(after)],
    proves: 'each count is what the table holds, and looking changed nothing',
  });
