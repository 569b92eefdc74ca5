import { grouped } from '../domain/grouped.ts';
import type { Instant } from '../domain/instant.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { moment } from './age.ts';
import { counted } from './count-text.ts';
import { blocks, facts, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';
import { reportText } from './report-text.ts';
import type { RunRow } from './runs-text.ts';

export interface RunShow {
  readonly run: RunRow;
  readonly plan: Plan;
  readonly report?: Report | undefined;
  readonly backup?: string | undefined;
  readonly journal: string;
  /** Jobs dealt with so far, while it goes on. */
  readonly handled?: number | undefined;
  readonly now: Instant;
  readonly next: readonly string[];
}

const expected = ({ matched, limit }: Plan): Plan['matched'] =>
  limit === undefined || limit >= matched.value ? matched : { value: limit, exact: true };

/** `run show`: what was planned, what became of it, where it is written down. */
export const runText = view(({ run, plan, report, backup, journal, handled, now, next }: RunShow, page: Page): string =>
  blocks(
    `${page.style.strong(run.id)} · ${run.running ? 'running now' : run.state === 'finished' ? run.state : page.style.bad(run.state)}`,
    facts(
      [
        ['verb', plan.verb],
        ['queues', plan.queues.join(', ')],
        ['context', plan.context],
        ['backend', `${plan.backend} at ${plan.where}`],
        ['started', moment(run.startedAt, now)],
        ['matched', counted(plan.matched)],
        ['so far', handled === undefined ? undefined : `${grouped(handled)} of ${counted(expected(plan))} dealt with`],
        ['reason', plan.reason],
        ['backup', backup],
        ['journal', journal],
      ],
      page,
    ),
    run.stopped === undefined ? undefined : `Nothing was changed. ${run.stopped}`,
    report === undefined || run.stopped !== undefined
      ? undefined
      : reportText({ ...report, next: [], run: undefined, backup: undefined }, page),
    nextLines(next, page),
  ),
);
