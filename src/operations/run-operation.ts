import type { Lock } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { shellWord } from '../safety/shell-word.ts';
import type { Engine } from './batch.ts';
import { execute } from './execute.ts';
import { groupsOf } from './next-steps.ts';
import type { Pace, Ports } from './ports.ts';
import { emptyReport } from './tally.ts';

/**
 * The one place where a write is sequenced: plan → confirm → lock → run folder → batches → report.
 * A dry run is the same road, left after the plan.
 */
export async function runOperation(
  makePlan: () => Promise<Plan>,
  engine: (plan: Plan) => Engine,
  ports: Ports,
  pace: Pace,
): Promise<Report> {
  const plan = await makePlan();
  await ports.holds?.(plan);
  ports.show.plan(plan, pace.dryRun);
  refuseBeyond(plan, pace.max);
  const carrier = engine(plan); // refuses what the backend cannot do, on a dry run too
  if (plan.matched.value === 0)
    return { ...emptyReport(plan, pace.dryRun), next: [...(ports.keep ? [NO_PLAN] : []), ...lookedFor(plan)] };
  if (pace.dryRun) return { ...emptyReport(plan, true), ...(await kept(plan, ports)) };
  await ports.confirm(plan);
  const lock = await lockFor(plan, ports);
  try {
    const run = await ports.open(plan);
    try {
      await run.journal({ at: 'start', time: plan.madeAt, run: run.id, verb: plan.verb });
      return await execute({ plan, run, engine: carrier, lock, ports, pace });
    } finally {
      await run.close();
    }
  } finally {
    await lock.release();
  }
}

const NO_PLAN = 'No plan was written: there is nothing to do.';

/** Where to see the groups and types that there are: the one that was asked for may be gone, or misspelt. */
function lookedFor({ task, queues }: Plan): string[] {
  if (task.kind !== 'act') return [];
  const { group, types, states } = task.selection;
  const areDead = states.every((state) => state === 'dead');
  const look = areDead ? groupsOf(queues) : `jobctl stats ${queues.map(shellWord).join(' ')}`;
  const looks = [
    ...(group === undefined ? [] : [groupsOf(queues)]),
    ...(types === undefined ? [] : [`${look} --by type`]),
  ];
  return looks.map((one) => `${one}   # those that are there now`);
}

async function kept(plan: Plan, { keep }: Ports): Promise<Pick<Report, 'planFile' | 'next'> | undefined> {
  if (keep === undefined) return undefined;
  const planFile = await keep(plan);
  return { planFile, next: [`jobctl plan show ${shellWord(planFile)}`, `jobctl apply ${shellWord(planFile)}`] };
}

/** What only adds jobs meets nobody: it neither waits for another run nor keeps one out. */
export const lockFor = async (plan: Plan, ports: Ports): Promise<Lock> =>
  plan.task.kind === 'enqueue'
    ? { lost: new AbortController().signal, release: async () => {} }
    : await ports.lock(plan);

export function refuseBeyond(plan: Plan, max: number | undefined): void {
  if (max === undefined || plan.matched.value <= max) return;
  throw new JobctlError('refused', `${plan.matched.value} jobs match, which is more than --max ${max}.`, {
    next: ['Narrow the selection, or raise --max.', 'To act on the first ones only, use --limit.'],
  });
}
