import type { JobRef } from '../domain/job.ts';
import type { Plan } from '../domain/plan.ts';
import type { IntentEntry, RestEntry } from '../safety/journal-entry.ts';
import { nameOf } from './batch.ts';

/** Jobs are asked for by name: then a claim tells of each one that it does not meet. */
export const isNamed = ({ task }: Plan): boolean =>
  task.kind === 'act'
    ? task.selection.ids !== undefined
    : task.kind === 'put-back' && (task.via === 'remove' || task.via === 'withdraw' || task.via === 'recall');

/** The jobs of an intent; only where the run has several queues does it name them. */
export const refsOf = ({ queues: [only = ''] }: Plan, { ids, queues }: IntentEntry): JobRef[] =>
  ids.map((id, index) => ({ id, queue: queues?.[index] ?? only }));

/** Its write never happened. */
export const isLeft = ({ why }: RestEntry): boolean => why === 'not-applied';

/** Where jobs are put back, only the same batch of the source brings again those that were not written yet. */
export const isInPart = (plan: Plan, { more }: Pick<IntentEntry, 'more'>, rest: readonly RestEntry[]): boolean =>
  plan.task.kind === 'put-back' && !isNamed(plan) && (more === true || rest.some(isLeft));

/** The names of the others in it. */
export function dealtWith(refs: readonly JobRef[], rest: readonly RestEntry[]): string[] {
  const left = new Set(rest.filter(isLeft).map(nameOf));
  return refs.map(nameOf).filter((name) => !left.has(name));
}
