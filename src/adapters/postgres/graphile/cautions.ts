import type { Action, Resolution } from '../../../domain/action.ts';
import { residue, type Selection } from '../../../domain/selection.ts';
import { countOf } from '../bound.ts';
import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import { pushes, where } from './conditions.ts';
import { sourceOf } from './expressions.ts';
import { freedBy, lockedAlone, plight } from './lanes.ts';
import type { Layout } from './layout.ts';

/** What a reset makes of jobs that have no attempt left, and what it cannot reach. */
export async function cautions(
  db: Db,
  layout: Layout,
  selection: Selection,
  verb: (Action | Resolution)['verb'],
): Promise<string[]> {
  if (verb !== 'reset') return [];
  return [...(await lastAttempts(db, layout, selection)), ...(await lanesLeft(db, layout, selection))];
}

/** An attempt is counted when a job is taken, and stays counted when its worker dies. */
async function lastAttempts(db: Db, layout: Layout, selection: Selection): Promise<string[]> {
  const parameters = new Parameters();
  const condition = `${where(layout, selection, parameters)} AND j.attempts >= j.max_attempts`;
  const { value } = await countOf(db, sourceOf(layout).rows, condition, parameters);
  if (value === 0) return [];
  // every plan has a cutoff; what else is left to us may take some of these out
  const narrowed = residue(selection, pushes).some((criterion) => criterion !== 'cutoff');
  const [are, they] = value === 1 ? ['is on its', 'it is'] : ['are on their', 'they are'];
  return [
    `${narrowed ? 'Up to ' : ''}${value} of the jobs ${are} last attempt: given back ${they} dead and not waiting, as after an unlock by the library. A replay gives all attempts again.`,
  ];
}

async function lanesLeft(db: Db, layout: Layout, { queues }: Selection): Promise<string[]> {
  return (await lockedAlone(db, layout, queues)).map((held) => {
    const statement = freedBy(layout, held.worker);
    return `${plight(held)} A reset gives back jobs, and none is there.${statement === undefined ? '' : ` Once that worker is gone: ${statement}`}`;
  });
}
