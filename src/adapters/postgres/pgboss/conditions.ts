import type { Criterion, Selection } from '../../../domain/selection.ts';
import type { Parameters } from '../sql.ts';
import { anyOf } from '../sql.ts';
import { closeFor, proofOf, sinceOf, stateConditions } from './expressions.ts';
import type { Layout } from './layout.ts';

/** What `where` decides exactly. The rest (error, group, where, cutoff) is left to the caller. */
export const pushes: ReadonlySet<Criterion> = new Set([
  'queues',
  'states',
  'ids',
  'types',
  'lane',
  'tenant',
  'stuck',
  'before',
  'after',
]);

/** Ids as the column writes them; any other spelling names no job. */
export const uuids = (ids: readonly string[]): string[] =>
  ids.filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));

/** One name as an equality: the indexes then also give the order. */
export const inQueues = (queues: readonly string[], parameters: Parameters): string =>
  queues.length === 1 ? `j.name = ${parameters.add(queues[0])}` : `j.name = ANY (${parameters.add(queues)}::text[])`;

/** The selection as a condition on `j`, a row of the job table. */
export function where(of: Layout, selection: Selection, parameters: Parameters): string {
  const layout = closeFor(of, selection);
  const { ids, types, lane, tenant, stuck, before, after } = selection;
  const conditions = [inQueues(selection.queues, parameters), `(${statesOf(layout, selection)})`];
  if (ids !== undefined) conditions.push(`j.id = ANY (${parameters.add(uuids(ids))}::uuid[])`);
  // a job has no type of its own: the queue's name says what it is
  if (types !== undefined) conditions.push(`j.name = ANY (${parameters.add(types)}::text[])`);
  if (lane !== undefined) conditions.push(layout.has('group_id') ? `j.group_id = ${parameters.add(lane)}` : 'false');
  if (tenant !== undefined) conditions.push('false');
  if (stuck === true) conditions.push(`(${proofOf(layout)}) IS NOT NULL`);
  if (before !== undefined) conditions.push(`(${sinceOf(layout)}) <= ${parameters.add(before)}::timestamptz`);
  if (after !== undefined) conditions.push(`(${sinceOf(layout)}) >= ${parameters.add(after)}::timestamptz`);
  return conditions.join(' AND ');
}

/** Only what the selection says of states, as a condition on `j`. */
export const statesOf = (layout: Layout, { states }: Selection): string => anyOf(stateConditions(layout), states);
