import type { SavedJob } from '../domain/claim.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { FrameRef } from '../safety/backup-frame.ts';
import type { Batch, Engine } from './batch.ts';
import type { Execution } from './execution.ts';
import { room } from './reach.ts';
import type { Results } from './tally.ts';

type ClaimBatch = Extract<Batch, { claim: unknown }>;

/** A claim whose jobs are on the disk. */
export interface ReadyClaim extends ClaimBatch {
  /** Those to be written to. */
  readonly jobs: readonly SavedJob[];
  readonly frame?: FrameRef | undefined;
  /** Those that the plan leaves alone for what they hold. */
  readonly refused: readonly Outcome[];
  /** Those that the plan does not reach. */
  readonly over: number;
}

export type Ready = ReadyClaim | Extract<Batch, { step: unknown }>;

/**
 * Batch after batch, its jobs saved. Where a claim allows it, the next one is taken and saved while this one is written; with
 * a limit that waits, because how many may still be written to is known only then. A batch that is saved and never written
 * has no intent in the journal, so nobody takes its jobs for changed.
 */
export async function* saved(
  execution: Execution,
  batches: AsyncIterable<Batch>,
  results: Results,
): AsyncGenerator<Ready> {
  const { limit, upTo } = execution.plan;
  const walk = batches[Symbol.asyncIterator]();
  const following = async (): Promise<Ready | undefined> => {
    const { done, value } = await walk.next();
    return done === true ? undefined : await savedOne(execution, value, results);
  };
  let next: Promise<Ready | undefined> | undefined;
  try {
    for (;;) {
      const ready = await (next ?? following());
      next = undefined;
      if (ready === undefined) return;
      if ('claim' in ready && ready.claim.ahead && limit === undefined && upTo === undefined) {
        next = following();
        next.catch(() => {}); // told when it is its turn
      }
      yield ready;
    }
  } finally {
    const left = await next?.catch(() => undefined);
    if (left !== undefined && 'claim' in left) await left.claim.release();
    await walk.return?.();
  }
}

/** What still matches goes to the disk. */
async function savedOne({ plan, engine, run, lock }: Execution, batch: Batch, results: Results): Promise<Ready> {
  if ('step' in batch) return batch;
  const { claim } = batch;
  try {
    const meant = claim.jobs.filter(({ job }) => engine.keeps(job));
    const { fitting, refused } = parted(meant, engine);
    const jobs = fitting.slice(0, room(plan, results));
    const over = fitting.length - jobs.length;
    if (jobs.length === 0) return { ...batch, jobs, refused, over };
    if (lock.lost.aborted) throw lock.lost.reason;
    return { ...batch, jobs, refused, over, ...(engine.saves && { frame: await run.save(jobs) }) };
  } catch (error) {
    await claim.release();
    throw error;
  }
}

/** Those that are written to, and those that the plan leaves alone for what they hold. */
function parted(meant: readonly SavedJob[], { refuses }: Engine): { fitting: SavedJob[]; refused: Outcome[] } {
  const fitting: SavedJob[] = [];
  const refused: Outcome[] = [];
  for (const saved of meant) {
    const { queue, id } = saved.job;
    const left = refuses?.(saved.job);
    if (left === undefined) fitting.push(saved);
    else refused.push({ ref: { queue, id }, result: 'skipped', ...left });
  }
  return { fitting, refused };
}
