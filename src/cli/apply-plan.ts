import { parseDuration } from '../config/duration.ts';
import { JobctlError } from '../domain/errors.ts';
import { secondsBetween } from '../domain/instant.ts';
import type { Report } from '../domain/plan.ts';
import { isApplicable } from '../operations/freeze.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { changesSince, strangeTo } from '../operations/stale.ts';
import type { PlanFile } from '../safety/plan-file.ts';
import { actOn } from './act.ts';
import { addJobs } from './add-jobs.ts';
import { markedAs, refuseTwice } from './applied-once.ts';
import { canaryOf, carefully } from './careful.ts';
import { changeSchedule } from './change-schedule.ts';
import { compileTests } from './criteria.ts';
import type { Asked } from './new-jobs.ts';
import type { OpenedPlan } from './open-plan.ts';
import { putBack } from './put-back.ts';
import { scaleQueue } from './scale-queue.ts';
import type { Session } from './session.ts';
import { switchQueues } from './switch-queues.ts';

export interface ApplyOrder extends OpenedPlan {
  readonly maxAge: string;
  readonly timeout: string;
  readonly reason?: string | undefined;
}

/**
 * Carries out a plan that was written down: the plan is made once more by the same road, and refused where it comes out
 * differently. Consent, lock, backup and journal are those of the command that made it.
 */
export async function applyPlan(
  session: Session,
  ports: Ports,
  pace: Pace,
  order: ApplyOrder,
  say: (text: string) => void,
): Promise<Report> {
  const { file } = order;
  const { plan } = file;
  await refuseElsewhere(session, order);
  await refuseTwice(session.stateDir, order);
  const guarded: Ports = {
    ...ports,
    holds: async (now) => {
      const tests = plan.task.kind === 'act' ? await compileTests(plan.task.selection) : {};
      const changes = await changesSince(plan, now, session.reader, tests);
      if (changes.length > 0) throw stale(order, changes);
    },
  };
  const open: Ports['open'] = (made) => ports.open({ ...made, applies: file.sha256 });
  return await markedAs(session.stateDir, order, open, say, (marking) =>
    again(session, { ...guarded, open: marking }, pace, order, say),
  );
}

/** The command of the plan, with the words of the file in place of flags. */
async function again(
  session: Session,
  ports: Ports,
  pace: Pace,
  { file, reason: asked, timeout }: ApplyOrder,
  say: (text: string) => void,
): Promise<Report> {
  const { plan } = file;
  const { task, queues, limit } = plan;
  const reason = asked ?? plan.reason;
  const warnings = session.reader.backend.warnings;
  if (!isApplicable(task)) throw new TypeError(`${task.kind} is not for a plan file`); // its reader takes none
  switch (task.kind) {
    case 'act': {
      const { canary, canaryWait = '60s', maxFailures = 0, spread, force = false } = file.pace;
      const flags = { canary, 'canary-wait': canaryWait, 'max-failures': maxFailures, spread, force };
      const careful = { ...pace, canary: canaryOf(flags, session, pace.signal, say) };
      const { selection, action, validOnly } = task;
      return await actOn(session, ports, careful, {
        verb: plan.verb,
        selection,
        action,
        validOnly,
        limit,
        reason,
        ...carefully(flags),
      });
    }
    case 'put-back': {
      const { via, how, from } = task;
      const verb = plan.verb === 'restore' ? 'restore' : 'undo';
      return await putBack(session, ports, pace, { verb, via, asWas: how.asWas, from, limit, reason, warnings });
    }
    case 'switch': {
      const verb = plan.verb === 'undo' ? 'undo' : task.to === 'paused' ? 'pause' : 'resume';
      const length = task.until === undefined ? undefined : `${Math.ceil(secondsBetween(plan.madeAt, task.until))}s`;
      // what an undo puts back was found long ago; anything else looks again
      const found = plan.verb === 'undo' ? new Map(task.switches.map((one) => [one.queue, one.found])) : undefined;
      return await switchQueues(session, ports, pace, {
        verb,
        to: task.to,
        queues,
        schedules: task.schedules,
        found,
        for: length,
        reason,
        timeout,
      });
    }
    case 'enqueue':
      return await addJobs(session, ports, pace, {
        verb: 'enqueue',
        queue: task.queue,
        jobs: jobsOf(file),
        skipInvalid: false,
        newQueue: true, // that it was there, or was to be new, was seen to when the plan was made
        reason,
      });
    case 'schedule': {
      const { deed, schedule, saved } = task;
      const { queue, id } = schedule;
      const gone = deed === 'put' ? { schedule, saved } : undefined;
      const verb = deed === 'put' || plan.verb === 'undo' ? 'undo' : (`schedule-${deed}` as const);
      return await changeSchedule(session, ports, pace, { verb, queue, id, deed, gone, reason });
    }
    case 'scale': {
      const [step] = task.steps;
      const verb = plan.verb === 'undo' ? 'undo' : 'scale';
      const { id, queue } = step?.scale ?? { id: undefined, queue: queues[0] ?? '' };
      // an undo puts back only what it knows to be there; anything else looks again, and is then compared
      const as = verb === 'undo' ? step?.as : undefined;
      return await scaleQueue(session, ports, pace, { verb, queue, id, change: step?.change ?? {}, as, reason });
    }
  }
}

async function* jobsOf({ jobs = [] }: PlanFile): AsyncGenerator<Asked> {
  for (const [index, job] of jobs.entries()) yield { at: `#${index + 1}`, job };
}

async function refuseElsewhere({ context, reader }: Session, order: ApplyOrder): Promise<void> {
  const { name: backend, where } = reader.backend;
  const place = { context: context.name, backend, where };
  const why = strangeTo(order.file.plan, place, await reader.now(), parseDuration(order.maxAge));
  if (why.length > 0) throw stale(order, why);
}

const stale = ({ path, line }: ApplyOrder, changes: readonly string[]): JobctlError =>
  new JobctlError('stale', [`The plan ${path} no longer holds:`, ...changes.map((line) => `  ${line}`)].join('\n'), {
    next: [`${line}   # makes it again`],
  });
