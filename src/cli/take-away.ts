import type { JobState } from '../domain/job.ts';
import type { Report } from '../domain/plan.ts';
import { engineFor } from '../operations/engine.ts';
import { planAction } from '../operations/plan-action.ts';
import type { Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import type { Session } from './session.ts';

export interface Leftovers {
  readonly queue: string;
  readonly ids: readonly string[];
  readonly states: readonly JobState[];
  readonly reason: string;
}

const BATCH = 1000;

/** Removes jobs that a test has added. It is a run of its own, with a backup; the test was agreed to, and so was this. */
export async function takeAway(
  session: Session,
  ports: Ports,
  { queue, ids, states, reason }: Leftovers,
): Promise<Report> {
  const { adapter, reader, context } = session;
  const quiet: Ports = {
    ...ports,
    show: { plan: () => {}, progress: () => {}, settled: () => {} },
    confirm: async () => {},
  };
  return await runOperation(
    () =>
      planAction(reader, {
        verb: 'remove',
        context: context.name,
        protected: context.protected,
        selection: { queues: [queue], states, ids },
        tests: {},
        action: { verb: 'remove' },
        reason,
      }),
    (plan) => engineFor(plan, { adapter, tests: {}, source: nothing }),
    quiet,
    { dryRun: false, batch: BATCH, signal: new AbortController().signal },
  );
}

async function* nothing(): AsyncGenerator<never> {}
