import { type JobState, jobStates } from '../../../domain/job.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Criterion, Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { bigints, Parameters } from '../sql.ts';
import { proofOf, since, sourceOf, stateConditions } from './expressions.ts';
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

/** The selection as a condition on `j`. A job's type is its queue. */
export function where(layout: Layout, selection: Selection, parameters: Parameters): string {
  const source = sourceOf(layout);
  const { queues, ids, types, lane, stuck, before, after } = selection;
  const conditions = [source.ofQueues(parameters.add(queues)), statesOf(layout, selection.states)];
  // says nothing new: it is what an index on those alone needs to see
  if (selection.states.every((state) => state === 'dead' || state === 'active'))
    conditions.push(`NOT ${source.available}`);
  if (ids !== undefined) conditions.push(`j.id = ANY (${parameters.add(bigints(ids))}::bigint[])`);
  if (types !== undefined) conditions.push(source.ofQueues(parameters.add(types)));
  if (lane !== undefined) conditions.push(source.ofLane(parameters.add(lane)));
  if (stuck === true) conditions.push(`(${proofOf(layout)}) IS NOT NULL`);
  if (before !== undefined) conditions.push(`(${since}) <= ${parameters.add(before)}::timestamptz`);
  if (after !== undefined) conditions.push(`(${since}) >= ${parameters.add(after)}::timestamptz`);
  return conditions.join(' AND ');
}

function statesOf(layout: Layout, states: readonly JobState[]): string {
  const conditions = stateConditions(sourceOf(layout));
  return `(${states.map((state) => conditions[state]).join(' OR ') || 'false'})`;
}

/** Why jobs that were asked for by name could not be held; nothing about those that the selection does not mean. */
export async function explain(
  db: Db,
  layout: Layout,
  selection: Selection,
  ids: readonly string[],
): Promise<Outcome[]> {
  const parameters = new Parameters();
  const besides = where(layout, { ...selection, ids: undefined, states: jobStates, stuck: undefined }, parameters);
  const proven = selection.stuck === true ? `(${proofOf(layout)}) IS NOT NULL` : 'true';
  const rows = await db.query<{ id: string; queue: string; why: 'state-changed' | 'locked' | null }>(
    `SELECT j.id::text AS id, j.queue, CASE WHEN NOT coalesce(${besides}, false) THEN NULL
              WHEN NOT ${statesOf(layout, selection.states)} THEN 'state-changed' WHEN ${proven} THEN 'locked' END AS why
       FROM ${sourceOf(layout).named}
      WHERE j.id = ANY (${parameters.add(bigints(ids))}::bigint[]) AND j.queue = ANY (${parameters.add(selection.queues)})`,
    parameters.values,
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  const [queue] = selection.queues;
  return ids.flatMap((id): Outcome[] => {
    if (queue === undefined) return [];
    const row = found.get(id) ?? ({ queue, why: 'not-found' } as const);
    return row.why === null ? [] : [{ ref: { queue: row.queue, id }, result: 'skipped', why: row.why }];
  });
}
