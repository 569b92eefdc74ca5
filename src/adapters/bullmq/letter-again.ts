import type { PutBack } from '../../domain/action.ts';
import type { SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import { isSame } from './compare.ts';
import type { Desk } from './desk.ts';
import { keysOf } from './keys.ts';
import { copyIn, withoutCopy } from './letter-back.ts';
import { type Exchange, exchange, type Part } from './letter-exchange.ts';
import { innerSaved, type Shelf, shownSaved } from './letters.ts';
import { readIds } from './read-page.ts';
import { candidateOf } from './snapshot.ts';

/** What an undo took out, and what it put back for it: they change places once more. */
interface Swap {
  readonly saved: SavedJob;
  readonly gone: SavedJob;
  readonly lies: SavedJob;
}

/** An undo of an undo: what that one put back goes, if nobody has touched it, and what it took out is there again. */
export async function takingAgain(
  desk: Desk,
  mark: string,
  again: readonly SavedJob[],
  shelves: ReadonlyMap<string, Shelf>,
  how: PutBack,
): Promise<Part[]> {
  const swaps = again.flatMap((saved): Swap[] => {
    const lies = copyIn(saved);
    return lies === undefined ? [] : [{ saved, gone: withoutCopy(innerSaved(saved) ?? saved), lies }];
  });
  const groups = Map.groupBy(swaps, ({ gone, lies }) => JSON.stringify([lies.job.queue, gone.job.queue]));
  return await Promise.all([...groups.values()].map((group) => ofOneQueue(desk, mark, group, shelves, how)));
}

async function ofOneQueue(
  desk: Desk,
  mark: string,
  swaps: readonly Swap[],
  shelves: ReadonlyMap<string, Shelf>,
  how: PutBack,
): Promise<Part> {
  const { gone, lies } = swaps[0] as Swap;
  const [from, to] = [lies.job.queue, gone.job.queue];
  const read = (queue: string, ids: readonly string[]) => readIds(desk.connection, keysOf(desk.prefix, queue), ids);
  const now = await read(
    from,
    swaps.map((one) => one.lies.job.id),
  );
  const there = await read(
    to,
    swaps.map((one) => one.gone.job.id),
  );
  const missed: Outcome[] = [];
  const all: Exchange[] = [];
  for (const one of swaps) {
    const { id } = one.lies.job;
    const [out, back] = [now.get(id), there.get(one.gone.job.id)];
    const same = out !== undefined && isSame(out, candidateOf(one.lies));
    if (back !== undefined)
      missed.push(
        isSame(back, candidateOf(one.gone))
          ? skipped(one.saved.job, 'unchanged')
          : skipped(one.saved.job, 'conflict', `another job is in ${to} under its id`),
      );
    else if (!same)
      missed.push(skipped(one.saved.job, 'started', `job ${id} of ${from}, which it became, has moved on`));
    else all.push({ out, back: one.gone });
  }
  const shelf = shelves.get(to);
  const shownAs = (saved: SavedJob): SavedJob =>
    (shelf?.letter !== undefined && shelf.queue === from ? shownSaved(shelf, saved) : undefined) ?? saved;
  return await exchange(desk, mark, { from, to }, all, missed, how, shownAs);
}
