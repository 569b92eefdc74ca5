import type { Outcome } from '../../../domain/outcome.ts';
import type { Criterion, Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { explainWith } from '../explain.ts';
import { anyOf, type Parameters } from '../sql.ts';
import { isStuck, msAfter, msBefore, sinceMs, stateConditions } from './expressions.ts';
import type { Layout } from './layout.ts';

/** What `where` decides exactly; the rest is left to the caller. */
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

/** The selection as a condition on `j`. A lane is a priority. */
export function where(selection: Selection, parameters: Parameters): string {
  const { queues, states, ids, types, lane, stuck, before, after } = selection;
  // of one queue an index on queue and time gives the rows in order, which it does not for a list
  const ofQueues =
    queues.length === 1 ? `j.queue = ${parameters.add(queues[0])}` : `j.queue = ANY (${parameters.add(queues)})`;
  const conditions = [ofQueues, `(${anyOf(stateConditions, states)})`];
  if (ids !== undefined) conditions.push(`j.id = ANY (${parameters.add(ids)})`);
  if (types !== undefined) conditions.push(`j.name = ANY (${parameters.add(types)})`);
  if (lane !== undefined) conditions.push(`j.priority::text = ${parameters.add(lane)}`);
  if (stuck === true) conditions.push(isStuck);
  if (before !== undefined) conditions.push(`${sinceMs} <= ${parameters.add(msBefore(before))}::bigint`);
  if (after !== undefined) conditions.push(`${sinceMs} >= ${parameters.add(msAfter(after))}::bigint`);
  return conditions.join(' AND ');
}

export const explain = (db: Db, layout: Layout, selection: Selection, ids: readonly string[]): Promise<Outcome[]> =>
  explainWith(db, selection, ids, {
    condition: where,
    state: anyOf(stateConditions, selection.states),
    proof: `CASE WHEN ${isStuck} THEN 'gone' END`,
    queue: 'j.queue',
    rows: (parameters) =>
      `${layout.job} j WHERE j.queue = ANY (${parameters.add(selection.queues)}) AND j.id = ANY (${parameters.add(ids)})`,
  });
