import { jobStates } from '../../../domain/job.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { type Fit, unheld } from '../outcomes.ts';
import { Parameters } from '../sql.ts';
import { isOneOf, statesOf, where } from './conditions.ts';
import { homesOf } from './homes.ts';
import type { Layout } from './layout.ts';

/** Why jobs that were asked for by name could not be held. A job that fits in every way is held by another session. */
export async function explain(
  db: Db,
  layout: Layout,
  selection: Selection,
  ids: readonly string[],
): Promise<Outcome[]> {
  const found = new Map<string, Fit>();
  for (const home of homesOf(layout, selection)) {
    const parameters = new Parameters();
    const whatever = { ...selection, ids: undefined, states: jobStates, stuck: undefined };
    const rows = await db.query<Fit>(
      `SELECT ${home.id}::text AS id, ${home.queue} AS queue, coalesce(${where(home, layout.job.id, whatever, parameters)}, false) AS fits,
              ${selection.stuck === true ? `(${home.proof}) IS NOT NULL` : 'true'} AS proven, (${statesOf(home, selection.states)}) AS state
         FROM ${home.from} WHERE ${isOneOf(home, layout.job.id, ids, parameters)} AND ${home.queue} = ANY (${parameters.add(selection.queues)}) AND ${home.shown}`,
      parameters.values,
    );
    for (const row of rows) if (!found.has(row.id) || row.state) found.set(row.id, row);
  }
  return unheld(selection, ids, found);
}
