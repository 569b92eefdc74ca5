import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Plan } from '../domain/plan.ts';
import type { Empties } from '../domain/whole-queue.ts';
import type { Engine, Taken } from './batch.ts';

export const noEmptying = {
  level: 'none',
  why: 'it has no call that empties a whole queue.',
  instead: 'jobctl purge QUEUE   # without --native: job by job, each saved first',
} as const;

const MARK = 'empty the queue';

export interface EmptyPlanRequest {
  readonly context: string;
  readonly queue: string;
  /** What can be received is saved, and deleted one by one, before the rest goes. */
  readonly saves: boolean;
  readonly reason?: string | undefined;
}

/** No cutoff: everything goes, whenever it came, so whatever can be saved is. */
export async function planEmpty(
  reader: QueueReader,
  ops: Empties,
  { context, queue, saves, reason }: EmptyPlanRequest,
): Promise<Plan> {
  const madeAt = await reader.now();
  const { state, count, warnings } = await ops.outlook(queue, saves);
  return {
    schemaVersion: 1,
    verb: 'purge',
    context,
    backend: reader.backend.name,
    where: reader.backend.where,
    queues: [queue],
    task: {
      kind: 'act',
      selection: { queues: [queue], states: [state] },
      action: { verb: 'remove' },
      empties: { saves },
    },
    madeAt,
    matched: { value: count, exact: false },
    severity: 'severe',
    sample: [],
    strays: [],
    warnings: [...reader.backend.warnings, ...warnings],
    ...(reason === undefined ? {} : { reason }),
  };
}

/** What can be claimed goes as in any other purge; then one call for the rest. */
export const emptying = (removing: Engine, ops: Empties, queue: string, saves: boolean): Engine => ({
  ...removing,
  misses: false,
  left: async () => 0,
  // whether it happened or not: a second time does no harm, and what came meanwhile is saved before
  settle: async (intent) =>
    intent.mark === MARK
      ? intent.refs.map((ref) => ({ ref, result: 'skipped', why: 'not-applied' }))
      : await removing.settle(intent),
  async *batches(size, from) {
    if (saves) yield* removing.batches(size, from);
    const ref = { queue, id: queue };
    const apply = async (): Promise<Taken> => {
      try {
        await ops.empty(queue);
        return { outcomes: [{ ref, result: 'done' }], amount: 0 };
      } catch (error) {
        if (!(error instanceof JobctlError) || error.kind !== 'locked') throw error;
        const left = saves ? ' What could be received is saved and gone; what others hold, or is delayed, stays.' : '';
        return { outcomes: [{ ref, result: 'failed', why: `${error.message}${left}` }], amount: 0 };
      }
    };
    yield { source: 1, step: { mark: MARK, refs: [ref], apply } };
  },
});
