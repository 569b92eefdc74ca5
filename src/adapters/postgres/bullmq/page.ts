import type { JobState } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import type { Page } from '../dialect.ts';
import { fitting, Parameters } from '../sql.ts';
import { where } from './conditions.ts';
import { sinceMs } from './expressions.ts';
import type { Layout } from './layout.ts';
import type { Place, Walk } from './rows.ts';

/** A key to walk by besides queue and id, and one part of the walk: jobs that have no such time come in a part of their own. */
interface Step {
  readonly key: string | undefined;
  readonly only?: string;
}

/** Where a page ended: in which part, and at which key. */
type Cursor = readonly [step: number, queue: string, id: string, key?: string];

const isFinished = (states: readonly JobState[]): boolean =>
  states.length === 1 && (states[0] === 'dead' || states[0] === 'completed');

/**
 * Jobs that have ended are walked by the index that the library keeps for them, oldest first. Others are shown by their time,
 * for which each page is sorted anew, and claimed by the primary key.
 */
function stepsOf({ selection, order, lock }: Walk): readonly Step[] {
  if (isFinished(selection.states)) {
    const timed: Step = { key: 'j.finished_at_ms', only: 'j.finished_at_ms IS NOT NULL' };
    const untimed: Step = { key: undefined, only: 'j.finished_at_ms IS NULL' };
    return order === 'oldest' ? [timed, untimed] : [untimed, timed];
  }
  return [{ key: lock ? undefined : `coalesce(${sinceMs}, 0)` }];
}

/** The places of one page, cut short where the payloads grow large, and where to go on. */
export async function pageOf(db: Db, { job }: Layout, walk: Walk): Promise<Page<Place>> {
  const { selection, size, order, cursor, lock } = walk;
  const last = cursor === undefined ? undefined : (JSON.parse(cursor) as Cursor);
  const at = last?.[0] ?? 0;
  const steps = stepsOf(walk);
  const { key, only } = steps[at] as Step;
  const parameters = new Parameters();
  const conditions = [where(selection, parameters)];
  if (only !== undefined) conditions.push(only);
  const keys = ['j.queue', ...(key === undefined ? [] : [key]), 'j.id'];
  if (last !== undefined && last.length > 1) conditions.push(beyond(keys, last, order, parameters));
  const direction = order === 'newest' ? 'DESC' : 'ASC';
  const rows = await db.query<Place & { key: string; bytes: number }>(
    `SELECT j.queue, j.id, ${key === undefined ? 'NULL' : `${key}::text`} AS key,
            pg_column_size(j.data) + coalesce(pg_column_size(j.stacktrace), 0) + coalesce(pg_column_size(j.return_value), 0) AS bytes
       FROM ${job} j WHERE ${conditions.join(' AND ')}
      ORDER BY ${keys.map((one) => `${one} ${direction}`).join(', ')} LIMIT ${parameters.add(size)} ${lock ? 'FOR UPDATE OF j SKIP LOCKED' : ''}`,
    parameters.values,
  );
  const items = lock ? ofOneQueue(fitting(rows)) : fitting(rows);
  const end = items.at(-1);
  const more = items.length < rows.length || rows.length === size;
  if (end !== undefined && more) {
    return { items, cursor: JSON.stringify([at, end.queue, end.id, ...(key === undefined ? [] : [end.key])]) };
  }
  return { items, cursor: at + 1 < steps.length ? JSON.stringify([at + 1]) : undefined };
}

function beyond(
  keys: readonly string[],
  [, queue, id, key]: Cursor,
  order: Walk['order'],
  parameters: Parameters,
): string {
  const places = [
    parameters.add(queue),
    ...(key === undefined ? [] : [`${parameters.add(key)}::bigint`]),
    parameters.add(id),
  ];
  return `(${keys.join(', ')}) ${order === 'newest' ? '<' : '>'} (${places.join(', ')})`;
}

const ofOneQueue = <Row extends Place>(rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ queue }) => queue === rows[0]?.queue);
