import { requireOps } from '../domain/capability.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { type Engine, engineFor } from '../operations/engine.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { noScale, planScale, type ScaleRequest } from '../operations/scaling.ts';
import { forewarned } from './forewarned.ts';
import type { Session } from './session.ts';

export type ScaleOrder = Omit<ScaleRequest, 'context' | 'protected'>;

/** A new scale of one consumer, and the undo of one. */
export async function scaleQueue(session: Session, ports: Ports, pace: Pace, order: ScaleOrder): Promise<Report> {
  const { context, reader, adapter } = session;
  const ops = requireOps(reader.backend.name, 'change the scale of consumers', adapter.can.scale ?? noScale);
  const full = { ...order, context: context.name, protected: context.protected };
  const plan = async (): Promise<Plan> => forewarned(await planScale(reader, ops, full), session);
  const engine = (made: Plan): Engine => engineFor(made, { adapter, tests: {}, source: nothing });
  return await runOperation(plan, engine, ports, pace);
}

async function* nothing(): AsyncGenerator<never> {}
