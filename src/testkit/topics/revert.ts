import { expect } from 'vitest';
import type { Action } from '../../domain/action.ts';
import type { Acted } from '../act.ts';
import { act, all, inState, jobOf, jobsOf, putBack, replay, times, told } from '../act.ts';
import type { Bench, SeedJob } from '../bench.ts';
import { NotHere, needs, needsSameIds, opsOf, type Topic } from '../topic.ts';

const dead = inState('letters', 'dead');

/** Undo, as a run does it: claim by claim, each under its own mark. */
async function undo(bench: Bench, { saved, marks }: Acted, asWas = true) {
  if (marks.length !== 1) expect.fail(`one claim expected, not ${marks.length}`);
  return putBack(opsOf(bench, 'revert'), saved, asWas, bench.adapter, marks[0]);
}

async function replayed(bench: Bench, jobs: readonly SeedJob[]) {
  needsSameIds(bench);
  const ids = await bench.seed('letters', jobs);
  const before = await jobsOf(bench.adapter, 'letters');
  const acted = await act(opsOf(bench, 'replay'), dead, replay);
  expect(told(acted.outcomes)).toEqual(all(ids, 'done'));
  return { ids, before, acted };
}

const attempted = ({ holds }: Bench): SeedJob => ({
  state: 'dead',
  ...(holds.attributes.has('attempts') && { attempts: 3 }),
});

export const revert: Topic = {
  name: 'revert',
  checks: {
    'takes back a replay: the jobs are as before': async (bench) => {
      const { ids, before, acted } = await replayed(
        bench,
        times(3, () => attempted(bench)),
      );
      expect(told((await undo(bench, acted)).outcomes)).toEqual(all(ids, 'done'));
      expect(await jobsOf(bench.adapter, 'letters')).toEqual(before);
    },
    'leaves untouched a job that a worker has taken': async (bench) => {
      needs(bench, 'completed');
      const { ids, acted } = await replayed(
        bench,
        times(3, () => attempted(bench)),
      );
      const worked = await bench.work('letters', 'completes');
      const then = await jobOf(bench.adapter, 'letters', worked);
      const { outcomes } = await undo(bench, acted);
      expect(told(outcomes)).toEqual(ids.map((id) => `${id}: ${id === worked ? 'skipped started' : 'done'}`).sort());
      expect(await jobOf(bench.adapter, 'letters', worked)).toEqual(then);
    },
    'never takes back the write of another': async (bench) => {
      const { ids, acted } = await replayed(bench, [attempted(bench)]);
      const other = opsOf({ adapter: await bench.peer() }, 'remove');
      const cancelOrRemove = bench.adapter.can.cancel.level === 'none' ? 'remove' : 'cancel';
      const ops = cancelOrRemove === 'cancel' ? opsOf({ adapter: await bench.peer() }, 'cancel') : other;
      await act(ops, inState('letters', 'waiting'), { verb: cancelOrRemove });
      const then = await bench.dump();
      const { outcomes } = await undo(bench, acted);
      expect(outcomes.map(({ ref, result }) => `${ref.id}: ${result}`)).toEqual(all(ids, 'skipped'));
      expect(await bench.dump()).toBe(then);
    },
    'takes nothing back under a mark that wrote nothing': async (bench) => {
      const { ids, acted } = await replayed(bench, [attempted(bench)]);
      const idle = await opsOf(bench, 'revert').hold([], { asWas: true, cutoff: await bench.adapter.now() });
      await idle.release();
      const then = await bench.dump();
      const { outcomes } = await putBack(opsOf(bench, 'revert'), acted.saved, true, bench.adapter, idle.mark);
      expect(outcomes.map(({ ref, result }) => `${ref.id}: ${result}`)).toEqual(all(ids, 'skipped'));
      expect(await bench.dump()).toBe(then);
    },
    'is harmless when done twice': async (bench) => {
      const { ids, acted } = await replayed(
        bench,
        times(2, () => attempted(bench)),
      );
      await undo(bench, acted);
      const then = await bench.dump();
      expect(told((await undo(bench, acted)).outcomes)).toEqual(all(ids, 'skipped unchanged'));
      expect(await bench.dump()).toBe(then);
    },
    'says not-found for a job that is gone': async (bench) => {
      const { ids, acted } = await replayed(bench, [attempted(bench)]);
      await act(opsOf(bench, 'remove'), inState('letters', 'waiting'), { verb: 'remove' });
      expect(told((await undo(bench, acted)).outcomes)).toEqual(all(ids, 'skipped not-found'));
    },
    'takes back every other change as well': async (bench) => {
      const { states, attributes } = bench.holds;
      const cases: readonly [Action, SeedJob, boolean][] = [
        [{ verb: 'edit', payload: '{"to":2}' }, { state: 'dead', payload: '{"to":1}' }, true],
        [{ verb: 'cancel' }, { state: 'waiting' }, states.has('waiting') && states.has('cancelled')],
        [{ verb: 'reset' }, { state: 'active', stuck: true }, states.has('active') && attributes.has('stuck')],
      ];
      const possible = cases.filter(([{ verb }, , can]) => can && bench.adapter.can[verb].level !== 'none');
      if (possible.length === 0) throw new NotHere('the backend has no other change');
      for (const [action, seed] of possible) {
        const queue = `letters-${action.verb}`;
        const ids = await bench.seed(queue, [seed]);
        const before = await jobsOf(bench.adapter, queue);
        const acted = await act(opsOf(bench, action.verb), inState(queue, seed.state), action);
        expect(told(acted.outcomes), action.verb).toEqual(all(ids, 'done'));
        expect(told((await undo(bench, acted)).outcomes), action.verb).toEqual(all(ids, 'done'));
        expect(await jobsOf(bench.adapter, queue), action.verb).toEqual(before);
      }
    },
  },
};
