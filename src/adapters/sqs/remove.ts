import { setTimeout as sleep } from 'node:timers/promises';
import type { Calls } from './client.ts';
import { lineOf } from './errors.ts';
import { inParallel, inTens } from './in-parallel.ts';

export interface ToDelete {
  readonly id: string;
  readonly handle: string;
}

const AT_ONCE = 10;
const TRIES = 3;
const WAIT_MS = 150;

/** Deletes all; why not, for those that could not be. Deleting twice does no harm, so a lost answer is asked for again. */
export async function deleteAll(calls: Calls, url: string, items: readonly ToDelete[]): Promise<Map<string, string>> {
  const failures = new Map<string, string>();
  await inParallel(inTens(items), AT_ONCE, async (ten) => {
    let left = ten;
    for (let attempt = 1; left.length > 0; attempt += 1) {
      const tried = left;
      const failed = await calls
        .delete(
          url,
          tried.map(({ handle }) => handle),
        )
        .then(({ failed: some }) => new Map(some.map(({ Id, Message, Code }) => [Id, Message ?? Code ?? 'refused'])))
        .catch(
          (error: Error) => new Map(tried.map((_, index) => [String(index) as string | undefined, lineOf(error)])),
        );
      left = tried.filter((_, index) => failed.has(String(index)));
      if (attempt < TRIES && left.length > 0) {
        await sleep(WAIT_MS * attempt);
        continue;
      }
      for (const [index, { id }] of tried.entries()) {
        const why = failed.get(String(index));
        if (why !== undefined) failures.set(id, why);
      }
      return;
    }
  });
  return failures;
}
