import { jobStates } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Selection } from '../../domain/selection.ts';
import type { Db } from './connection.ts';
import { type Fit, unheld } from './outcomes.ts';
import { Parameters } from './sql.ts';

/** SQL over `j`, a job's row. */
interface Terms {
  condition(selection: Selection, parameters: Parameters): string;
  readonly state: string;
  readonly proof: string;
  readonly queue: string;
  /** From which table and with which condition the named rows are read. */
  rows(parameters: Parameters): string;
}

/** Why jobs that were asked for by name could not be held. A job that fits in every way is held by another session. */
export async function explainWith(
  db: Db,
  selection: Selection,
  ids: readonly string[],
  terms: Terms,
): Promise<Outcome[]> {
  const parameters = new Parameters();
  const whatever = { ...selection, ids: undefined, states: jobStates, stuck: undefined };
  const rows = await db.query<Fit>(
    `SELECT j.id::text AS id, ${terms.queue} AS queue, coalesce(${terms.condition(whatever, parameters)}, false) AS fits,
            ${selection.stuck === true ? `(${terms.proof}) IS NOT NULL` : 'true'} AS proven, (${terms.state}) AS state
       FROM ${terms.rows(parameters)}`,
    parameters.values,
  );
  return unheld(selection, ids, new Map(rows.map((row) => [row.id, row])));
}
