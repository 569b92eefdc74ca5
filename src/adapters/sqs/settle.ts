import type { OpenIntent, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Queue } from './directory.ts';
import type { Ground } from './ground.ts';
import { inTens } from './in-parallel.ts';
import { savedOf } from './message.ts';
import { done, skipped, unknown } from './outcomes.ts';
import { allowLook } from './places.ts';
import { deleteAll } from './remove.ts';

const MAYBE_SENT = 'the send was never confirmed: sent again, it may then be there twice';
const MAYBE_SENT_FIFO =
  'the send was never confirmed: sent again, it may then be there twice if more than five minutes have passed';
const ELSEWHERE = 'Others hold messages of the queue now, and it may be one of them: try again when they let go.';

/** Finishes what is half done, and lets go of what was not begun, so that the run can take it up again. */
export async function settle(ground: Ground, { action, mark, jobs, copies = [] }: OpenIntent): Promise<Outcome[]> {
  ground.calls.refuseWhenClosed();
  const copied = new Set(copies.map(({ ref }) => ref.id));
  const known = jobs.filter(({ job }) => copied.has(job.id));
  const open = jobs.filter(({ job }) => !copied.has(job.id));
  const outcomes = new Map<string, Outcome>();
  const sends = action === 'replay' || action === 'revert';
  // whatever became of it until now, in this run it is not sent again
  if (sends) for (const { ref, as } of copies) ground.copies.set(ref.id, as);
  for (const item of open)
    outcomes.set(item.job.id, skipped(item, 'not-applied', isFifo(item) ? MAYBE_SENT_FIFO : MAYBE_SENT));
  if (action === 'restore') for (const item of known) outcomes.set(item.job.id, done(item));
  else {
    const asked = action === 'remove' ? jobs : known;
    for (const [arn, some] of Map.groupBy(asked, (item) => savedOf(item).queueArn)) {
      const queue = await ground.directory.byArn(arn);
      const fates = queue === undefined ? some.map(done) : await cleared(ground, queue, some, action !== 'remove');
      for (const fate of fates) outcomes.set(fate.ref.id, fate);
    }
  }
  if (action !== 'remove') for (const { job } of open) ground.triedAs.set(job.id, mark);
  if (sends) await letGo(ground, open);
  return jobs.map((item) => outcomes.get(item.job.id) ?? skipped(item, 'not-applied'));
}

/** Of a queue and its dead-letter queue both are, or neither. */
const isFifo = (item: SavedJob): boolean => savedOf(item).queueArn.endsWith('.fifo');

const lasts = (item: SavedJob): boolean => savedOf(item).handleEnds > Date.now() + 1000;

/**
 * Whether these are out of their queue. `must`: they have to be, and are taken out when they are not.
 * As long as the handle of the run that broke off lasts, nobody else can have received the message.
 */
async function cleared(ground: Ground, queue: Queue, jobs: readonly SavedJob[], must: boolean): Promise<Outcome[]> {
  const { calls } = ground;
  const found = new Map<string, string>();
  const failures = new Map<string, string>();
  const sought = new Set((must ? jobs.filter((item) => !lasts(item)) : jobs).map(({ job }) => job.id));
  const patience = Date.now() + ground.tempo.othersSeconds * 1000;
  let others = 0;
  while (sought.size > 0) {
    // asked before and after: what comes back in between would be missed by either alone
    others = await ground.othersHold(queue);
    for await (const handles of seek(ground, queue, sought)) {
      for (const [id, handle] of handles) {
        found.set(id, handle);
        sought.delete(id);
      }
      if (!must) continue;
      const kept = await deleteAll(
        calls,
        queue.url,
        handles.map(([id, handle]) => ({ id, handle })),
      );
      for (const [id, why] of kept) failures.set(id, why);
    }
    others += await ground.othersHold(queue);
    if (others === 0 || Date.now() >= patience) break;
  }
  const byOldHandle = jobs.filter((item) => !found.has(item.job.id) && lasts(item));
  const kept = await deleteAll(
    calls,
    queue.url,
    byOldHandle.map((item) => ({ id: item.job.id, handle: savedOf(item).handle })),
  );
  for (const [id, why] of kept) failures.set(id, why);
  return jobs.map((item) => {
    const why = failures.get(item.job.id);
    if (why !== undefined) return unknown(item, `It could not be deleted from ${queue.name}: ${why}`);
    if (found.has(item.job.id)) return must ? done(item) : skipped(item, 'not-applied');
    if (lasts(item)) return done(item);
    const unmet = sought.size > 0 ? ground.unmet.get(queue.arn) : undefined;
    return unmet === undefined && others === 0 ? done(item) : unknown(item, unmet ?? ELSEWHERE);
  });
}

/** Walks the queue until all of these were met, or there is nothing left to meet. */
async function* seek(ground: Ground, queue: Queue, ids: ReadonlySet<string>): AsyncGenerator<[string, string][]> {
  allowLook({ from: queue }, ground.mayReceive);
  let left = ids.size;
  if (left === 0) return;
  yield* ground.holding(queue, async function* (held) {
    while (!held.over && left > 0) {
      const met = (await held.fill(100)).filter(({ id }) => ids.has(id));
      left -= met.length;
      if (met.length > 0) yield met.map(({ id, handle }): [string, string] => [id, handle]);
    }
    if (held.full && left > 0) await ground.reckon(held);
  });
}

/** Held by a process that is no more: visible again at once, not only when the time is up. */
async function letGo({ calls, directory }: Ground, jobs: readonly SavedJob[]): Promise<void> {
  for (const [arn, some] of Map.groupBy(jobs.filter(lasts), (item) => savedOf(item).queueArn)) {
    const queue = await directory.byArn(arn);
    if (queue === undefined) continue;
    for (const ten of inTens(some)) {
      await calls
        .setVisibility(
          queue.url,
          ten.map((item) => savedOf(item).handle),
          0,
        )
        .catch(() => undefined); // then they come back by themselves
    }
  }
}
