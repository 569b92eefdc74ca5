import type { Plan, Report } from '../domain/plan.ts';
import { type Engine, engineFor } from '../operations/engine.ts';
import { planSchedule, type ScheduleRequest } from '../operations/plan-schedule.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { forewarned } from './forewarned.ts';
import type { Session } from './session.ts';

export type ScheduleOrder = Omit<ScheduleRequest, 'context' | 'protected'>;

/** A write on one schedule, and the undo of one. */
export async function changeSchedule(
  session: Session,
  ports: Ports,
  pace: Pace,
  order: ScheduleOrder,
): Promise<Report> {
  const { context, reader, adapter } = session;
  const full = { ...order, context: context.name, protected: context.protected };
  const plan = async (): Promise<Plan> => forewarned(await planSchedule(reader, full), session);
  const engine = (made: Plan): Engine => engineFor(made, { adapter, tests: {}, source: nothing });
  return await runOperation(plan, engine, ports, pace);
}

async function* nothing(): AsyncGenerator<never> {}
