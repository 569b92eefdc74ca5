import { parseDuration } from '../config/duration.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { type Engine, engineFor } from '../operations/engine.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { planSwitch, type SwitchRequest } from '../operations/switching.ts';
import { forewarned } from './forewarned.ts';
import type { Session } from './session.ts';
import { switchesOf } from './switches.ts';

export interface SwitchOrder extends Omit<SwitchRequest, 'context' | 'protected' | 'forSeconds'> {
  readonly timeout: string;
  /** How long a pause is to last. */
  readonly for?: string | undefined;
}

/** Pause, resume, and the undo of either. */
export async function switchQueues(session: Session, ports: Ports, pace: Pace, order: SwitchOrder): Promise<Report> {
  const { context, reader, adapter } = session;
  const { timeout, for: length, ...rest } = order;
  const switches = switchesOf(session, timeout);
  const full = {
    ...rest,
    context: context.name,
    protected: context.protected,
    forSeconds: length === undefined ? undefined : parseDuration(length),
  };
  const plan = async (): Promise<Plan> => forewarned(await planSwitch(reader, full, switches), session);
  const engine = (made: Plan): Engine => engineFor(made, { adapter, tests: {}, source: nothing, switches });
  const report = await runOperation(plan, engine, ports, pace);
  // also where others had resumed it: what the pause found is of no use any more
  if (order.to === 'running' && report.complete && !report.dryRun)
    for (const queue of order.queues) await switches.forget(queue);
  return report;
}

async function* nothing(): AsyncGenerator<never> {}
