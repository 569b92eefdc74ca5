import type { Claim, Claims, Returns } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './outcomes.ts';

/** Before the transaction's id: the write took jobs away, or brought such jobs back. */
const CANCELLED = 'cancel-';
const BACK = 'back-';

const marked = (claim: Claim, prefix: string): Claim => ({ ...claim, mark: `${prefix}${claim.mark}` });

/** Cancelling where there is no cancelled state. The mark tells later that undoing it is to recreate the jobs. */
export const removingCancels = ({ claim, settle }: Claims): Claims => ({
  async *claim(request) {
    for await (const one of claim(request)) yield marked(one, CANCELLED);
  },
  settle: (intent) => settle({ ...intent, action: 'remove', mark: intent.mark.slice(CANCELLED.length) }),
});

/** What is taken back is there still, except after a cancel. */
export const recreatingReverts = (revert: Returns, restore: Returns): Returns => ({
  hold: async (saved, how, mark) => {
    if (mark?.startsWith(CANCELLED) === true) return marked(await restore.hold(saved, { ...how, asWas: true }), BACK);
    if (mark?.startsWith(BACK) !== true) return await revert.hold(saved, how, mark);
    const nothing = await revert.hold([], how);
    const why = 'it came back from a cancel: jobctl job cancel takes it away again';
    return { ...nothing, skipped: saved.map((item): Outcome => skipped(item, 'conflict', why)) };
  },
  settle: (intent) =>
    intent.mark.startsWith(BACK)
      ? restore.settle({ ...intent, action: 'restore', mark: intent.mark.slice(BACK.length) })
      : revert.settle(intent),
});
