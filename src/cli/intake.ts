import { requireOps } from '../domain/capability.ts';
import type { Report } from '../domain/plan.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { noPause, noSchedules } from '../operations/scheduling.ts';
import type { Session } from './session.ts';
import { type SwitchOrder, switchQueues } from './switch-queues.ts';

type Order = Pick<SwitchOrder, 'queues' | 'reason' | 'timeout'>;

/** Stops what adds jobs to the queues by itself, as a run of its own; the workers go on. */
export async function pauseIntake(session: Session, ports: Ports, pace: Pace, order: Order): Promise<Report> {
  const { adapter } = session;
  const { name } = adapter.backend;
  const ops = requireOps(name, 'pause schedules', adapter.can.schedule ?? noSchedules);
  if (ops.pausable === false) throw noPause(name, order.queues[0] ?? 'QUEUE', 'ID');
  return await switchQueues(session, ports, pace, { ...order, verb: 'pause', to: 'paused', only: 'schedules' });
}

/** What was stopped for a wait that came to nothing starts again. */
export async function resumeIntake(session: Session, ports: Ports, pace: Pace, order: Order): Promise<Report> {
  const agreed: Ports = { ...ports, confirm: async () => {} }; // the pause was agreed to, and so was its end
  const afresh = { ...pace, signal: new AbortController().signal };
  return await switchQueues(session, agreed, afresh, { ...order, verb: 'resume', to: 'running' });
}
