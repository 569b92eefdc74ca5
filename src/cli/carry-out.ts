import type { Action } from '../domain/action.ts';
import { JobctlError } from '../domain/errors.ts';
import type { JobState } from '../domain/job.ts';
import type { Report, Verb } from '../domain/plan.ts';
import type { Selection } from '../domain/selection.ts';
import { exportJobs } from '../operations/export-jobs.ts';
import { isAll, type Narrowing, type Order } from '../operations/order.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { plural } from '../output/count-text.ts';
import { jobView } from '../output/job-view.ts';
import { actOn } from './act.ts';
import { compileTests } from './criteria.ts';
import { goOn } from './go-on.ts';
import type { Session } from './session.ts';
import { switchQueues } from './switch-queues.ts';
import { undoRun } from './undo-run.ts';

/** An order of the screen by the same road that its command line takes. */
export async function carryOut(
  session: Session,
  ports: Ports,
  pace: Pace,
  order: Order,
  timeout: string,
): Promise<Report | string> {
  switch (order.verb) {
    case 'export':
      return await exported(session, order);
    case 'pause':
    case 'resume': {
      const to = order.verb === 'pause' ? 'paused' : 'running';
      return await switchQueues(session, ports, pace, { verb: order.verb, to, queues: [order.queue], timeout });
    }
    case 'undo':
      return await undoRun(session, ports, pace, { run: order.run, asWas: false, timeout });
    case 'go-on':
      return await goOn(session, ports, pace, { run: order.run, timeout });
    default:
      return await actOn(session, ports, pace, deedOf(session, order));
  }
}

type Deed = { readonly verb: Verb; readonly selection: Selection; readonly action: Action };

function deedOf(session: Session, order: Extract<Order, { narrow: Narrowing }>): Deed {
  const { queue, narrow } = order;
  const selection = (states: readonly JobState[], more: Partial<Selection> = {}): Selection => ({
    queues: [queue],
    states,
    ...defined(narrow),
    ...more,
  });
  switch (order.verb) {
    case 'reset':
      return {
        verb: 'reset',
        selection: selection(['active'], { stuck: provable(session) }),
        action: { verb: 'reset' },
      };
    case 'cancel':
      return { verb: 'cancel', selection: selection(['waiting', 'delayed', 'blocked']), action: { verb: 'cancel' } };
    case 'remove':
      return { verb: isAll(narrow) ? 'purge' : 'remove', selection: selection(['dead']), action: { verb: 'remove' } };
    default:
      return { verb: 'replay', selection: selection(['dead']), action: { verb: 'replay', keepAttempts: false } };
  }
}

const defined = (narrow: Narrowing): Partial<Selection> =>
  Object.fromEntries(Object.entries(narrow).filter(([, value]) => value !== undefined));

/** Age alone proves nothing; who knows better says so on the command line. */
function provable({ reader }: Session): true {
  if (reader.backend.stuckBy !== 'age') return true;
  throw new JobctlError('refused', `${reader.backend.name} gives no proof that a worker is gone.`, {
    next: ['Make sure that no worker runs these jobs, then: jobctl reset QUEUE --assume-dead --older-than 10m'],
  });
}

async function exported({ reader, redact }: Session, order: Extract<Order, { verb: 'export' }>): Promise<string> {
  const selection: Selection = { queues: [order.queue], states: ['dead'], ...defined(order.narrow) };
  const tests = await compileTests(selection);
  const { jobs } = await exportJobs(reader, selection, tests, (job) => jobView(job, redact), { path: order.file });
  return `${plural(jobs, 'dead job')} of ${order.queue} exported to ${order.file}, redacted.`;
}
