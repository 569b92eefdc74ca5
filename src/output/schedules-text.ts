import type { Instant } from '../domain/instant.ts';
import type { Plan, Task } from '../domain/plan.ts';
import type { Schedule } from '../domain/schedule.ts';
import { clock, relative } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, facts } from './facts.ts';
import { type Page, view } from './page.ts';
import { table } from './table.ts';
import { warningsText } from './warning-text.ts';

export interface SchedulesView {
  readonly schedules: readonly Schedule[];
  readonly now: Instant;
}

/** `schedule list`: one a line, by queue. */
export const schedulesText = view(({ schedules, now }: SchedulesView, page: Page): string => {
  if (schedules.length === 0) return 'No schedule is there.';
  const paused = schedules.filter((one) => one.paused === true).length;
  const { text } = table<Schedule>(
    [
      { head: 'QUEUE', whole: true, cell: ({ queue }) => queue },
      { head: 'ID', whole: true, cell: ({ id }) => id },
      ...(schedules.some(({ type }) => type !== undefined)
        ? [{ head: 'TYPE', good: 16, min: 6, drop: 1, cell: ({ type = '-' }: Schedule) => type }]
        : []),
      { head: 'WHEN', good: 26, min: 8, cell: ({ when }) => when },
      {
        head: 'NEXT',
        whole: true,
        right: true,
        cell: (one) => (one.paused === true ? { text: 'paused', look: page.style.warn } : relative(one.nextAt, now)),
      },
    ],
    schedules,
    page,
  );
  return blocks(text, `${plural(schedules.length, 'schedule')}, ${paused} paused.`);
});

const doing = {
  pause: 'Pause the schedule',
  resume: 'Resume the schedule',
  run: 'Add one job now of the schedule',
  remove: 'Remove the schedule',
  put: 'Put back the schedule',
} as const;

const consequences = {
  pause: 'it adds no job until it is resumed; what it has added is not touched',
  resume: 'it goes on with the next time that is to come; what was missed stays missed',
  run: 'next to the regular ones, which stay as they are',
  remove: 'it adds no job any more; it is kept in the journal of the run, and undo puts it back',
  put: 'as it was; it goes on with the next time that is to come',
} as const;

interface SchedulePlan {
  readonly plan: Omit<Plan, 'sample'>;
  readonly task: Extract<Task, { kind: 'schedule' }>;
  readonly dryRun: boolean;
}

/** The plan of a write on one schedule. */
export function schedulePlanText({ plan, task, dryRun }: SchedulePlan, page: Page): string {
  const { deed, schedule } = task;
  const severe = plan.severity === 'severe';
  const emphasis = severe ? page.style.bad : page.style.strong;
  const { nextAt } = schedule;
  return blocks(
    emphasis(
      plan.matched.value === 0
        ? `Nothing to do: ${schedule.id} of ${schedule.queue}`
        : `${doing[deed]} ${schedule.id} of ${schedule.queue}`,
    ),
    facts(
      [
        ['context', `${plan.context}${severe ? ' (asks for the name of the queue)' : ''}`],
        ['backend', `${plan.backend} at ${plan.where}`],
        ['adds', schedule.type === undefined ? undefined : `jobs of type ${schedule.type}`],
        ['when', schedule.when],
        ['next', nextAt === undefined ? undefined : `${clock(nextAt)} (${relative(nextAt, plan.madeAt)})`],
        ['effect', plan.matched.value === 0 ? undefined : consequences[deed]],
        ['reason', plan.reason],
      ],
      page,
    ),
    warningsText({ warnings: plan.warnings }, page),
    dryRun ? page.style.strong('dry run: nothing was changed') : undefined,
  );
}
