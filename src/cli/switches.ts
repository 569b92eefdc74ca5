import { parseDuration } from '../config/duration.ts';
import { requireOps } from '../domain/capability.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Pauses } from '../domain/pause.ts';
import type { Switches } from '../operations/batch.ts';
import { foundFirst, withSchedules } from '../operations/schedule-pauses.ts';
import { operator } from '../safety/operator.ts';
import { forgetPause, rememberedPause, rememberPause } from '../safety/pauses.ts';
import { hookPauses } from './hook-pauses.ts';
import type { Session } from './session.ts';

type Place = Pick<Session, 'context' | 'adapter' | 'stateDir'>;

/**
 * The backend's own means first, then the hook of the configuration; else unsupported, with what to do instead. Where the
 * backend knows only some of the workers (emulated), a hook that was written for the queue knows better.
 */
export function switchesOf({ context, adapter, stateDir }: Place, timeout: string): Switches {
  const { where, name } = adapter.backend;
  const remembered = (queue: string) => rememberedPause(stateDir, where, queue);
  const workers = (queue: string): Pauses => {
    const own = adapter.can.pause;
    const hook = hookFor({ context, adapter }, queue);
    if (own !== undefined && hook === undefined) return requireOps(name, 'pause', own);
    if (hook === undefined) throw unsupported(name, context.name, queue);
    if (context.readOnly) throw readOnly(context.name);
    return hookPauses(hook, { context: context.name, timeoutMs: parseDuration(timeout) * 1000, remembered });
  };
  const of = (queue: string): Pauses => {
    const { schedule } = adapter.can;
    if (schedule === undefined || schedule.level === 'none' || schedule.ops.pausable === false) return workers(queue);
    return withSchedules(() => workers(queue), adapter, schedule.ops);
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
        found: foundFirst(before, known?.found),
        ...(until === undefined ? {} : { until }),
        ...(plan.reason === undefined ? {} : { reason: plan.reason }),
      });
    },
  };
}

/** The hook that pauses this queue; undefined where the backend's own means do, or where nothing may. */
export function hookFor({ context, adapter }: Pick<Place, 'context' | 'adapter'>, queue: string) {
  const own = adapter.can.pause;
  const isWhole = own?.level === 'native' || (own?.level === 'none' && own.refused === true);
  return !isWhole && Object.hasOwn(context.queues, queue) ? context.queues[queue]?.pause : undefined;
}

const unsupported = (backend: string, context: string, queue: string): JobctlError =>
  new JobctlError(
    'unsupported',
    `${backend} cannot pause or resume ${queue}: it has no means of its own, and the configuration names none.`,
    {
      next: [
        ...(context.includes('://') || context === 'memory:' // no context of the configuration, but the place itself
          ? [
              'jobctl config init   # writes a jobctl.yaml to name the place in',
              `Name there the commands that stop and start the workers: contexts.NAME.queues.${queue}.pause.`,
            ]
          : [
              `Name the commands that stop and start the workers: contexts.${context}.queues.${queue}.pause in jobctl.yaml.`,
            ]),
        `jobctl drain ${queue} --active-only   # once you have stopped the workers by hand`,
        `jobctl drain ${queue} --evacuate   # takes what waits out of their way`,
      ],
    },
  );

const readOnly = (context: string): JobctlError =>
  new JobctlError('refused', `The context ${context} is readOnly: nothing is paused through it.`, {
    next: ['Use a context that may write: jobctl context list'],
  });
