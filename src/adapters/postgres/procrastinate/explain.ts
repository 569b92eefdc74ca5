import type { Outcome } from '../../../domain/outcome.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { explainWith } from '../explain.ts';
import { bigints } from '../sql.ts';
import { statesOf, where } from './conditions.ts';
import { proofOf } from './expressions.ts';
import type { Layout } from './layout.ts';

export const explain = (db: Db, layout: Layout, selection: Selection, ids: readonly string[]): Promise<Outcome[]> =>
  explainWith(db, selection, ids, {
    condition: (whatever, parameters) => where(layout, whatever, parameters),
    state: statesOf(layout, selection),
    proof: proofOf(layout),
    queue: 'j.queue_name',
    rows: (parameters) =>
      `${layout.jobs} j WHERE j.id = ANY (${parameters.add(bigints(ids))}::bigint[]) AND j.queue_name = ANY (${parameters.add(selection.queues)})`,
  });
