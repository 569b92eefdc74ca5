import { jobStates } from '../../../domain/job.ts';
import type { Outcome, SkipReason } from '../../../domain/outcome.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import { inQueues, statesOf, uuids, where } from './conditions.ts';
import { proofOf } from './expressions.ts';
import type { Layout } from './layout.ts';

interface Facts {
  readonly id: string;
  readonly queue: string;
  /** Fits all that the selection says besides its state. */
  readonly fits: boolean;
  /** Provably stuck, where that was asked for. */
  readonly proven: boolean;
  readonly state: boolean;
}

/** Why jobs that were asked for by name could not be held. A job that fits in every way is held by another session. */
export async function explain(
  db: Db,
  layout: Layout,
  selection: Selection,
  ids: readonly string[],
): Promise<Outcome[]> {
  const [queue] = selection.queues;
  if (queue === undefined) return [];
  const parameters = new Parameters();
  const fits = where(layout, { ...selection, ids: undefined, states: jobStates, stuck: undefined }, parameters);
  const rows = await db.query<Facts>(
    `SELECT j.id::text AS id, j.name AS queue, coalesce(${fits}, false) AS fits,
            ${selection.stuck === true ? `(${proofOf(layout)}) IS NOT NULL` : 'true'} AS proven, (${statesOf(layout, selection)}) AS state
       FROM ${layout.job} j
      WHERE ${inQueues(selection.queues, parameters)} AND j.id = ANY (${parameters.add(uuids(ids))}::uuid[])`,
    parameters.values,
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id): Outcome[] => {
    const row = found.get(id);
    const why = row === undefined ? 'not-found' : reason(row);
    return why === undefined ? [] : [{ ref: { queue: row?.queue ?? queue, id }, result: 'skipped', why }];
  });
}

function reason({ fits, state, proven }: Facts): SkipReason | undefined {
  if (!fits) return undefined;
  if (!state) return 'state-changed';
  return proven ? 'locked' : undefined;
}
