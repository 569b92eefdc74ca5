import { type Deviation, same } from './checks.ts';
import { type Rows, select } from './rows.ts';

/** What the tour reads out of the commands' JSON. */
export interface StatsAnswer {
  readonly queues: readonly { readonly queue: string; readonly counts: Readonly<Record<string, number>> }[];
}

export interface GroupsAnswer {
  readonly complete: boolean;
  readonly groups: readonly { readonly count: number; readonly types: readonly string[] }[];
}

export interface RunAnswer {
  readonly run: { readonly verb: string; readonly state: string; readonly outcomes: Readonly<Record<string, number>> };
  readonly report: { readonly skipped: readonly { readonly id: string; readonly why: string }[] };
}

export interface VerifyAnswer {
  readonly ok: boolean;
  readonly jobs: number;
}

/** Counts of stats against the rows themselves. What waits, is delayed or blocked is one status in the table. */
export function statsAgree({ queues }: StatsAnswer, rows: Rows): Deviation[] {
  const names = [...new Set([...rows.values()].map((row) => row.queue))].sort();
  const told = queues.map(({ queue }) => queue).sort();
  return [
    ...same('queues', names, told),
    ...queues.flatMap(({ queue, counts }) => {
      const of = (status: string): number => select(rows, (row) => row.queue === queue && row.status === status).length;
      const { waiting = 0, delayed = 0, blocked = 0, active, completed, dead, cancelled } = counts;
      return same(
        `counts of ${queue}`,
        {
          queued: of('todo'),
          active: of('doing'),
          completed: of('succeeded'),
          dead: of('failed'),
          cancelled: of('cancelled'),
        },
        { queued: waiting + delayed + blocked, active, completed, dead, cancelled },
      );
    }),
  ];
}

/** One group for each type here: all jobs of a type died of the same cause. */
export function groupsAgree({ complete, groups }: GroupsAnswer, rows: Rows, queue: string): Deviation[] {
  const dead = select(rows, (row) => row.queue === queue && row.status === 'failed');
  const expected = Object.fromEntries(dead.map(({ type }) => [type, dead.filter((row) => row.type === type).length]));
  const found = Object.fromEntries(groups.map(({ count, types }) => [types.join('+'), count]));
  return [...same('groups of dead jobs', expected, found), ...same('all dead jobs were grouped', true, complete)];
}

export const backupHolds = ({ ok, jobs }: VerifyAnswer, expected: number): Deviation[] =>
  same('the backup', { ok: true, jobs: expected }, { ok, jobs });

export function runTells(
  { run, report }: RunAnswer,
  verb: string,
  done: number,
  duplicates: readonly string[] = [],
): Deviation[] {
  const outcomes = { done, skipped: duplicates.length, failed: 0, unknown: 0 };
  return [
    ...same('verb and state of the run', [verb, 'finished'], [run.verb, run.state]),
    ...same('outcomes of the run', outcomes, run.outcomes),
    ...same(
      'skipped jobs',
      duplicates.map((id) => `${id} duplicate`),
      report.skipped.map(({ id, why }) => `${id} ${why.split(':')[0]}`),
    ),
  ];
}

/** The same, of the text that a write ends with. */
export function resultTells(stdout: string, done: number, skipped: number): Deviation[] {
  const line = stdout.split('\n').find((text) => /^\d+ done/.test(text));
  return same('the result', `${done} done${skipped === 0 ? '' : `, ${skipped} skipped`}`, line);
}
