import type { Resolution } from '../../domain/action.ts';
import type { QueueAdapter } from '../../domain/adapter.ts';
import type { Claim, Claims, Returns } from '../../domain/claim.ts';
import type { Enqueues } from '../../domain/enqueue.ts';
import { asReader } from './as-reader.ts';
import { over } from './over.ts';

export interface Pace {
  /** Jobs written a second, over the whole run. */
  readonly perSecond: number;
  /** Ends early, by returning or by throwing, when the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<unknown>;
  /** When aborted, the sleep ends and no further claim is made. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: (() => number) | undefined;
}

/** Claims are at most a quarter of a second's jobs, so that the pace is smooth. */
const claimSize = (asked: number, perSecond: number): number => Math.max(1, Math.min(asked, Math.floor(perSecond / 4)));

/** Writes at most `perSecond` jobs a second. What is claimed and not applied costs nothing; nothing is held while it sleeps. */
export function paced(
  adapter: QueueAdapter,
  { perSecond, sleep, signal, now = () => performance.now() }: Pace,
): QueueAdapter {
  let free = 0;
  /** True when it is our turn, false when the run was cancelled. */
  const turn = async (): Promise<boolean> => {
    for (let left = free - now(); left > 0 && !signal?.aborted; left = free - now()) {
      await sleep(left, signal).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
    }
    return !signal?.aborted;
  };
  const counted = (claim: Claim): Claim => ({
    jobs: claim.jobs,
    skipped: claim.skipped,
    mark: claim.mark,
    apply: (jobs, note) => {
      free = Math.max(free, now()) + (jobs.length / perSecond) * 1000;
      return claim.apply(jobs, note);
    },
    release: () => claim.release(),
  });
  async function* inTurn(walk: () => AsyncIterable<Claim>): AsyncGenerator<Claim> {
    if (!(await turn())) return;
    for await (const claim of walk()) {
      yield counted(claim);
      if (!(await turn())) return;
    }
  }
  const claims = <Act>(ops: Claims<Act>): Claims<Act> => ({
    claim: (request) => inTurn(() => ops.claim({ ...request, size: claimSize(request.size, perSecond) })),
    settle: (intent) => ops.settle(intent),
  });
  const returns = (ops: Returns): Returns => {
    const walk = ops.walk?.bind(ops);
    return {
      async hold(saved, how, mark) {
        await turn();
        return counted(await ops.hold(saved, how, mark));
      },
      ...(walk && {
        walk: (saved, { size, ...how }) => inTurn(() => walk(saved, { ...how, size: claimSize(size, perSecond) })),
      }),
      settle: (intent) => ops.settle(intent),
    };
  };
  const adds = (ops: Enqueues): Enqueues => ({
    ...ops,
    batch: claimSize(ops.batch, perSecond),
    async enqueue(queue, jobs) {
      await turn();
      free = Math.max(free, now()) + (jobs.length / perSecond) * 1000;
      return await ops.enqueue(queue, jobs);
    },
  });
  const { can } = adapter;
  return {
    ...asReader(adapter),
    can: {
      ...can,
      replay: over(can.replay, claims),
      reset: over(can.reset, claims),
      remove: over(can.remove, claims),
      cancel: over(can.cancel, claims),
      edit: over(can.edit, claims),
      ...(can.resolve === undefined ? {} : { resolve: over(can.resolve, claims<Resolution>) }),
      ...(can.enqueue === undefined ? {} : { enqueue: over(can.enqueue, adds) }),
      restore: over(can.restore, returns),
      revert: over(can.revert, returns),
    },
  };
}
