import { type JobState, jobStates } from '../../../domain/job.ts';
import type { Criterion, Selection } from '../../../domain/selection.ts';
import { bigints, type Parameters } from '../sql.ts';
import type { Column } from './catalog.ts';
import type { Home } from './homes.ts';

/** What `where` decides exactly. The rest (error, group, where, cutoff) is left to the caller. */
export const pushes: ReadonlySet<Criterion> = new Set([
  'queues',
  'states',
  'ids',
  'types',
  'lane',
  'tenant',
  'stuck',
  'resolved',
  'before',
  'after',
]);

/** Those of these ids that the column can hold; any other names no row. */
export function idsFor({ kind }: Column, ids: readonly string[]): string[] {
  if (kind === 'integer') return bigints(ids);
  if (kind === 'uuid') return ids.filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));
  return ids.filter((id) => !id.includes('\0'));
}

/** What an array of ids is cast to. */
export const idType = ({ kind }: Column): 'bigint' | 'uuid' | 'text' =>
  kind === 'integer' ? 'bigint' : kind === 'uuid' ? 'uuid' : 'text';

export const isOneOf = (home: Pick<Home, 'id'>, id: Column, ids: readonly string[], parameters: Parameters): string =>
  `${home.id} = ANY (${parameters.add(idsFor(id, ids))}::${idType(id)}[])`;

/** The selection as a condition on a row of this home. */
export function where(home: Home, id: Column, selection: Selection, parameters: Parameters): string {
  const conditions = [
    `${home.queue} = ANY (${parameters.add(selection.queues)})`,
    `(${statesOf(home, selection.states)})`,
  ];
  if (selection.ids !== undefined) conditions.push(isOneOf(home, id, selection.ids, parameters));
  if (selection.types !== undefined) conditions.push(`${home.type} = ANY (${parameters.add(selection.types)})`);
  for (const name of ['lane', 'tenant'] as const)
    if (selection[name] !== undefined) conditions.push(`${home[name]} = ${parameters.add(selection[name])}`);
  if (selection.stuck === true) conditions.push(`(${home.proof}) IS NOT NULL`);
  if (selection.before !== undefined)
    conditions.push(`(${home.since}) <= ${parameters.add(selection.before)}::timestamptz`);
  if (selection.after !== undefined)
    conditions.push(`(${home.since}) >= ${parameters.add(selection.after)}::timestamptz`);
  return conditions.filter((one) => one !== 'true').join(' AND ');
}

export function statesOf(home: Home, states: readonly JobState[]): string {
  if (jobStates.every((state) => states.includes(state))) return home.shown;
  const chosen = states.map((state) => home.states[state]).filter((condition) => condition !== 'false');
  return chosen.length === 0 ? 'false' : chosen.join(' OR ');
}
