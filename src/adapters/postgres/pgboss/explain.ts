import type { Outcome } from '../../../domain/outcome.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { explainWith } from '../explain.ts';
import { inQueues, statesOf, uuids, where } from './conditions.ts';
import { proofOf, upClose } from './expressions.ts';
import type { Layout } from './layout.ts';

export const explain = (db: Db, layout: Layout, selection: Selection, ids: readonly string[]): Promise<Outcome[]> =>
  explainWith(db, selection, ids, {
    condition: (whatever, parameters) => where(layout, whatever, parameters),
    state: statesOf(upClose(layout), selection),
    proof: proofOf(layout),
    queue: 'j.name',
    rows: (parameters) =>
      `${layout.job} j WHERE ${inQueues(selection.queues, parameters)} AND j.id = ANY (${parameters.add(uuids(ids))}::uuid[])`,
  });
