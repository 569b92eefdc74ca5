import { expect } from 'vitest';
import type { Action } from '../../domain/action.ts';
import type { Claim, Copy } from '../../domain/claim.ts';
import { act, all, inState, putBack, replay, reread, times, told } from '../act.ts';
import type { Bench, SeedJob } from '../bench.ts';
import { NotHere, needsSameIds, opsOf, type Topic } from '../topic.ts';

const seeds: Record<Action['verb'], readonly [Action, SeedJob]> = {
  replay: [replay, { state: 'dead' }],
  remove: [{ verb: 'remove' }, { state: 'dead' }],
  edit: [
    { verb: 'edit', payload: '{"to":2}' },
    { state: 'dead', payload: '{"to":1}' },
  ],
  cancel: [{ verb: 'cancel' }, { state: 'waiting' }],
  reset: [{ verb: 'reset' }, { state: 'active', stuck: true }],
};

/** The verbs that this backend has and can show. */
function possible({ adapter, holds }: Bench): (readonly [Action, SeedJob])[] {
  const found = Object.values(seeds).filter(
    ([{ verb }, { state, stuck }]) =>
      adapter.can[verb].level !== 'none' && holds.states.has(state) && (!stuck || holds.attributes.has('stuck')),
  );
  if (found.length === 0) throw new NotHere('the backend writes nothing');
  return found;
}

async function firstClaim(bench: Bench, action: Action, seed: SeedJob): Promise<Claim> {
  const queue = `letters-${action.verb}`;
  await bench.seed(
    queue,
    times(3, () => seed),
  );
  const request = { selection: inState(queue, seed.state), action, size: 10 };
  const walk = opsOf(bench, action.verb).claim(request)[Symbol.asyncIterator]();
  const claim = (await walk.next()).value as Claim;
  const release = async (): Promise<void> => {
    await claim.release();
    await walk.return?.();
  };
  return { ...claim, release };
}

/** Asked by another process, from what the journal and the backup hold. */
const asked = async (
  bench: Bench,
  verb: Action['verb'],
  { mark, jobs }: Pick<Claim, 'mark' | 'jobs'>,
  copies: readonly Copy[] = [],
) =>
  told(
    await opsOf({ adapter: await bench.peer() }, verb).settle({ action: verb, mark, jobs: jobs.map(reread), copies }),
  );

/** Applies all of a claim and tells what a journal would have noted in between. */
async function applied(claim: Claim): Promise<Copy[]> {
  const copies: Copy[] = [];
  await claim.apply(claim.jobs, async (some) => void copies.push(...some));
  await claim.release();
  return copies;
}

const idsOf = ({ jobs }: Pick<Claim, 'jobs'>): string[] => jobs.map(({ job }) => job.id);

export const settle: Topic = {
  name: 'settle',
  checks: {
    'says done for what was applied': async (bench) => {
      for (const [action, seed] of possible(bench)) {
        const claim = await firstClaim(bench, action, seed);
        const copies = await applied(claim);
        expect(await asked(bench, action.verb, claim, copies), action.verb).toEqual(all(idsOf(claim), 'done'));
      }
    },
    'says not-applied for what was let go': async (bench) => {
      for (const [action, seed] of possible(bench)) {
        const claim = await firstClaim(bench, action, seed);
        await claim.release();
        expect(await asked(bench, action.verb, claim), action.verb).toEqual(all(idsOf(claim), 'skipped not-applied'));
      }
    },
    'tells the write of another from ours': async (bench) => {
      const claim = await firstClaim(bench, ...seeds.replay);
      await claim.release();
      await act(opsOf({ adapter: await bench.peer() }, 'replay'), inState('letters-replay', 'dead'), replay);
      for (const line of await asked(bench, 'replay', claim)) expect(line).not.toMatch(/: done$/);
    },
    'never says not-applied for our write because a worker went on with it': async (bench) => {
      const claim = await firstClaim(bench, ...seeds.replay);
      const copies = await applied(claim);
      const worked = await bench.work('letters-replay', 'fails');
      expect(copies.length > 0 ? copies.map(({ as }) => as) : idsOf(claim)).toContain(worked);
      for (const line of await asked(bench, 'replay', claim, copies)) expect(line).not.toMatch(/not-applied/);
    },
    'settles a restore': async (bench) => {
      needsSameIds(bench);
      const ids = await bench.seed(
        'letters',
        times(2, () => ({ state: 'dead' })),
      );
      const { saved } = await act(opsOf(bench, 'remove'), inState('letters', 'dead'), { verb: 'remove' });
      const ops = opsOf(bench, 'restore');
      const idle = await ops.hold(saved, { asWas: true, cutoff: await bench.adapter.now() });
      await idle.release();
      expect(told(await ops.settle({ action: 'restore', mark: idle.mark, jobs: saved.map(reread) }))).toEqual(
        all(ids, 'skipped not-applied'),
      );
      const { mark, jobs } = await putBack(ops, saved, true, bench.adapter);
      expect(told(await ops.settle({ action: 'restore', mark, jobs }))).toEqual(all(ids, 'done'));
    },
    'settles an undo': async (bench) => {
      needsSameIds(bench);
      const ids = await bench.seed(
        'letters',
        times(2, () => ({ state: 'dead' })),
      );
      const { saved, marks } = await act(opsOf(bench, 'replay'), inState('letters', 'dead'), replay);
      const ops = opsOf(bench, 'revert');
      const idle = await ops.hold(saved, { asWas: true, cutoff: await bench.adapter.now() }, marks[0]);
      await idle.release();
      expect(told(await ops.settle({ action: 'revert', mark: idle.mark, jobs: saved.map(reread) }))).toEqual(
        all(ids, 'skipped not-applied'),
      );
      const { mark, jobs } = await putBack(ops, saved, true, bench.adapter, marks[0]);
      expect(told(await ops.settle({ action: 'revert', mark, jobs }))).toEqual(all(ids, 'done'));
    },
  },
};
