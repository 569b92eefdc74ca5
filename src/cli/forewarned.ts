import type { QueueReader } from '../domain/adapter.ts';
import { isTrial, type Plan } from '../domain/plan.ts';
import { deedOf } from '../operations/plan-return.ts';
import { hereIn } from '../operations/same-place.ts';
import { readRun } from '../safety/run-folder.ts';
import { listRuns, type RunSummary } from '../safety/run-list.ts';
import type { Session } from './session.ts';

/** How many unfinished runs are worth a line. */
const SHOWN = 3;

type Ground = Pick<Session, 'reader' | 'stateDir'>;

/** The plan with what is known only now: which right its write lacks, and which unfinished run is on its queues. */
export async function forewarned(plan: Plan, ground: Ground): Promise<Plan> {
  const lines = [...(await rightsLines(plan, ground.reader)), ...(await unfinishedLines(plan, ground))];
  return { ...plan, warnings: [...plan.warnings, ...lines] };
}

/** As the write itself would ask before it claims anything. */
async function rightsLines({ task }: Plan, reader: QueueReader): Promise<string[]> {
  if (task.kind !== 'act' && task.kind !== 'put-back') return [];
  const deed = task.kind === 'act' ? task.action.verb : deedOf(task.via);
  const lack = await reader.lacksRight?.(deed);
  if (lack !== undefined) return [`It would be refused. ${lack}`];
  const beside = await reader.lacksBeside?.(deed);
  return beside === undefined ? [] : [beside];
}

/** A write on a queue that an unfinished run left behind says so. */
async function unfinishedLines(plan: Plan, { reader, stateDir }: Ground): Promise<string[]> {
  const isHere = hereIn(plan.context, reader);
  const runs: RunSummary[] = [];
  for (const run of await listRuns(stateDir))
    if (
      run.state === 'unfinished' &&
      run.queues.some((queue) => plan.queues.includes(queue)) &&
      (run.context === plan.context || (await isHere((await readRun(stateDir, run.id)).plan)))
    )
      runs.push(run);
  return runs.slice(0, SHOWN).map(({ id, running, verb }) => {
    if (running) return `The run ${id} works on this queue now.`;
    return isTrial(verb)
      ? `The run ${id} on this queue was cut short; what is left of it is taken away by: jobctl undo ${id}`
      : `The run ${id} on this queue is unfinished: jobctl run resume ${id}`;
  });
}
