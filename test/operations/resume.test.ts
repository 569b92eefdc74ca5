import { describe, expect, it } from 'vitest';
import { paced } from '../../src/adapters/wrap/paced.ts';
import type { JournalEntry } from '../../src/safety/journal-entry.ts';
import type { RunFolder } from '../../src/safety/run-folder.ts';
import { refusing, unanswered } from './faulty.ts';
import { around, openStage, remove, type Stage } from './stage.ts';

class PowerCut extends Error {}

/** From this call on nothing of the run reaches the disk any more, as if the process had died. */
function cutBefore(stage: Stage, name: string, number: number): void {
  let calls = 0;
  let dead = false;
  const mortal = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    if (what === name) calls += 1;
    dead ||= what === name && calls === number;
    if (dead) throw new PowerCut();
    return await work();
  };
  stage.around = (run: RunFolder) =>
    around(run, {
      save: (jobs) => mortal('save', () => run.save(jobs)),
      journal: (entry: JournalEntry) => mortal(entry.at, () => run.journal(entry)),
      report: (report) => mortal('report', () => run.report(report)),
    });
}

async function runOf(stage: Stage, work: () => Promise<{ run?: string | undefined }>): Promise<string> {
  const { listRuns } = await import('../../src/safety/run-list.ts');
  const before = new Set((await listRuns(stage.stateDir)).map(({ id }) => id));
  await work().catch((error: unknown) => {
    if (!(error instanceof PowerCut)) throw error;
  });
  stage.around = (run) => run;
  stage.adapter = stage.memory;
  return (await listRuns(stage.stateDir)).find(({ id }) => !before.has(id))?.id ?? '';
}

const points = [
  ['start', 1],
  ['save', 1],
  ['intent', 1],
  ['outcome', 1],
  ['save', 2],
  ['intent', 2],
  ['outcome', 2],
  ['outcome', 3],
  ['end', 1],
] as const;

const clean = (done: number) => ({ complete: true, outcomes: { done, skipped: 0, failed: 0, unknown: 0 } });

describe('a run that was cut off', () => {
  it.each(points)('before its %s number %i goes on to the end: replay', async (name, number) => {
    const stage = await openStage();
    stage.seed(12);
    cutBefore(stage, name, number);
    const run = await runOf(stage, () => stage.act());
    expect(await stage.resume(run)).toMatchObject({ ...clean(12), run });
    expect(new Set(Object.values(stage.states()))).toEqual(new Set(['waiting']));
    await expect(stage.resume(run)).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
  });

  it.each(points)(
    'before its %s number %i goes on to the end: a restore, which can be undone',
    async (name, number) => {
      if (name === 'save') return; // a restore saves nothing
      const stage = await openStage();
      stage.seed(12);
      const before = stage.memory.dump();
      const purge = await stage.act({ verb: 'purge', action: remove });
      cutBefore(stage, name, number);
      const run = await runOf(stage, () => stage.restore(purge.run ?? ''));
      expect(await stage.resume(run)).toMatchObject(clean(12));
      expect(stage.memory.dump()).toBe(before);
      expect(await stage.undo(run)).toMatchObject(clean(12));
      expect(stage.states()).toEqual({});
    },
  );

  it('puts back the rest of a batch of which some jobs were there already', async () => {
    const stage = await openStage();
    const ids = stage.seed(10);
    const before = stage.memory.dump();
    const purge = await stage.act({ verb: 'purge', action: remove });
    await stage.restore(purge.run ?? '', { ids: ids.slice(0, 2) });
    cutBefore(stage, 'intent', 1);
    const run = await runOf(stage, () => stage.restore(purge.run ?? ''));
    const report = await stage.resume(run);
    expect(report).toMatchObject({ complete: true, outcomes: { done: 8, skipped: 2 } });
    expect(stage.memory.dump()).toBe(before);
  });

  it('comes back to a batch that was settled as never written, however often it is cut off', async () => {
    const stage = await openStage();
    stage.seed(10);
    const before = stage.memory.dump();
    const purge = await stage.act({ verb: 'purge', action: remove });
    stage.adapter = unanswered(stage.memory, 1, false);
    const run = await runOf(stage, () => stage.restore(purge.run ?? ''));
    cutBefore(stage, 'intent', 1); // after the settled outcome
    await runOf(stage, () => stage.resume(run));
    expect(await stage.resume(run)).toMatchObject(clean(10));
    expect(stage.memory.dump()).toBe(before);
    expect(await stage.undo(run)).toMatchObject(clean(10));
    expect(stage.states()).toEqual({});
  });

  it.each(['a restore', 'an undo'] as const)(
    'puts back the rest of a batch that was written in part, however often it is cut off: %s',
    async (what) => {
      const stage = await openStage();
      stage.seed(10);
      const before = stage.memory.dump();
      const first = await stage.act(what === 'a restore' ? { verb: 'purge', action: remove } : {});
      const back = () => (what === 'a restore' ? stage.restore(first.run ?? '') : stage.undo(first.run ?? ''));
      // of the first batch some are written, and of the rest of it some more
      stage.adapter = unanswered(stage.memory, 1, 2);
      const run = await runOf(stage, back);
      stage.adapter = unanswered(stage.memory, 1, 1);
      await stage.resume(run).catch(() => {});
      stage.adapter = stage.memory;
      cutBefore(stage, 'intent', 1); // after the settled outcome
      await runOf(stage, () => stage.resume(run));
      expect(await stage.resume(run)).toMatchObject(clean(10));
      expect(stage.memory.dump()).toBe(before);
      expect(await stage.undo(run)).toMatchObject(clean(10));
    },
  );

  it.each(['a restore', 'an undo'] as const)(
    'puts back in halves what the backend refuses together, wherever it is cut off: %s',
    async (what) => {
      for (let number = 1; number <= 7; number++)
        for (const name of ['intent', 'outcome']) {
          const stage = await openStage();
          const odd = stage.seed(12)[2];
          const first = await stage.act(what === 'a restore' ? { verb: 'purge', action: remove } : {});
          const back = () => (what === 'a restore' ? stage.restore(first.run ?? '') : stage.undo(first.run ?? ''));
          stage.adapter = refusing(stage.memory, odd);
          cutBefore(stage, name, number);
          const run = await runOf(stage, back);
          stage.adapter = refusing(stage.memory, odd);
          const report = await stage.resume(run);
          const at = `cut before its ${name} number ${number}`;
          expect(report, at).toMatchObject({
            complete: false,
            outcomes: { done: 11, skipped: 1, failed: 0, unknown: 0 },
          });
          expect(report.skipped, at).toEqual([{ id: odd, why: 'conflict' }]);
          const states = Object.entries(stage.states()).filter(([id]) => id !== odd);
          expect(states, at).toHaveLength(11);
          expect(new Set(states.map(([, state]) => state)), at).toEqual(new Set(['dead']));
        }
    },
  );

  it('takes a restore away in smaller batches than it was made in, and can be cut off there', async () => {
    const stage = await openStage();
    stage.seed(10);
    const purge = await stage.act({ verb: 'purge', action: remove });
    const restore = await stage.restore(purge.run ?? '');
    cutBefore(stage, 'save', 2);
    const run = await runOf(stage, () => stage.undo(restore.run ?? '', { batch: 2 }));
    expect(await stage.resume(run, { batch: 2 })).toMatchObject(clean(10));
    expect(stage.states()).toEqual({});
  });

  it('takes a restore away slowly, in several claims of one batch, and can be stopped between them', async () => {
    const stage = await openStage();
    stage.seed(10);
    const purge = await stage.act({ verb: 'purge', action: remove, pace: { batch: 10 } });
    const restore = await stage.restore(purge.run ?? '');
    const stop = new AbortController();
    stage.adapter = paced(stage.memory, { perSecond: 12, signal: stop.signal, sleep: async () => stop.abort() });
    const undo = await stage.undo(restore.run ?? '', { signal: stop.signal });
    expect(undo).toMatchObject({ complete: false, stopped: 'stopped on request', outcomes: { done: 3 } });
    stage.adapter = stage.memory;
    expect(await stage.resume(undo.run ?? '')).toMatchObject(clean(10));
    expect(stage.states()).toEqual({});
  });

  it('was stopped while it waited for its turn: the rest is not taken for gone', async () => {
    const stage = await openStage();
    stage.seed(12);
    const stop = new AbortController();
    stage.adapter = paced(stage.memory, { perSecond: 12, signal: stop.signal, sleep: async () => stop.abort() });
    const report = await stage.act({ pace: { signal: stop.signal } });
    expect(report).toMatchObject({ complete: false, stopped: 'stopped on request', outcomes: { done: 3, skipped: 0 } });
    stage.adapter = stage.memory;
    expect(await stage.resume(report.run ?? '')).toMatchObject(clean(12));
  });

  it('counts named jobs and lasting duplicates once', async () => {
    const stage = await openStage();
    const ids = stage.seed(8);
    stage.seed(1, { state: 'waiting', key: 'k' });
    const twin = stage.seed(1, { key: 'k' });
    for (const more of [{}, { ids: [...ids, ...twin] }]) {
      cutBefore(stage, 'save', 2);
      const run = await runOf(stage, () => stage.act({ more, pace: { batch: 6 } }));
      const report = await stage.resume(run);
      expect(report).toMatchObject({ complete: false, outcomes: { done: 8, skipped: 1, failed: 0 } });
      await stage.undo(run);
    }
  });

  it('keeps to its limit and its cutoff', async () => {
    const stage = await openStage();
    stage.seed(12);
    cutBefore(stage, 'outcome', 2);
    const run = await runOf(stage, () => stage.act({ limit: 8 }));
    const [late = ''] = stage.memory.seed([{ queue: 'email', state: 'dead', since: '2999-01-01T00:00:00.000000Z' }]);
    expect(await stage.resume(run)).toMatchObject({ ...clean(8), more: 4 });
    expect(stage.states()[late]).toBe('dead');
    expect(Object.values(stage.states()).filter((state) => state === 'waiting').length).toBe(8);
  });

  it('changes nothing on a dry run of the resume, and obeys --max', async () => {
    const stage = await openStage();
    stage.seed(12);
    cutBefore(stage, 'save', 2);
    const run = await runOf(stage, () => stage.act());
    const before = stage.memory.dump();
    expect(await stage.resume(run, { dryRun: true })).toMatchObject({
      dryRun: true,
      matched: 7,
      outcomes: { done: 0 },
    });
    await expect(stage.resume(run, { max: 6 })).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    expect(stage.memory.dump()).toBe(before);
  });

  it('asks again when the backend cannot tell yet', async () => {
    const stage = await openStage();
    stage.seed(6);
    stage.adapter = unanswered(stage.memory, 1, true);
    const run = await runOf(stage, () => stage.act());
    const { replay } = stage.memory.can;
    if (replay.level === 'none') throw new Error(replay.why);
    const settle = async () => replayUnknown(stage);
    stage.adapter = {
      ...stage.memory,
      can: { ...stage.memory.can, replay: { ...replay, ops: { ...replay.ops, settle } } },
    };
    await expect(stage.resume(run)).rejects.toMatchObject({ code: 'JOBCTL_PARTIAL' });
    stage.adapter = stage.memory;
    expect(await stage.resume(run)).toMatchObject(clean(6));
  });

  it('is not taken up by two at once', async () => {
    const stage = await openStage();
    stage.seed(12);
    cutBefore(stage, 'save', 2);
    const run = await runOf(stage, () => stage.act());
    const both = await Promise.allSettled([stage.resume(run), stage.resume(run)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'JOBCTL_LOCKED' } });
    expect(new Set(Object.values(stage.states()))).toEqual(new Set(['waiting']));
  });
});

const replayUnknown = (stage: Stage) =>
  Object.keys(stage.states())
    .slice(0, 5)
    .map((id) => ({ ref: { queue: 'email', id }, result: 'unknown' as const, why: 'not yet' }));
