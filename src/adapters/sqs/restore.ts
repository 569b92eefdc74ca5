import type { PutBack } from '../../domain/action.ts';
import type { Claim, Returns, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { copiesOf, notSent, sendTo } from './apply.ts';
import { markFor } from './claim.ts';
import type { Queue } from './directory.ts';
import type { Ground } from './ground.ts';
import { savedOf } from './message.ts';
import { done, failed, skipped } from './outcomes.ts';
import type { Place } from './places.ts';
import type { Sent } from './send.ts';
import { settle } from './settle.ts';

/** Sends what is gone once more; the journal keeps under which new id. */
export function restores(ground: Ground): Returns {
  const present = new Map<string, Promise<ReadonlySet<string>>>();
  const presentIn = (queue: Queue): Promise<ReadonlySet<string>> => {
    const known = present.get(queue.arn) ?? idsIn(ground, queue);
    present.set(queue.arn, known);
    return known;
  };
  return {
    hold: (saved, how) => hold(ground, saved, how, presentIn),
    settle: (intent) => settle(ground, intent),
  };
}

/** A backup may hold what its run never deleted: that must not come twice. Empty where a look would do harm. */
async function idsIn(ground: Ground, queue: Queue): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  if (queue.redrive !== undefined && !ground.mayReceive) return ids;
  const all: Place = { from: queue, state: 'dead', shownAs: () => ({ as: queue.name, state: 'dead', from: queue }) };
  for await (const page of ground.look(all, 500)) for (const { one } of page) ids.add(one.id);
  return ids;
}

async function hold(
  ground: Ground,
  saved: readonly SavedJob[],
  how: PutBack,
  presentIn: (queue: Queue) => Promise<ReadonlySet<string>>,
): Promise<Claim> {
  ground.calls.refuseWhenClosed();
  const missed: Outcome[] = [];
  const gone: SavedJob[] = [];
  for (const item of saved) {
    const from = await ground.directory.byArn(savedOf(item).queueArn);
    if (from !== undefined && (await presentIn(from)).has(item.job.id)) missed.push(skipped(item, 'unchanged'));
    else gone.push(item);
  }
  const mark = markFor(ground, gone);
  return {
    jobs: gone,
    skipped: missed,
    mark,
    async apply(jobs, note) {
      await ground.fence(jobs.map(({ job }) => job.queue));
      const sent = new Map<string, Sent>();
      for (const [, some] of Map.groupBy(jobs, (item) => `${item.job.state} ${savedOf(item).queueArn}`)) {
        const to = await target(ground, some[0] as SavedJob, how);
        if (typeof to === 'string') for (const { job } of some) sent.set(job.id, { failed: to });
        else for (const [id, one] of await sendTo(ground, to, some, 'restore', mark)) sent.set(id, one);
      }
      const copies = copiesOf(jobs, sent);
      if (copies.length > 0) await note?.(copies);
      return jobs.map((item) => {
        const one = sent.get(item.job.id);
        if (one === undefined) return failed(item, 'it was not sent');
        return 'as' in one ? done(item) : notSent(item, one);
      });
    },
    release: async () => {},
  };
}

/** The queue that it goes to, or why there is none. */
async function target({ directory }: Ground, item: SavedJob, { asWas }: PutBack): Promise<Queue | string> {
  const { queueArn } = savedOf(item);
  const from = await directory.byArn(queueArn);
  if (from === undefined) return `its queue ${queueArn} is not there`;
  if (item.job.state === 'dead' || asWas) return from;
  const dead = from.redrive && (await directory.byArn(from.redrive.arn));
  return dead ?? `${from.name} has no dead-letter queue to keep it from starting; --as-was sends it to work`;
}
