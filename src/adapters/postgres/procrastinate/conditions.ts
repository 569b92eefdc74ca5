import type { Criterion, Selection } from '../../../domain/selection.ts';
import { anyOf, bigints, type Parameters } from '../sql.ts';
import { proofOf, sinceOf, stateConditions } from './expressions.ts';
import type { Layout } from './layout.ts';

/** What `where` decides exactly. The rest (error, group, tenant, where, cutoff) is left to the caller. */
export const pushes: ReadonlySet<Criterion> = new Set([
  'queues',
  'states',
  'ids',
  'types',
  'lane',
  'stuck',
  'before',
  'after',
]);

/** The selection as a condition on `j`, a row of the jobs table. */
export function where(layout: Layout, selection: Selection, parameters: Parameters): string {
  const conditions = [`j.queue_name = ANY (${parameters.add(selection.queues)})`, `(${statesOf(layout, selection)})`];
  if (selection.ids !== undefined) conditions.push(`j.id = ANY (${parameters.add(bigints(selection.ids))}::bigint[])`);
  if (selection.types !== undefined) conditions.push(`j.task_name = ANY (${parameters.add(selection.types)})`);
  if (selection.lane !== undefined) conditions.push(`j.lock = ${parameters.add(selection.lane)}`);
  if (selection.stuck === true) conditions.push(`(${proofOf(layout)}) IS NOT NULL`);
  if (selection.before !== undefined)
    conditions.push(`(${sinceOf(layout)}) <= ${parameters.add(selection.before)}::timestamptz`);
  if (selection.after !== undefined)
    conditions.push(`(${sinceOf(layout)}) >= ${parameters.add(selection.after)}::timestamptz`);
  return conditions.join(' AND ');
}

/** Only what the selection says of states, as a condition on `j`. */
export const statesOf = (layout: Layout, { states }: Selection): string => anyOf(stateConditions(layout), states);
