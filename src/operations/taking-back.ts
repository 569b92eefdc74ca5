import type { QueueAdapter } from '../domain/adapter.ts';
import { requireOps } from '../domain/capability.ts';
import type { Claims, Returns, SavedJob } from '../domain/claim.ts';
import type { JobState } from '../domain/job.ts';
import type { Task } from '../domain/plan.ts';
import type { Engine, EngineParts, SourceBatch } from './batch.ts';

/** Undoes a restore or an enqueue: removes what it had made, unless a worker has it by now. */
export function takingAway(
  task: Extract<Task, { kind: 'put-back' }>,
  { adapter, source }: Omit<EngineParts, 'tests'>,
): Engine {
  const ops: Claims = requireOps(adapter.backend.name, 'remove', adapter.can.remove);
  let wanted: ReadonlySet<string> = new Set();
  return {
    saves: true,
    // a claim may hold more than was asked for by name
    keeps: ({ id, state, attempts }) =>
      wanted.has(id) && state !== 'active' && (task.via === 'remove' || attempts === 0),
    settle: (intent) => ops.settle({ ...intent, action: 'remove' }),
    left: async () => undefined,
    async *batches(_size, from) {
      for await (const batch of gathered(source(task, from), adapter.reads === 'receive' ? AT_ONCE : 1)) {
        // in one claim, so that what others wait for is received once
        for (const { jobs, resolved } of byMark(batch.jobs)) {
          const queues = [...new Set(jobs.map(({ job }) => job.queue))];
          const ids = jobs.map(({ job }) => job.id);
          wanted = new Set(ids);
          const selection = { queues, states: whereabouts(task.via, jobs, adapter), ids, ...resolved };
          for await (const claim of ops.claim({ selection, action: { verb: 'remove' }, size: jobs.length }))
            yield { claim, source: batch.source };
        }
      }
    },
  };
}

/** Undoes a replay that made other jobs: sends back what still waits. */
export function recalling(
  task: Extract<Task, { kind: 'put-back' }>,
  { adapter, source, resumed }: EngineParts,
): Engine {
  const ops: Returns = requireOps(adapter.backend.name, 'revert', adapter.can.revert);
  return {
    saves: true,
    keeps: () => true,
    settle: (intent) => ops.settle({ ...intent, action: 'revert' }),
    left: async () => undefined,
    async *batches(size, from) {
      for await (const batch of gathered(source(task, from), AT_ONCE))
        for await (const claim of ops.walk?.(batch.jobs, { size, resumed }) ?? [])
          yield { claim, source: batch.source };
    },
  };
}

/** What was saved as handled came back as that: beside it there may be the job itself, which nobody made again. */
const byMark = (jobs: readonly SavedJob[]) =>
  [
    { jobs: jobs.filter(({ job }) => job.resolved === undefined), resolved: {} },
    { jobs: jobs.filter(({ job }) => job.resolved !== undefined), resolved: { resolved: true } as const },
  ].filter((group) => group.jobs.length > 0);

/** What was saved dead comes back dead: where each look does something, nowhere else is looked for it. */
function whereabouts(via: string, jobs: readonly SavedJob[], { reads }: QueueAdapter): readonly JobState[] {
  if (via !== 'remove') return ['waiting', 'delayed', 'blocked'];
  return reads === 'receive' && jobs.every(({ job }) => job.state === 'dead')
    ? ['dead']
    : ['waiting', 'delayed', 'blocked', 'completed', 'dead', 'cancelled'];
}

/** Where each walk receives everything, so many jobs are taken away in one. */
const AT_ONCE = 10_000;

/** Batches of the source, put together until they hold so many jobs. A resumed run begins again at the first of them. */
async function* gathered(source: AsyncIterable<SourceBatch>, least: number): AsyncGenerator<SourceBatch> {
  let first: number | undefined;
  let jobs: SavedJob[] = [];
  for await (const batch of source) {
    first ??= batch.source;
    jobs.push(...batch.jobs);
    if (jobs.length < least) continue;
    yield { source: first, jobs };
    first = undefined;
    jobs = [];
  }
  if (first !== undefined) yield { source: first, jobs };
}
