import type { SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { carriedOut } from './claim.ts';
import { type Desk, writable } from './desk.ts';
import { textOf } from './job.ts';
import { innerSaved, type Shelf, withOriginal } from './letters.ts';
import { scripts } from './script.ts';
import { candidateOf } from './snapshot.ts';
import { type Item, identical, inSteps } from './step.ts';

/** The copies stay where they are; only the payload of the original in each is another one. */
export async function editCopies(
  desk: Desk,
  { queue, letter }: Shelf,
  mark: string,
  jobs: readonly SavedJob[],
  payload: string,
): Promise<Outcome[]> {
  const place = await writable(desk, queue);
  const copies = jobs.map((job) => candidateOf(innerSaved(job) ?? job));
  const told = new Map<string, string>();
  const items = copies.flatMap((copy): Item[] => {
    const { id, fields } = copy.found;
    const text = letter && withOriginal(letter, textOf(fields, 'data') ?? '', payload);
    if (text === undefined) told.set(id, `fault:${queue} holds no original at ${letter?.payload}`);
    return text === undefined ? [] : [identical(copy, [text])];
  });
  return await carriedOut(copies, told, () => inSteps(desk, place, { script: scripts.editCopy, mark }, items, told));
}
