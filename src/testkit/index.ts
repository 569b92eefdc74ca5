/**
 * The promises of a queue adapter as tests. An adapter of your own passes them like ours do:
 *
 *     import { conformance } from 'jobctl/testkit';
 *     conformance('my queue', openMyBench);
 *
 * What a backend cannot do is read from `adapter.can` and `bench.holds`, and shown as a skipped test with the reason.
 */
import { afterEach, beforeEach, describe, it } from 'vitest';
import type { Bench } from './bench.ts';
import { NotHere, type Topic } from './topic.ts';
import { browse } from './topics/browse.ts';
import { cancel } from './topics/cancel.ts';
import { capabilities } from './topics/capabilities.ts';
import { claim } from './topics/claim.ts';
import { closed } from './topics/closed.ts';
import { edit } from './topics/edit.ts';
import { enqueue } from './topics/enqueue.ts';
import { find } from './topics/find.ts';
import { lock } from './topics/lock.ts';
import { pause } from './topics/pause.ts';
import { remove } from './topics/remove.ts';
import { replay } from './topics/replay.ts';
import { reset } from './topics/reset.ts';
import { restore } from './topics/restore.ts';
import { revert } from './topics/revert.ts';
import { selection } from './topics/selection.ts';
import { settle } from './topics/settle.ts';
import { stats } from './topics/stats.ts';

export type { Attribute, Bench, Holds, SeedJob } from './bench.ts';
export { type Check, NotHere, type Topic } from './topic.ts';

export const topics: readonly Topic[] = [
  capabilities,
  browse,
  find,
  stats,
  selection,
  claim,
  replay,
  reset,
  remove,
  cancel,
  edit,
  restore,
  revert,
  settle,
  enqueue,
  pause,
  lock,
  closed,
];

export function conformance(name: string, open: () => Promise<Bench>): void {
  describe(`${name} keeps the contract of a queue adapter`, () => {
    let bench: Bench | undefined;
    beforeEach(async () => {
      bench = await open();
    });
    afterEach(async () => {
      await bench?.drop();
      bench = undefined;
    });
    for (const topic of topics) {
      describe(topic.name, () => {
        for (const [title, check] of Object.entries(topic.checks)) {
          it(title, { timeout: 60_000 }, async (context) => {
            try {
              await check(bench as Bench);
            } catch (error) {
              if (error instanceof NotHere) context.skip(error.message);
              throw error;
            }
          });
        }
      });
    }
  });
}
