import { resolve } from 'node:path';
import type { NewJob } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import { grouped } from '../domain/grouped.ts';
import type { Plan } from '../domain/plan.ts';
import { isApplicable } from '../operations/freeze.ts';
import type { Ports } from '../operations/ports.ts';
import { operator } from '../safety/operator.ts';
import { type PlanPace, writePlanFile } from '../safety/plan-file.ts';
import type { CarefulFlags } from './careful.ts';

/** More jobs than this are no plan but a load: the file they come from says it better. */
const MOST_JOBS = 10_000;

type PaceFlags = Partial<CarefulFlags> & { readonly rate?: string | undefined; readonly batch?: number | undefined };

/** Writes the plan into the file, with all that the command line said of the way it is to be carried out. */
export const planKeeper =
  (file: string, flags: PaceFlags): NonNullable<Ports['keep']> =>
  async (plan, jobs) => {
    const path = resolve(file);
    if (!isApplicable(plan.task)) throw notApplicable(plan);
    await writePlanFile(path, {
      madeBy: operator(process.env),
      command: process.argv.slice(2),
      plan,
      pace: paceOf(flags),
      ...(jobs === undefined ? {} : { jobs: await all(jobs) }),
    });
    return path;
  };

const notApplicable = ({ verb }: Plan): JobctlError =>
  new JobctlError(
    'usage',
    `A ${verb} of this kind cannot be written down as a plan: the backend carries it out by itself.`,
    {
      next: ['Look at it with --dry-run, and run the command when the time has come.'],
    },
  );

function paceOf(flags: PaceFlags): PlanPace {
  const { rate, batch, canary, spread, force } = flags;
  const careful =
    canary === undefined ? {} : { canary, canaryWait: flags['canary-wait'], maxFailures: flags['max-failures'] };
  const given = { rate, batch, ...careful, spread, ...(force ? { force } : {}) };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

async function all(jobs: AsyncIterable<NewJob>): Promise<NewJob[]> {
  const kept: NewJob[] = [];
  for await (const job of jobs) {
    if (kept.length === MOST_JOBS)
      throw new JobctlError('usage', `A plan file takes at most ${grouped(MOST_JOBS)} new jobs.`, {
        next: ['Split the input, or check it with --dry-run and add it when the time has come.'],
      });
    kept.push(job);
  }
  return kept;
}
