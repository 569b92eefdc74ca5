import type { Claim, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import { carriedOut } from './claim.ts';
import { differing, isSame, isWritten, signOf } from './compare.ts';
import type { Desk, Place } from './desk.ts';
import { claimOf, holdAll } from './hold.ts';
import { verbOf, type Written, writtenUnder } from './marks.ts';
import { readIds } from './read-page.ts';
import { type Argument, scripts } from './script.ts';
import { type Candidate, candidateOf } from './snapshot.ts';
import { fingerprint, type Item, inSteps } from './step.ts';

/** Holds the jobs whose last write was ours, under the mark `undone`; what each becomes again is what was saved of it. */
export async function revert(
  desk: Desk,
  place: Place,
  mark: string,
  saved: readonly SavedJob[],
  undone: string | undefined,
): Promise<Claim> {
  const { queue } = place.keys;
  const now = await readIds(
    desk.connection,
    place.keys,
    saved.map(({ job }) => job.id),
  );
  const written = undone === undefined ? undefined : await writtenUnder(desk.connection, desk.prefix, queue, undone);
  const then = new Map(saved.map((one) => [one.job.id, candidateOf(one)]));
  const missed: Outcome[] = [];
  const ours: Candidate[] = [];
  for (const { job } of saved) {
    const there = now.get(job.id);
    const why = whyNot(there, then.get(job.id) as Candidate, undone, written);
    if (why === undefined) ours.push(there as Candidate);
    else missed.push(skipped(job, why, why === 'started' ? `now ${there?.found.native ?? 'elsewhere'}` : undefined));
  }
  const holding = await holdAll(desk, place, mark, ours);
  return claimOf(mark, holding, missed, async (jobs) => {
    const chosen = jobs.flatMap(({ job }) => now.get(job.id) ?? []);
    const items = chosen.map((one) => itemOf(one, then.get(one.found.id) as Candidate));
    const told = new Map<string, string>();
    return await carriedOut(chosen, told, () => inSteps(desk, place, { script: scripts.revert, mark }, items, told));
  });
}

function whyNot(
  now: Candidate | undefined,
  then: Candidate,
  undone: string | undefined,
  written: Written | undefined,
): 'not-found' | 'unchanged' | 'started' | 'conflict' | undefined {
  if (now === undefined) return 'not-found';
  if (isSame(now, then)) return 'unchanged';
  if (undone === undefined || written === undefined) return 'conflict';
  const verb = verbOf(undone);
  const sign = written.jobs.get(now.found.id);
  const untouched = verb === 'revert' ? sign === signOf(now) : isWritten(verb, now, then);
  // once Redis has forgotten the mark, only a job that looks as ours would is taken for ours
  if (sign === undefined && (written.certain || verb === 'revert')) return 'conflict';
  if (untouched) return undefined;
  return sign === undefined ? 'conflict' : 'started';
}

const counted = (items: readonly Argument[]): Argument[] => [String(items.length), ...items];
const nameOf = (name: string): Buffer => Buffer.from(name, 'latin1');

function itemOf(now: Candidate, then: Candidate): Item {
  const changed = differing(now.found.fields, then.found.fields);
  const set = changed.flatMap((name) => {
    const value = then.found.fields.get(name);
    return value === undefined ? [] : [nameOf(name), value];
  });
  const drop = changed.filter((name) => !then.found.fields.has(name)).map(nameOf);
  const { failedFor, ignoredBy } = then.extras;
  const record = failedFor !== undefined ? 'failedFor' : ignoredBy !== undefined ? 'ignoredBy' : '';
  const owned = then.extras.owner === then.found.id;
  return {
    id: now.found.id,
    given: [
      ...fingerprint(now),
      String(then.state),
      then.score,
      ...counted(set),
      ...counted(drop),
      record,
      failedFor ?? ignoredBy ?? '',
      then.found.fields.get('deid') ?? '',
      owned ? '1' : '0',
      String(then.extras.window ?? -1),
    ],
  };
}
