import { parseDuration } from '../config/duration.ts';
import { requireOps } from '../domain/capability.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Pauses } from '../domain/pause.ts';
import type { Switches } from '../operations/batch.ts';
import { operator } from '../safety/operator.ts';
import { forgetPause, rememberedPause, rememberPause } from '../safety/pauses.ts';
import { hookPauses } from './hook-pauses.ts';
import type { Session } from './session.ts';

type Place = Pick<Session, 'context' | 'adapter' | 'stateDir'>;

/** The backend's own means first, then the hook of the configuration; else unsupported, with what to do instead. */
export function switchesOf({ context, adapter, stateDir }: Place, timeout: string): Switches {
  const { where, name } = adapter.backend;
  const remembered = (queue: string) => rememberedPause(stateDir, where, queue);
  const hookOf = (queue: string) => (Object.hasOwn(context.queues, queue) ? context.queues[queue]?.pause : undefined);
  const of = (queue: string): Pauses => {
    const own = adapter.can.pause;
    const hook = hookOf(queue);
    if (own !== undefined && (own.level !== 'none' || hook === undefined || own.refused === true))
      return requireOps(name, 'pause', own);
    if (hook === undefined) throw unsupported(name, context.name, queue);
    if (context.readOnly) throw readOnly(context.name);
    return hookPauses(hook, { context: context.name, timeoutMs: parseDuration(timeout) * 1000, remembered });
  };
  return {
    of,
    remembered,
    forget: (queue) => forgetPause(stateDir, where, queue),
    async remember(plan, { queue, before }) {
      const known = await remembered(queue);
      const until = plan.task.kind === 'switch' ? plan.task.until : undefined;
      await rememberPause(stateDir, {
        schemaVersion: 1,
        context: context.name,
        where,
        queue,
        by: operator(process.env).user,
        since: before.paused ? (known?.since ?? plan.madeAt) : plan.madeAt,
        // of a queue that is paused already only the first pause knows what it was like before
        found: before.paused ? (known?.found ?? before.found) : before.found,
        ...(until === undefined ? {} : { until }),
        ...(plan.reason === undefined ? {} : { reason: plan.reason }),
      });
    },
  };
}

const unsupported = (backend: string, context: string, queue: string): JobctlError =>
  new JobctlError(
    'unsupported',
    `${backend} cannot pause: it has no means of its own, and the configuration names none for ${queue}.`,
    {
      next: [
        `Name the commands that stop and start the workers: contexts.${context}.queues.${queue}.pause in jobctl.yaml.`,
        `Stop the workers by hand, then: jobctl drain ${queue} --active-only`,
        `Take what waits out of their way: jobctl drain ${queue} --evacuate`,
      ],
    },
  );

const readOnly = (context: string): JobctlError =>
  new JobctlError('refused', `The context ${context} is readOnly: nothing is paused through it.`, {
    next: ['Use a context that may write: jobctl context list'],
  });
