import type { QueueAdapter, QueueReader } from '../domain/adapter.ts';
import type { SavedJob } from '../domain/claim.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Plan, PutBackSource, Task, Verb } from '../domain/plan.ts';
import { openBackup } from '../safety/backup-reader.ts';
import { type Batch, batches } from '../safety/journal.ts';
import type { RunRecord } from '../safety/run-folder.ts';
import { addedBy } from './added-by.ts';
import type { SourceBatch } from './batch.ts';

type Return = Extract<Task, { kind: 'put-back' }>;

const SAMPLE = 5;

export interface ReturnRequest {
  readonly verb: Extract<Verb, 'restore' | 'undo'>;
  readonly context: string;
  readonly protected: boolean;
  readonly via: Return['via'];
  readonly asWas: boolean;
  readonly from: PutBackSource;
  readonly limit?: number | undefined;
  readonly reason?: string | undefined;
  /** What cannot be put back, and why. */
  readonly strays?: Plan['strays'];
  readonly warnings: readonly string[];
}

/** Reads the source once for its size, its queues and a few jobs. */
export async function planReturn(
  reader: QueueReader,
  request: ReturnRequest,
  source: (task: Return) => AsyncIterable<SourceBatch>,
): Promise<Plan> {
  const cutoff = await reader.now();
  const task: Return = {
    kind: 'put-back',
    via: request.via,
    how: { asWas: request.asWas, cutoff },
    from: request.from,
  };
  let value = 0;
  const queues = new Set<string>();
  const sample: SavedJob[] = [];
  const unmet = new Set(request.from.ids);
  for await (const { jobs } of source(task)) {
    value += jobs.length;
    for (const { job } of jobs) {
      queues.add(job.queue);
      unmet.delete(job.id);
    }
    sample.push(...jobs.slice(0, SAMPLE - sample.length));
  }
  return {
    schemaVersion: 1,
    verb: request.verb,
    context: request.context,
    backend: reader.backend.name,
    where: reader.backend.where,
    queues: [...queues].sort(),
    task,
    madeAt: cutoff,
    matched: { value, exact: true },
    ...(request.limit === undefined ? {} : { limit: request.limit }),
    severity: request.protected || request.via === 'remove' || request.via === 'withdraw' ? 'severe' : 'normal',
    sample: sample.map(({ job }) => ({ ...job, payload: '' })),
    strays: [...(request.strays ?? []), ...[...unmet].map((id) => ({ id, why: notSaved(request.from) }))],
    warnings: request.warnings,
    ...(request.reason === undefined ? {} : { reason: request.reason }),
  };
}

/** What is damaged is passed over, and may be where it was. */
const notSaved = ({ salvage }: PutBackSource): string =>
  salvage === true ? 'not in what can be read of this backup' : 'not in this backup';

/** How a run is taken back: what it changed is reverted, what it removed is restored, what it restored is removed. */
export function wayBack({ plan }: Pick<RunRecord, 'plan'>): Return['via'] {
  const { task } = plan;
  if (task.kind === 'act') return task.action.verb === 'remove' ? 'restore' : 'revert';
  if (task.kind === 'enqueue' || task.kind === 'schedule') return 'withdraw';
  if (task.kind === 'switch' || task.kind === 'scale') throw new TypeError(`${task.kind} has a way back of its own`);
  if (task.kind === 'move') throw new TypeError('a move is cancelled, not put back');
  const ways = {
    restore: 'remove',
    revert: 'revert',
    remove: 'restore',
    withdraw: 'restore',
    recall: 'recall',
  } as const;
  return ways[task.via];
}

/** The same on a backend that may have made other jobs of those that it changed. */
export function wayBackOn({ revert }: QueueAdapter['can'], run: Pick<RunRecord, 'plan'>): Return['via'] {
  const via = wayBack(run);
  return via === 'revert' && revert.level !== 'none' && revert.ops.walk !== undefined ? 'recall' : via;
}

/** What the backend must be able to do for it. */
export const deedOf = (via: Return['via']): 'restore' | 'revert' | 'remove' =>
  via === 'withdraw' ? 'remove' : via === 'recall' ? 'revert' : via;

/** The jobs that the run really changed, batch by batch, each with the mark of its write. */
export async function* changedBy(
  run: RunRecord,
  from: number,
  restored: (from: number) => AsyncIterable<SourceBatch>,
  via?: Return['via'],
): AsyncGenerator<SourceBatch> {
  const { backupPath } = run;
  const { task } = run.plan;
  if (task.kind === 'enqueue') return yield* addedBy(run, task, from);
  if (task.kind === 'schedule') {
    const { queue, type = '' } = task.schedule;
    return yield* addedBy(run, { queue, types: [type] }, from);
  }
  const asCopied = via === 'recall' || (task.kind === 'put-back' && task.via === 'restore');
  const saved = lookUp(backupPath === undefined ? restored(1) : framesOf(backupPath));
  let number = 0;
  try {
    for await (const { intent, outcome, copies } of batches(run.journalPath)) {
      if (outcome === undefined || outcome.rest.some(({ result }) => result === 'unknown')) throw unsettled(run);
      const left = new Set(outcome.rest.map(({ id }) => id));
      const done = new Set(intent.ids.filter((id) => !left.has(id)));
      // what was done without a backup, such as emptying a queue, has no jobs to be put back
      const isSaved = backupPath === undefined || intent.frame !== undefined;
      const jobs = isSaved ? await saved.find(backupPath === undefined ? intent.source : intent.frame?.frame) : [];
      number += 1;
      if (number < from || done.size === 0) continue;
      const changed = jobs.filter(({ job }) => done.has(job.id));
      yield { source: number, jobs: asCopied ? asTheyAre(changed, copies) : changed, mark: intent.mark };
    }
  } finally {
    await saved.close();
  }
}

/** Where a job that is moved or put back gets another id, it is to be found by that one. */
function asTheyAre(jobs: readonly SavedJob[], copies: Batch['copies']): readonly SavedJob[] {
  if (copies.length === 0) return jobs;
  const places = new Map(copies.map(({ id, as, to }) => [id, { id: as, ...(to !== undefined && { queue: to }) }]));
  return jobs.map(({ job, snapshot }) => ({ job: { ...job, ...places.get(job.id) }, snapshot }));
}

async function* framesOf(backup: string): AsyncGenerator<SourceBatch> {
  for await (const { frame, jobs } of openBackup(backup, { acceptTorn: true })) yield { source: frame, jobs };
}

/** Looks batches up in their order. One whose first write never happened is asked for once more. */
function lookUp(source: AsyncIterable<SourceBatch>) {
  const all = source[Symbol.asyncIterator]();
  let last: SourceBatch | undefined;
  return {
    async find(wanted: number | undefined): Promise<readonly SavedJob[]> {
      while (last === undefined || last.source !== wanted) {
        const next = await all.next();
        if (next.done === true) return [];
        last = next.value;
      }
      return last.jobs;
    },
    async close(): Promise<void> {
      await all.return?.();
    },
  };
}

const unsettled = (run: RunRecord): JobctlError =>
  new JobctlError('refused', `The run ${run.id} is not settled: what became of its last batch is not known yet.`, {
    next: [`jobctl run resume ${run.id}`, 'Then undo it.'],
  });

/** The batches of a backup file, and only the jobs asked for. */
export async function* savedIn({ backup, ids, salvage }: PutBackSource, from: number): AsyncGenerator<SourceBatch> {
  const wanted = ids && new Set(ids);
  for await (const { frame, jobs } of openBackup(backup, salvage === true ? { salvage } : { acceptTorn: true })) {
    const fitting = wanted === undefined ? jobs : jobs.filter(({ job }) => wanted.has(job.id));
    if (frame >= from && fitting.length > 0) yield { source: frame, jobs: fitting };
  }
}
