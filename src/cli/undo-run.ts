import type { Report } from '../domain/plan.ts';
import { wayBackOn } from '../operations/plan-return.ts';
import { scheduleBack } from '../operations/plan-schedule.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { scaleBack } from '../operations/scaling.ts';
import { switchBack } from '../operations/switching.ts';
import { changeSchedule } from './change-schedule.ts';
import { putBack } from './put-back.ts';
import { runHere } from './run-here.ts';
import { scaleQueue } from './scale-queue.ts';
import type { Session } from './session.ts';
import { switchQueues } from './switch-queues.ts';
import { cancelMove } from './whole-queue.ts';

export interface UndoOrder {
  readonly run: string;
  readonly asWas: boolean;
  readonly timeout: string;
  readonly limit?: number | undefined;
  readonly reason?: string | undefined;
}

/** Takes back what a run did, as a run of its own. */
export async function undoRun(session: Session, given: Ports, pace: Pace, order: UndoOrder): Promise<Report> {
  const { reason, timeout, asWas, limit } = order;
  const { run, ports } = await runHere(session, given, order.run);
  const { task } = run.plan;
  if (task.kind === 'switch')
    return await switchQueues(session, ports, pace, { ...switchBack(task), reason, timeout, verb: 'undo' });
  if (task.kind === 'schedule' && task.deed !== 'run') {
    const { deed } = task;
    const back = await scheduleBack(run, { ...task, deed });
    return await changeSchedule(session, ports, pace, { ...back, reason, verb: 'undo' });
  }
  if (task.kind === 'move') return await cancelMove(session, ports, pace, task, reason);
  if (task.kind === 'scale')
    return await scaleQueue(session, ports, pace, { ...scaleBack(task), reason, verb: 'undo' });
  return await putBack(session, ports, pace, {
    verb: 'undo',
    via: wayBackOn(session.adapter.can, run),
    asWas,
    from: { backup: run.backupPath ?? '', run: run.id },
    reason,
    limit,
    warnings: session.reader.backend.warnings,
  });
}
