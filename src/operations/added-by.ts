import type { Plan, Task } from '../domain/plan.ts';
import { batches } from '../safety/journal.ts';
import type { RunRecord } from '../safety/run-folder.ts';
import type { SourceBatch } from './batch.ts';

type Added = Pick<Extract<Task, { kind: 'enqueue' }>, 'queue' | 'types'>;

/** What a run added and is known to be there, from this batch on. */
export async function* addedBy(run: RunRecord, { queue, types }: Added, from: number): AsyncGenerator<SourceBatch> {
  const type = types.length === 1 ? (types[0] as string) : '';
  const job = { queue, type, state: 'waiting', native: '', retrying: false, attempts: 0, payload: '' } as const;
  let number = 0;
  for await (const { outcome } of batches(run.journalPath)) {
    const made = outcome?.made ?? [];
    if (made.length === 0) continue;
    number += 1;
    if (number >= from) yield { source: number, jobs: made.map((id) => ({ job: { ...job, id }, snapshot: {} })) };
  }
}

/**
 * What a run may have added without being told its id: the answer was lost, or the run was killed before it came. It keeps
 * nothing else from being taken back, and it is not passed over without a word.
 */
export async function lostBy(run: RunRecord): Promise<Plan['strays']> {
  const { kind } = run.plan.task;
  if (kind !== 'enqueue' && kind !== 'schedule') return [];
  const lost: { id: string; why: string }[] = [];
  for await (const { intent, outcome } of batches(run.journalPath)) {
    const unknown = outcome?.rest.flatMap(({ id, result }) => (result === 'unknown' ? [id] : [])) ?? intent.ids;
    lost.push(...unknown.map((id) => ({ id, why: 'it may be there: the answer that tells its id never came' })));
  }
  return lost;
}
