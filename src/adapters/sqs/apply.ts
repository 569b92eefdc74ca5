import type { Copy, Note, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Queue } from './directory.ts';
import type { Ground } from './ground.ts';
import type { Held } from './held.ts';
import { savedOf, sendableOf } from './message.ts';
import { done, failed, skipped, unknown } from './outcomes.ts';
import { deleteAll } from './remove.ts';
import { type Sent, sendAll } from './send.ts';

/** What is held for less than this is renewed before it is written. */
const SURE_SECONDS = 20;
/** The same once it was sent: a slow send may have used up the first. */
const DELETE_SECONDS = 5;
const NOT_OURS = 'it was no longer held for us: somebody else may have received it';
const NO_HOME =
  'nothing tells which queue it came from: it was sent to the dead-letter queue directly, and no one queue alone sends its dead there. Name the queue with --to QUEUE';

/** Send to where it came from, remember that on the disk, delete: in this order, so that nothing can be lost. */
export async function replay(
  ground: Ground,
  held: Held,
  jobs: readonly SavedJob[],
  {
    mark,
    note,
    to: elsewhere,
  }: { readonly mark: string; readonly note: Note | undefined; readonly to?: string | undefined },
): Promise<Outcome[]> {
  const sure = await held.sure(idsOf(jobs), SURE_SECONDS);
  const ours = jobs.filter(({ job }) => sure.has(job.id));
  const sent = new Map<string, Sent>();
  const names = new Map<string, string>();
  const homeOf = (item: SavedJob): string | undefined => elsewhere ?? savedOf(item).home;
  for (const [home, some] of Map.groupBy(ours, homeOf)) {
    const to = home === undefined ? undefined : await ground.directory.lately(home);
    if (to === undefined) {
      const why = home === undefined ? NO_HOME : `the queue to send it to, ${home}, is not there`;
      for (const { job } of some) sent.set(job.id, { failed: why });
      continue;
    }
    for (const [id, one] of await sendTo(ground, to, some, 'replay', mark)) sent.set(id, one);
    for (const { job } of some) names.set(job.id, to.name);
  }
  const copies = copiesOf(jobs, sent).map((copy) => {
    const to = names.get(copy.ref.id);
    return to === copy.ref.queue ? copy : { ...copy, to };
  });
  if (copies.length > 0) await note?.(copies);
  const ids = copies.map(({ ref }) => ref.id);
  await held.sure(ids, DELETE_SECONDS).catch(() => undefined); // the delete itself tells what could not be done
  const kept = await deleteAll(
    ground.calls,
    held.queue.url,
    copies.map(({ ref }) => ({ id: ref.id, handle: sure.get(ref.id) ?? '' })),
  );
  held.forget(copies.map(({ ref }) => ref.id)); // one that could not be deleted stays hidden: it must not be taken for dead
  return jobs.map((item) => {
    const one = sent.get(item.job.id);
    if (one === undefined) return skipped(item, 'locked', NOT_OURS);
    if (!('as' in one)) return notSent(item, one);
    const why = kept.get(item.job.id);
    if (why === undefined) return done(item);
    return unknown(item, `Sent, but not deleted from ${held.queue.name}: ${why}`);
  });
}

export async function remove(ground: Ground, held: Held, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const sure = await held.sure(idsOf(jobs), SURE_SECONDS);
  const items = [...sure].map(([id, handle]) => ({ id, handle }));
  const kept = await deleteAll(ground.calls, held.queue.url, items);
  held.forget(items.filter(({ id }) => !kept.has(id)).map(({ id }) => id));
  return jobs.map((item) => {
    if (!sure.has(item.job.id)) return skipped(item, 'locked', NOT_OURS);
    const why = kept.get(item.job.id);
    return why === undefined ? done(item) : unknown(item, `The delete was not confirmed: ${why}`);
  });
}

/** `as`: what this send is part of. A FIFO queue takes a second one of the same name and mark for the first. */
export const sendTo = (
  { calls, triedAs }: Ground,
  to: Queue,
  jobs: readonly SavedJob[],
  as: 'replay' | 'restore',
  mark: string,
): Promise<Map<string, Sent>> =>
  sendAll(
    calls,
    to,
    jobs.map((item) => ({
      saved: sendableOf(item),
      dedupId: `${as}-${item.job.id}-${triedAs.get(item.job.id) ?? mark}`,
    })),
  );

export const copiesOf = (jobs: readonly SavedJob[], sent: ReadonlyMap<string, Sent>): Copy[] =>
  jobs.flatMap(({ job: { queue, id } }) => {
    const one = sent.get(id);
    return one !== undefined && 'as' in one ? [{ ref: { queue, id }, as: one.as }] : [];
  });

export function notSent(item: SavedJob, sent: Exclude<Sent, { as: string }>): Outcome {
  if ('failed' in sent) return failed(item, sent.failed);
  return 'unknown' in sent ? unknown(item, sent.unknown) : skipped(item, 'not-applied', sent.held);
}

const idsOf = (jobs: readonly SavedJob[]): string[] => jobs.map(({ job }) => job.id);
