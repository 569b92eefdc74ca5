import type { Action, Resolution } from '../domain/action.ts';
import type {
  Claim,
  Claims,
  OpenIntent,
  QueueAdapter,
  QueueReader,
  Returns,
  SavedJob,
  Settles,
} from '../domain/adapter.ts';
import { requireOps } from '../domain/capability.ts';
import type { Job } from '../domain/job.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Plan, Task } from '../domain/plan.ts';
import { matcher, residue, type Selection, type Tests } from '../domain/selection.ts';

/** A claim, and the batch of the source it came from where jobs are put back. */
export interface Batch {
  readonly claim: Claim;
  readonly source?: number | undefined;
}

/** Saved jobs of one batch; `mark` is the write that an undo takes back. */
export interface SourceBatch {
  readonly source: number;
  readonly jobs: readonly SavedJob[];
  readonly mark?: string | undefined;
}

/** How a plan is carried out: the same four questions for every verb and backend. */
export interface Engine {
  /** Jobs are saved before they are changed. Only a restore changes nothing that exists. */
  readonly saves: boolean;
  batches(size: number, from: number): AsyncIterable<Batch>;
  /** Still what the plan meant? Asked of each claimed job. */
  keeps(job: Job): boolean;
  settle(intent: Omit<OpenIntent, 'action'>): Promise<Outcome[]>;
  /** Jobs of the plan that are still as they were: others held them while we passed. Undefined where nobody can say. */
  left(): Promise<number | undefined>;
}

export interface EngineParts {
  readonly adapter: QueueAdapter;
  readonly tests: Tests;
  /** Reads the source of a put-back from this batch on. */
  source(task: Extract<Task, { kind: 'put-back' }>, from: number): AsyncIterable<SourceBatch>;
}

/** Made from the plan alone, so that a run can be taken up again by another process. */
export function engineFor(plan: Plan, parts: EngineParts): Engine {
  return plan.task.kind === 'act' ? acting(plan.task, parts) : puttingBack(plan.task, parts);
}

function acting(task: Extract<Task, { kind: 'act' }>, { adapter, tests }: EngineParts): Engine {
  const { action, selection } = task;
  const ops = claimsFor(adapter, action);
  return {
    saves: true,
    keeps: matcher(selection, tests),
    settle: (intent) => ops.settle({ ...intent, action: action.verb }),
    left: async () =>
      isCountable(selection, adapter) ? (await adapter.count(uptoCutoff(selection))).value : undefined,
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

const noMark = {
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
  if (via === 'remove') return takingAway(task, { adapter, source });
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

/** Undoes a restore: removes what it had recreated, unless a worker has it by now. */
function takingAway(
  task: Extract<Task, { kind: 'put-back' }>,
  { adapter, source }: Omit<EngineParts, 'tests'>,
): Engine {
  const ops: Claims = requireOps(adapter.backend.name, 'remove', adapter.can.remove);
  return {
    saves: true,
    keeps: ({ state }) => state !== 'active',
    settle: (intent) => ops.settle({ ...intent, action: 'remove' }),
    left: async () => undefined,
    async *batches(_size, from) {
      for await (const batch of source(task, from)) {
        // in one claim: whoever resumes goes on with the next batch of the source
        const size = batch.jobs.length;
        const queues = [...new Set(batch.jobs.map(({ job }) => job.queue))];
        const ids = batch.jobs.map(({ job }) => job.id);
        const states = ['waiting', 'delayed', 'blocked', 'completed', 'dead', 'cancelled'] as const;
        for await (const claim of ops.claim({ selection: { queues, states, ids }, action: { verb: 'remove' }, size })) {
          yield { claim, source: batch.source };
        }
      }
    },
  };
}
