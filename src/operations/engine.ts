import type { Action, Resolution } from '../domain/action.ts';
import type { QueueAdapter, QueueReader } from '../domain/adapter.ts';
import { type Capability, requireOps } from '../domain/capability.ts';
import type { Claim, Returns, SavedJob, Settles } from '../domain/claim.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Plan, Task } from '../domain/plan.ts';
import { matcher, residue, type Selection } from '../domain/selection.ts';
import { adding } from './adding.ts';
import { type Engine, type EngineParts, nameOf } from './batch.ts';
import { emptying, noEmptying } from './emptying.ts';
import { moving } from './moving.ts';
import type { PayloadCheck } from './payloads.ts';
import { deedOf, wayBack } from './plan-return.ts';
import { scaling } from './scaling.ts';
import { scheduling } from './scheduling.ts';
import type { SentBefore } from './sent-before.ts';
import { switching } from './switching.ts';
import { recalling, takingAway } from './taking-back.ts';

export type { Engine, EngineParts, SourceBatch, Switches } from './batch.ts';

/** Made from the plan alone, so that a run can be taken up again by another process. */
export function engineFor(plan: Plan, parts: EngineParts): Engine {
  return { ...carrier(plan, parts), ...undoOf(plan, parts.adapter) };
}

/** Whether the backend can do what an undo would ask of it, and what that takes. */
function undoOf(plan: Plan, { can, reads }: QueueAdapter): Pick<Engine, 'undoable' | 'undoReceives'> {
  const { kind } = plan.task;
  if (kind !== 'act' && kind !== 'enqueue' && kind !== 'put-back') return {}; // these have a way back of their own
  const deed = deedOf(wayBack({ plan }));
  return { undoable: can[deed].level !== 'none', undoReceives: reads === 'receive' && deed !== 'restore' };
}

function carrier(plan: Plan, parts: EngineParts): Engine {
  const { task } = plan;
  switch (task.kind) {
    case 'act':
      return task.empties === undefined ? acting(task, parts) : emptyingAll(task, task.empties, parts);
    case 'put-back':
      return puttingBack(task, parts);
    case 'switch':
      return switching(plan, task, parts);
    case 'enqueue':
      return adding(task, parts);
    case 'move':
      return moving(task, parts);
    case 'schedule':
      return scheduling(task, parts);
    case 'scale':
      return scaling(task, parts);
  }
}

type ActTask = Extract<Task, { kind: 'act' }>;

function acting(task: ActTask, { adapter, tests, payloads, resumed }: EngineParts): Engine {
  const { action, selection, validOnly, spared } = task;
  if (validOnly && payloads === undefined) throw new TypeError('the payload schemas were not compiled');
  const ops = claimsFor(adapter, action, resumed);
  if (action.verb === 'replay' && action.to !== undefined && adapter.destination === undefined)
    throw noOtherQueue(adapter.backend.name);
  return {
    saves: true,
    keeps: matcher(selection, tests),
    ...((validOnly || spared !== undefined) && { refuses: refusing(spared, validOnly && payloads) }),
    settle: (intent) => ops.settle({ ...intent, action: action.verb }),
    misses: adapter.heldByOthers !== undefined,
    counted: isCountable(selection, adapter),
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

/** Jobs that the plan means and leaves alone all the same. */
function refusing(spared: ActTask['spared'] = [], payloads: PayloadCheck | undefined): Engine['refuses'] {
  const often = new Map(spared.map(({ id, runs }) => [id, runs]));
  return (job) => {
    const runs = often.get(job.id);
    if (runs !== undefined) return { why: 'replayed-twice', note: `by ${runs.join(', ')}` };
    const fault = payloads?.(job)?.[0];
    return fault === undefined ? undefined : { why: 'invalid-payload', note: fault };
  };
}

function emptyingAll(task: ActTask, { saves }: { readonly saves: boolean }, parts: EngineParts): Engine {
  const { backend, can } = parts.adapter;
  const ops = requireOps(backend.name, 'empty a whole queue', can.empty ?? noEmptying);
  return emptying(acting(task, parts), ops, task.selection.queues[0] ?? '', saves);
}

interface Acts extends Settles {
  claim(selection: Selection, size: number): AsyncIterable<Claim>;
}

/** Throws where the backend never can: before a plan looks, which leaves a trace on SQS. What is only forbidden can be planned. */
export function refuseUnable({ backend, can }: QueueAdapter, { verb }: Action | Resolution): void {
  const capability: Capability<unknown> = verb === 'resolve' ? (can.resolve ?? noMark) : can[verb];
  if (capability.level === 'none' && capability.refused !== true) requireOps(backend.name, verb, capability);
}

function claimsFor({ backend, can }: QueueAdapter, action: Action | Resolution, resumed = false): Acts {
  if (action.verb !== 'resolve') {
    const ops = requireOps(backend.name, action.verb, can[action.verb]);
    return {
      claim: (selection, size) => ops.claim({ selection, action, size, resumed }),
      settle: (intent) => ops.settle(intent),
    };
  }
  const ops = requireOps(backend.name, action.verb, can.resolve ?? noMark);
  return {
    claim: (selection, size) => ops.claim({ selection, action, size, resumed }),
    settle: (intent) => ops.settle(intent),
  };
}

/** Each other backend keeps a job with its queue: another queue would be another job. */
export const noOtherQueue = (backend: string): JobctlError =>
  new JobctlError('unsupported', `${backend} cannot replay into another queue: a job goes back to its own.`, {
    next: ['Replay without --to.', 'Or make new jobs of old ones: jobctl dlq export, then jobctl enqueue --file.'],
  });

/** Where dead jobs can be replayed or removed, but not set aside. */
export const noMark = {
  level: 'none',
  why: 'it keeps no mark for what was handled.',
  instead: 'jobctl job remove ID   # takes the job away, with a backup; --reason is kept in the audit log',
} as const;

/** The cutoff alone does not keep a backend from counting: nothing that counts lies behind "now", and later `before` says the same. */
export const isCountable = (selection: Selection, reader: QueueReader): boolean =>
  residue(selection, reader.pushes).every((criterion) => criterion === 'cutoff');

/** What arrived after the plan must not be taken for what the run left behind. */
const uptoCutoff = ({ cutoff, before, ...rest }: Selection): Selection => ({ ...rest, before: before ?? cutoff });

function puttingBack(task: Extract<Task, { kind: 'put-back' }>, parts: EngineParts): Engine {
  const { adapter, source, sentBefore } = parts;
  const { via, how } = task;
  if (via === 'remove' || via === 'withdraw') return takingAway(task, { adapter, source });
  if (via === 'recall') return recalling(task, parts);
  const ops: Returns = requireOps(adapter.backend.name, via, adapter.can[via]);
  return {
    saves: via === 'revert',
    keeps: () => true,
    settle: (intent) => ops.settle({ ...intent, action: via }),
    left: async () => undefined,
    async *batches(_size, from, behind) {
      const isNew = via === 'restore' && adapter.reads === 'receive';
      const sent = isNew ? await sentBefore?.(task.from.backup) : undefined;
      for await (const batch of source(task, from)) {
        const isBehind = ({ job }: SavedJob): boolean => batch.source === from && behind?.has(nameOf(job)) === true;
        const left = batch.jobs.filter((one) => !isBehind(one));
        const jobs = left.filter(({ job }) => !sent?.has(job.id));
        const skipped = already(left, sent);
        for await (const { claim, more } of halving(jobs, (some) => ops.hold(some, how, batch.mark))) {
          const first = skipped.splice(0);
          const whole = first.length === 0 ? claim : { ...claim, skipped: [...claim.skipped, ...first] };
          yield { claim: whole, source: batch.source, more };
        }
      }
    },
  };
}

/** Jobs that the backend did not put back together are tried in halves, so that the one that it refuses stands alone. */
async function* halving(
  jobs: readonly SavedJob[],
  hold: (jobs: readonly SavedJob[]) => Promise<Claim>,
): AsyncGenerator<{ claim: Claim; more: true | undefined }> {
  const parts = [jobs];
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const whole = part;
    const claim = await hold(whole);
    let undone: readonly SavedJob[] = [];
    const apply: Claim['apply'] = async (some, note) => {
      const outcomes = await claim.apply(some, note);
      const left = outcomes.filter((outcome) => outcome.result === 'skipped' && outcome.why === 'not-applied');
      const names = new Set(left.length < outcomes.length ? [] : left.map(({ ref }) => nameOf(ref)));
      undone = whole.filter(({ job }) => names.has(nameOf(job)));
      return outcomes;
    };
    yield { claim: { ...claim, apply }, more: parts.length > 0 || undefined };
    const middle = Math.ceil(undone.length / 2);
    if (undone.length > 1) parts.unshift(undone.slice(0, middle), undone.slice(middle));
  }
}

const already = (jobs: readonly SavedJob[], sent: SentBefore | undefined): Outcome[] =>
  jobs.flatMap(({ job: { queue, id } }): Outcome[] => {
    const before = sent?.get(id);
    if (before === undefined) return [];
    return [{ ref: { queue, id }, result: 'skipped', why: 'unchanged', note: `sent as ${before.as} by ${before.run}` }];
  });
