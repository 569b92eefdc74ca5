import type { Action, Resolution } from '../domain/action.ts';
import type { Claim, Claims, QueueAdapter, QueueReader, Returns, Settles } from '../domain/adapter.ts';
import { requireOps } from '../domain/capability.ts';
import type { JobState } from '../domain/job.ts';
import type { Plan, Task } from '../domain/plan.ts';
import { matcher, residue, type Selection } from '../domain/selection.ts';
import { adding } from './adding.ts';
import type { Engine, EngineParts } from './batch.ts';
import { scheduling } from './scheduling.ts';
import { switching } from './switching.ts';

export type { Engine, EngineParts, SourceBatch, Switches } from './batch.ts';

/** Made from the plan alone, so that a run can be taken up again by another process. */
export function engineFor(plan: Plan, parts: EngineParts): Engine {
  const { task } = plan;
  switch (task.kind) {
    case 'act':
      return acting(task, parts);
    case 'put-back':
      return puttingBack(task, parts);
    case 'switch':
      return switching(plan, task, parts);
    case 'enqueue':
      return adding(task, parts);
    case 'schedule':
      return scheduling(task, parts);
  }
}

function acting(task: Extract<Task, { kind: 'act' }>, { adapter, tests }: EngineParts): Engine {
  const { action, selection } = task;
  const ops = claimsFor(adapter, action);
  return {
    saves: true,
    keeps: matcher(selection, tests),
    settle: (intent) => ops.settle({ ...intent, action: action.verb }),
    misses: adapter.heldByOthers !== undefined,
    left: async () =>
      adapter.heldByOthers !== undefined
        ? await adapter.heldByOthers(selection)
        : isCountable(selection, adapter)
          ? (await adapter.count(uptoCutoff(selection))).value
          : undefined,
    async *batches(size) {
      for await (const claim of ops.claim(selection, size)) yield { claim };
    },
  };
}

interface Acts extends Settles {
  claim(selection: Selection, size: number): AsyncIterable<Claim>;
}

function claimsFor({ backend, can }: QueueAdapter, action: Action | Resolution): Acts {
  if (action.verb !== 'resolve') {
    const ops = requireOps(backend.name, action.verb, can[action.verb]);
    return {
      claim: (selection, size) => ops.claim({ selection, action, size }),
      settle: (intent) => ops.settle(intent),
    };
  }
  const ops = requireOps(backend.name, action.verb, can.resolve ?? noMark);
  return { claim: (selection, size) => ops.claim({ selection, action, size }), settle: (intent) => ops.settle(intent) };
}

/** Where dead jobs can be replayed or removed, but not set aside. */
export const noMark = {
  level: 'none',
  why: 'it keeps no mark for what was handled.',
  instead: 'jobctl job remove takes the job away, with a backup; --reason is kept in the audit log.',
} as const;

/** The cutoff alone does not keep a backend from counting: nothing that counts lies behind "now", and later `before` says the same. */
export const isCountable = (selection: Selection, reader: QueueReader): boolean =>
  residue(selection, reader.pushes).every((criterion) => criterion === 'cutoff');

/** What arrived after the plan must not be taken for what the run left behind. */
const uptoCutoff = ({ cutoff, before, ...rest }: Selection): Selection => ({ ...rest, before: before ?? cutoff });

function puttingBack(task: Extract<Task, { kind: 'put-back' }>, { adapter, source }: EngineParts): Engine {
  const { via, how } = task;
  if (via === 'remove' || via === 'withdraw') return takingAway(task, { adapter, source });
  const ops: Returns = requireOps(adapter.backend.name, via, adapter.can[via]);
  return {
    saves: via === 'revert',
    keeps: () => true,
    settle: (intent) => ops.settle({ ...intent, action: via }),
    left: async () => undefined,
    async *batches(_size, from) {
      for await (const batch of source(task, from)) {
        yield { claim: await ops.hold(batch.jobs, how, batch.mark), source: batch.source };
      }
    },
  };
}

/** Undoes a restore or an enqueue: removes what it had made, unless a worker has it by now. */
function takingAway(
  task: Extract<Task, { kind: 'put-back' }>,
  { adapter, source }: Omit<EngineParts, 'tests'>,
): Engine {
  const ops: Claims = requireOps(adapter.backend.name, 'remove', adapter.can.remove);
  return {
    saves: true,
    keeps: ({ state, attempts }) => state !== 'active' && (task.via === 'remove' || attempts === 0),
    settle: (intent) => ops.settle({ ...intent, action: 'remove' }),
    left: async () => undefined,
    async *batches(_size, from) {
      for await (const batch of source(task, from)) {
        // in one claim: whoever resumes goes on with the next batch of the source
        const size = batch.jobs.length;
        const queues = [...new Set(batch.jobs.map(({ job }) => job.queue))];
        const ids = batch.jobs.map(({ job }) => job.id);
        const states: readonly JobState[] =
          task.via === 'remove'
            ? ['waiting', 'delayed', 'blocked', 'completed', 'dead', 'cancelled']
            : ['waiting', 'delayed', 'blocked'];
        for await (const claim of ops.claim({ selection: { queues, states, ids }, action: { verb: 'remove' }, size })) {
          yield { claim, source: batch.source };
        }
      }
    },
  };
}
