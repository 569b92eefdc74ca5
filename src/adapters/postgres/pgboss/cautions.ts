import type { Action, Resolution } from '../../../domain/action.ts';
import { grouped } from '../../../domain/grouped.ts';
import { residue, type Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import { pushes, where } from './conditions.ts';
import type { Layout } from './layout.ts';

/** What a plan is to say of a write on these jobs. */
export async function cautions(
  db: Db,
  layout: Layout,
  selection: Selection,
  verb: (Action | Resolution)['verb'],
): Promise<string[]> {
  return verb === 'reset' ? await usedUp(db, layout, selection) : [];
}

/** `up to` where not all that the selection says is decided by the server. */
const upTo = (selection: Selection, count: number): string =>
  `${residue(selection, pushes).some((criterion) => criterion !== 'cutoff') ? 'Up to ' : ''}${grouped(count)}`;

/** Jobs that a reset can only end. */
async function usedUp(db: Db, layout: Layout, selection: Selection): Promise<string[]> {
  const parameters = new Parameters();
  const [row] = await db.query<{ count: number; lettered: number }>(
    `SELECT count(*)::float8 AS count, (count(j.dead_letter))::float8 AS lettered
       FROM ${layout.job} j WHERE ${where(layout, selection, parameters)} AND j.retry_count >= j.retry_limit`,
    parameters.values,
  );
  const { count = 0, lettered = 0 } = row ?? {};
  if (count === 0) return [];
  const copies =
    lettered === 0
      ? ''
      : `, ${lettered === count ? '' : `${grouped(lettered)} of them `}with a copy in a dead-letter queue`;
  return [
    count === 1
      ? `${upTo(selection, count)} job has used all its runs: it will be dead, as the library would end it${copies}; a replay runs it again.`
      : `${upTo(selection, count)} jobs have used all their runs: they will be dead, as the library would end them${copies}; a replay runs them again.`,
  ];
}
