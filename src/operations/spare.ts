import { JobctlError } from '../domain/errors.ts';
import type { Plan } from '../domain/plan.ts';
import { readAudit } from '../safety/audit.ts';
import type { Loop } from './ledger.ts';

/** Jobs that are named in a plan or a refusal. */
const SHOWN = 5;
/** More of them than this, and the queue needs another look than a plan can give. */
const MOST = 10_000;

/** The plan of a replay that leaves these alone. Throws `refused` where it would be about nothing else. */
export async function sparing(plan: Plan, loops: readonly Loop[], stateDir: string): Promise<Plan> {
  const { task, matched, warnings } = plan;
  if (task.kind !== 'act' || loops.length === 0) return plan;
  const { ids } = task.selection;
  const isAll = (matched.exact || ids !== undefined) && loops.length >= matched.value;
  const isAllNamed = ids !== undefined && loops.length >= ids.length; // a count may be an estimate
  if (isAll || isAllNamed || loops.length > MOST) throw await refusal(stateDir, loops);
  const which = loops.length === 1 ? '1 of these jobs was' : `${loops.length} of these jobs were`;
  return {
    ...plan,
    task: { ...task, spared: loops },
    warnings: [
      ...warnings,
      `${which} replayed twice within a day already: left as ${loops.length === 1 ? 'it is' : 'they are'}, unless --force is given.`,
      ...(await shown(stateDir, loops)).map(({ id, by }) => `Job ${id}: ${by}.`),
    ],
  };
}

async function refusal(stateDir: string, loops: readonly Loop[]): Promise<JobctlError> {
  const lines = (await shown(stateDir, loops)).map(({ id, by }) => `  job ${id}: ${by}`);
  const more = loops.length > SHOWN ? [`  … and ${loops.length - SHOWN} more`] : [];
  const which = loops.length === 1 ? 'A job was' : `${loops.length} jobs were`;
  return new JobctlError(
    'refused',
    [`${which} replayed twice within a day already, and dead again:`, ...lines, ...more].join('\n'),
    {
      next: [`jobctl dlq show ${loops[0]?.id}   # why does it die?`, 'Add --force to replay them once more.'],
    },
  );
}

/** The first of them, each with the runs that replayed it and by whom. */
async function shown(stateDir: string, loops: readonly Loop[]): Promise<{ id: string; by: string }[]> {
  const first = loops.slice(0, SHOWN);
  const people = await operatorsOf(stateDir, new Set(first.flatMap(({ runs }) => runs)));
  return first.map(({ id, runs }) => ({
    id,
    by: runs.map((run) => `${run}${people.has(run) ? ` by ${people.get(run)}` : ''}`).join(', '),
  }));
}

async function operatorsOf(stateDir: string, runs: ReadonlySet<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { run, user, host } of readAudit(stateDir))
    if (run !== undefined && runs.has(run)) found.set(run, `${user}@${host}`);
  return found;
}
