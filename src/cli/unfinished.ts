import { isTrial, type Plan } from '../domain/plan.ts';
import { listRuns } from '../safety/run-list.ts';

/** How many of them are worth a line. */
const SHOWN = 3;

/** A write on a queue that an unfinished run left behind says so. */
export async function withUnfinished(plan: Plan, stateDir: string): Promise<Plan> {
  const runs = (await listRuns(stateDir)).filter(
    (run) =>
      run.state === 'unfinished' &&
      run.context === plan.context &&
      run.queues.some((queue) => plan.queues.includes(queue)),
  );
  const lines = runs.slice(0, SHOWN).map(({ id, running, verb }) => {
    if (running) return `The run ${id} works on this queue now.`;
    return isTrial(verb)
      ? `The run ${id} on this queue was cut short; what is left of it is taken away by: jobctl undo ${id}`
      : `The run ${id} on this queue is unfinished: jobctl run resume ${id}`;
  });
  return { ...plan, warnings: [...plan.warnings, ...lines] };
}
