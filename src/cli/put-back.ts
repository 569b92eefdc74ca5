import type { Plan, Report } from '../domain/plan.ts';
import { lostBy } from '../operations/added-by.ts';
import { engineFor } from '../operations/engine.ts';
import { planReturn, type ReturnRequest } from '../operations/plan-return.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { sentBefore } from '../operations/sent-before.ts';
import { readRun } from '../safety/run-folder.ts';
import { forewarned } from './forewarned.ts';
import type { Session } from './session.ts';
import { sourceOf } from './source.ts';

export type PutBackRequest = Omit<ReturnRequest, 'context' | 'protected' | 'strays'>;

/** Restore and undo: the plan reads the source once, the run a second time. */
export async function putBack(session: Session, ports: Ports, pace: Pace, request: PutBackRequest): Promise<Report> {
  const { context, reader, adapter, stateDir } = session;
  const { run } = request.from;
  const strays = run === undefined ? [] : await lostBy(await readRun(stateDir, run));
  const full = { ...request, strays, context: context.name, protected: context.protected };
  const plan = async (): Promise<Plan> => {
    const made = await forewarned(await planReturn(reader, full, (task) => sourceOf(task, 1, stateDir)), session);
    const { revert } = adapter.can;
    if (request.via === 'recall' && revert.level !== 'none') await revert.ops.allows?.(made.queues);
    return made;
  };
  return await runOperation(
    plan,
    (made) =>
      engineFor(made, {
        adapter,
        tests: {},
        source: (task, from) => sourceOf(task, from, stateDir),
        sentBefore: (backup) => sentBefore(stateDir, backup),
      }),
    ports,
    pace,
  );
}
