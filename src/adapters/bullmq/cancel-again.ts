import type { Claim, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import { carriedOut } from './claim.ts';
import { isSame } from './compare.ts';
import type { Desk, Place } from './desk.ts';
import { claimOf, holdAll } from './hold.ts';
import { readIds } from './read-page.ts';
import { scripts } from './script.ts';
import { type Candidate, candidateOf } from './snapshot.ts';
import { identical, inSteps } from './step.ts';

/** Takes out again what the undo of a cancel has put back, where nothing has happened to it since. */
export async function cancelAgain(desk: Desk, place: Place, mark: string, saved: readonly SavedJob[]): Promise<Claim> {
  const ids = saved.map(({ job }) => job.id);
  const now = await readIds(desk.connection, place.keys, ids);
  const missed: Outcome[] = [];
  const ours: Candidate[] = [];
  for (const one of saved) {
    const there = now.get(one.job.id);
    if (there === undefined) missed.push(skipped(one.job, 'not-found'));
    else if (isSame(there, candidateOf(one))) ours.push(there);
    else missed.push(skipped(one.job, 'started', `now ${there.found.native ?? 'elsewhere'}`));
  }
  const holding = await holdAll(desk, place, mark, ours);
  return claimOf(mark, holding, missed, async (jobs) => {
    const chosen = jobs.flatMap(({ job }) => now.get(job.id) ?? []);
    const told = new Map<string, string>();
    const items = chosen.map((one) => identical(one));
    const how = { script: scripts.remove, option: 'cancel', mark };
    return await carriedOut(chosen, told, () => inSteps(desk, place, how, items, told));
  });
}
