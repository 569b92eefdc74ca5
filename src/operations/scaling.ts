import type { QueueReader } from '../domain/adapter.ts';
import { requireOps } from '../domain/capability.ts';
import { JobctlError } from '../domain/errors.ts';
import type { JobRef } from '../domain/job.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Plan, ScaleStep, Task } from '../domain/plan.ts';
import type { Scale, ScaleChange, Scales, ScaleValues } from '../domain/scale.ts';
import type { Engine, EngineParts, Step, Taken } from './batch.ts';
import { refused } from './scheduling.ts';

type Scaling = Extract<Task, { kind: 'scale' }>;

export interface ScaleRequest {
  readonly verb: 'scale' | 'undo';
  readonly context: string;
  readonly protected: boolean;
  readonly queue: string;
  /** The consumer, where the queue has several. */
  readonly id?: string | undefined;
  readonly change: ScaleChange;
  /** What an undo finds only where nobody has changed it since. */
  readonly as?: ScaleChange | undefined;
  readonly reason?: string | undefined;
}

export const noScale = {
  level: 'none',
  why: 'it does not know how many workers there are, nor what limits them.',
  instead: 'Scale the workers where they run.',
} as const;

/** The consumers of a queue, or why there is nothing to tell. */
export async function listScales(reader: QueueReader, queue: string): Promise<Scale[]> {
  if (reader.scales === undefined)
    throw new JobctlError('unsupported', `${reader.backend.name} has no limits of its consumers to show.`, {
      next: [noScale.instead],
    });
  const all = await reader.scales(queue);
  if (all.length > 0) return all;
  throw new JobctlError('unsupported', `No consumer of ${queue} is known whose scale could be seen or changed.`, {
    next: ['Scale its workers where they run, such as ECS or Kubernetes.', 'jobctl worker list'],
  });
}

/** What is so already is nothing to do. */
export async function planScale(reader: QueueReader, ops: Scales, request: ScaleRequest): Promise<Plan> {
  const { verb, context, queue, reason } = request;
  const madeAt = await reader.now();
  const scale = one(await listScales(reader, queue), request);
  const change = changeOf(scale.values, request.change);
  const isSo = Object.keys(change).length === 0;
  const { warnings, severe } = isSo ? { warnings: [], severe: false } : await ops.check(scale, change);
  const as = request.as ?? valuesFor(scale.values, change);
  return {
    schemaVersion: 1,
    verb,
    context,
    backend: reader.backend.name,
    where: reader.backend.where,
    queues: [queue],
    task: { kind: 'scale', steps: isSo ? [] : [{ scale, change, as }] },
    madeAt,
    matched: { value: isSo ? 0 : 1, exact: true },
    severity: request.protected || severe ? 'severe' : 'normal',
    sample: [],
    strays: [],
    warnings: [...reader.backend.warnings, ...warnings],
    ...(reason === undefined ? {} : { reason }),
  };
}

function one(all: readonly Scale[], { queue, id }: ScaleRequest): Scale {
  const found = id === undefined && all.length === 1 ? all[0] : all.find((scale) => scale.id === id);
  if (found !== undefined) return found;
  const names = all.map((scale) => `--mapping ${scale.id}   # ${scale.consumer}`);
  throw new JobctlError(
    'usage',
    id === undefined ? `${queue} has ${all.length} consumers. Which one?` : `${queue} has no consumer ${id}.`,
    { next: names },
  );
}

type Name = keyof ScaleValues;
const names: readonly Name[] = ['maxConcurrency', 'batchSize', 'batchWindowSeconds', 'reservedConcurrency'];

/** Only what is different. */
const changeOf = (values: ScaleValues, change: ScaleChange): ScaleChange =>
  Object.fromEntries(
    names.flatMap((name) =>
      change[name] === undefined || change[name] === (values[name] ?? null) ? [] : [[name, change[name]]],
    ),
  );

/** The values that a change replaces; null where there was no limit. */
const valuesFor = (values: ScaleValues, change: ScaleChange): ScaleChange =>
  Object.fromEntries(names.flatMap((name) => (change[name] === undefined ? [] : [[name, values[name] ?? null]])));

/** The way back: the values that were replaced, in place of those that were set. */
export function scaleBack(task: Scaling): Pick<ScaleRequest, 'queue' | 'id' | 'change' | 'as'> {
  const [step] = task.steps;
  if (step === undefined) throw new JobctlError('refused', 'The run has changed nothing.');
  return { queue: step.scale.queue, id: step.scale.id, change: step.as, as: step.change };
}

export function scaling({ steps }: Scaling, { adapter }: Pick<EngineParts, 'adapter'>): Engine {
  const ops = requireOps(adapter.backend.name, 'change the scale of consumers', adapter.can.scale ?? noScale);
  return {
    saves: false,
    keeps: () => true,
    left: async () => 0,
    settle: async ({ refs }) => await Promise.all(refs.map((ref) => settled(steps, adapter, ref))),
    async *batches(_size, from) {
      for (const [index, step] of steps.entries())
        if (index + 1 >= from) yield { source: index + 1, step: stepOf(step, ops) };
    },
  };
}

function stepOf({ scale, change, as }: ScaleStep, ops: Scales): Step {
  const ref = { queue: scale.queue, id: scale.id };
  return {
    mark: 'scale',
    single: true,
    refs: [ref],
    saved: { ...as },
    apply: () =>
      ops.set(scale, change, as).then(
        (): Taken => ({ outcomes: [{ ref, result: 'done' }] }),
        (error: unknown) => refused(ref, error),
      ),
  };
}

async function settled(steps: readonly ScaleStep[], reader: QueueReader, ref: JobRef): Promise<Outcome> {
  const step = steps.find(({ scale }) => scale.id === ref.id);
  const now = (await listScales(reader, ref.queue)).find(({ id }) => id === ref.id);
  const isDone = step !== undefined && now !== undefined && Object.keys(changeOf(now.values, step.change)).length === 0;
  return isDone ? { ref, result: 'done' } : { ref, result: 'skipped', why: 'not-applied' };
}
