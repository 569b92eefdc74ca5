import type { QueueReader } from '../domain/adapter.ts';
import { requireOps } from '../domain/capability.ts';
import { JobctlError } from '../domain/errors.ts';
import type { JobRef } from '../domain/job.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Task } from '../domain/plan.ts';
import type { Schedules } from '../domain/schedule.ts';
import type { Engine, EngineParts, Step, Taken } from './batch.ts';
import { listSchedules } from './plan-schedule.ts';
import { messageOf } from './write-batch.ts';

type Scheduling = Extract<Task, { kind: 'schedule' }>;

export const noSchedules = {
  level: 'none',
  why: 'it keeps no schedules that could be changed from here.',
  instead: 'Change them where they are: in the application, or in the scheduler that adds the jobs.',
} as const;

/** What can only be there or not be there is taken away, and put back. */
export const noPause = (backend: string, queue: string, id: string): JobctlError =>
  new JobctlError('unsupported', `${backend} pauses no schedule: it is there, or it is not.`, {
    next: [
      `jobctl schedule remove ${queue} ${id} --confirm ${queue}   # undo puts it back as it was`,
      'An application that sets its schedules up when it starts brings it back: stop that first.',
    ],
  });

export function scheduling(task: Scheduling, { adapter }: Pick<EngineParts, 'adapter'>): Engine {
  const ops = requireOps(adapter.backend.name, 'change schedules', adapter.can.schedule ?? noSchedules);
  const { deed, schedule } = task;
  if ((deed === 'pause' || deed === 'resume') && ops.pausable === false)
    throw noPause(adapter.backend.name, schedule.queue, schedule.id);
  if (deed === 'run' && ops.run === undefined)
    throw new JobctlError('unsupported', `${adapter.backend.name} cannot run a schedule out of turn.`, {
      next: [`jobctl enqueue ${schedule.queue} TYPE --payload JSON   # adds a job like it`],
    });
  if ((deed === 'remove' || deed === 'put') && ops.removable === false)
    throw new JobctlError(
      'unsupported',
      `${adapter.backend.name} takes no schedule away from here, nor puts one back.`,
      {
        next: [
          `jobctl schedule pause ${schedule.queue} ${schedule.id}   # it stays, and does nothing`,
          'Remove it where it was made, such as the infrastructure code.',
        ],
      },
    );
  return {
    saves: false,
    keeps: () => true,
    left: async () => 0,
    settle: async ({ refs }) => await Promise.all(refs.map((ref) => settled(task, adapter, ref))),
    async *batches(_size, from) {
      if (from <= 1) yield { source: 1, step: await stepOf(task, ops) };
    },
  };
}

async function stepOf({ deed, schedule, saved }: Scheduling, ops: Schedules): Promise<Step> {
  const { id, queue } = schedule;
  const ref = { queue, id };
  // read as late as can be: it runs on until it is stopped
  const was = deed === 'pause' || deed === 'remove' ? await ops.save(id, queue) : undefined;
  const work = async (): Promise<readonly string[]> => {
    if (deed === 'run') return [(await ops.run?.(id, queue)) ?? ''];
    if (deed === 'put') await ops.put(saved ?? {}, queue);
    else if (deed === 'remove') await ops.remove(id, queue, was);
    else await ops[deed](id, queue);
    return [];
  };
  return {
    mark: deed,
    single: true,
    refs: [ref],
    saved: was,
    apply: () =>
      work().then(
        (made): Taken => ({ outcomes: [{ ref, result: 'done' }], ...(made.length > 0 && { made }) }),
        (error: unknown) => refused(ref, error),
      ),
  };
}

/** Of these nothing was changed; after anything else nobody knows. */
export function refused(ref: JobRef, error: unknown): Taken {
  if (!(error instanceof JobctlError)) throw error;
  const { kind, message } = error;
  if (kind === 'stale') return { outcomes: [{ ref, result: 'skipped', why: 'conflict', note: message }] };
  if (kind === 'refused' || kind === 'unsupported')
    return { outcomes: [{ ref, result: 'failed', why: messageOf(error) }] };
  throw error;
}

/** The backend shows whether it took place; only of a job that was added nobody knows the name. */
async function settled({ deed }: Scheduling, reader: QueueReader, ref: JobRef): Promise<Outcome> {
  if (deed === 'run') return { ref, result: 'unknown', why: 'the answer never came: look for the job in the queue' };
  const now = (await listSchedules(reader, [ref.queue])).find(({ id }) => id === ref.id);
  const isDone =
    deed === 'remove'
      ? now === undefined
      : now !== undefined && (deed === 'put' || (now.paused === true) === (deed === 'pause'));
  return isDone ? { ref, result: 'done' } : { ref, result: 'skipped', why: 'not-applied' };
}
