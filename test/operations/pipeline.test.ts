import { describe, expect, it } from 'vitest';
import { verifyBackup } from '../../src/safety/backup-reader.ts';
import { readRun } from '../../src/safety/run-folder.ts';
import { aroundApply, unanswered } from './faulty.ts';
import { around, openStage, remove } from './stage.ts';

const count = (states: Record<string, string>, state: string): number =>
  Object.values(states).filter((one) => one === state).length;

describe('a write', () => {
  it('saves, notes the intent, applies and notes the outcome, batch by batch, under the lock', async () => {
    const stage = await openStage();
    stage.seed(7);
    stage.adapter = aroundApply(stage.memory, (apply) => async (jobs) => {
      stage.log.push(`apply ${jobs.length}`);
      return await apply(jobs);
    });
    const report = await stage.act();
    const batch = (jobs: number) => [`save ${jobs}`, 'journal intent', `apply ${jobs}`, 'journal outcome'];
    const end = ['settled', 'journal end', 'audit', 'unlock'];
    expect(stage.log).toEqual(['plan', 'confirm 7', 'lock', 'journal start', ...batch(5), ...batch(2), ...end]);
    expect(report).toMatchObject({ complete: true, matched: 7, more: 0, outcomes: { done: 7, skipped: 0 } });
    expect(report.next).toEqual([`jobctl undo ${report.run}`]);
    expect(count(stage.states(), 'waiting')).toBe(7);
    expect(await verifyBackup(report.backup ?? '')).toMatchObject({ ok: true, frames: 2, jobs: 7 });
    expect((await readRun(stage.stateDir, report.run ?? '')).report).toEqual(report);
  });

  it('on a dry run or with nothing to do, ends after the plan and leaves no trace', async () => {
    const stage = await openStage();
    expect(await stage.act()).toMatchObject({ complete: true, matched: 0 });
    stage.seed(3);
    const before = stage.memory.dump();
    const report = await stage.act({ pace: { dryRun: true } });
    expect(report).toMatchObject({ dryRun: true, matched: 3, outcomes: { done: 0 } });
    expect(report.run).toBeUndefined();
    expect(stage.log).toEqual(['plan', 'plan']);
    expect(stage.memory.dump()).toBe(before);
  });

  it('acts on no more than the limit, and says how many more matched', async () => {
    const stage = await openStage();
    stage.seed(12);
    const report = await stage.act({ limit: 7 });
    expect(report).toMatchObject({ complete: true, matched: 12, limit: 7, more: 5, outcomes: { done: 7 } });
    expect(count(stage.states(), 'waiting')).toBe(7);
  });

  it('refuses more than --max before anything is locked, and an empty selection always', async () => {
    const stage = await openStage();
    stage.seed(3);
    await expect(stage.act({ pace: { max: 2 } })).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    expect(stage.log).toEqual(['plan']);
    await expect(stage.act({ more: { ids: [] } })).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    await expect(stage.act({ states: [] })).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    expect(await stage.act({ pace: { max: 3 } })).toMatchObject({ outcomes: { done: 3 } });
  });

  it('leaves alone what dies while it goes on', async () => {
    const stage = await openStage();
    stage.seed(6);
    let late: string[] = [];
    stage.adapter = aroundApply(stage.memory, (apply, number) => async (jobs) => {
      if (number === 1)
        late = stage.memory.seed([{ queue: 'email', state: 'dead', since: '2999-01-01T00:00:00.000000Z' }]);
      return await apply(jobs);
    });
    expect(await stage.act()).toMatchObject({ complete: true, matched: 6, outcomes: { done: 6, skipped: 0 } });
    expect(stage.states()[late[0] ?? '']).toBe('dead');
  });

  it('asks each claimed job again: what the backend does not decide, and what moved on', async () => {
    const stage = await openStage();
    const ids = stage.seed(6);
    stage.seed(2, { tenant: 'acme' });
    const report = await stage.act({ verb: 'purge', action: remove, more: { tenant: 'acme' } });
    expect(report).toMatchObject({ matched: 2, outcomes: { done: 2 } });
    stage.adapter = aroundApply(stage.memory, (apply, _, claim) => async (jobs) => {
      const first = claim.jobs[0]?.job;
      if (first?.id === ids[0]) stage.memory.take({ queue: 'email', id: ids[0] ?? '' });
      return await apply(jobs);
    });
    const second = await stage.act();
    expect(second).toMatchObject({ complete: true, outcomes: { done: 5, skipped: 1 } });
    expect(second.skipped).toEqual([{ id: ids[0], why: 'not-found' }]);
  });

  it('counts each named job once, whether it fits, moved on or never was', async () => {
    const stage = await openStage();
    const [dead = ''] = stage.seed(1);
    const [waiting = ''] = stage.seed(1, { state: 'waiting' });
    const report = await stage.act({ more: { ids: [dead, waiting, '999'] } });
    expect(report.outcomes).toEqual({ done: 1, skipped: 2, failed: 0, unknown: 0 });
    expect(report.complete).toBe(false);
    expect(report.skipped).toEqual([
      { id: waiting, why: 'waiting, not dead' },
      { id: '999', why: 'not-found' },
    ]);
  });

  it('a job whose twin waits is left and makes the run partial', async () => {
    const stage = await openStage();
    stage.seed(1, { state: 'waiting', key: 'k' });
    const [twin] = stage.seed(1, { key: 'k' });
    stage.seed(2);
    const report = await stage.act();
    expect(report).toMatchObject({
      complete: false,
      outcomes: { done: 2, skipped: 1 },
      skipped: [{ id: twin, why: 'duplicate' }],
    });
    expect(report.stopped).toBeUndefined();
  });

  it('says so when others hold jobs of the plan', async () => {
    const stage = await openStage();
    stage.seed(4);
    const other = stage.memory.can.replay;
    if (other.level === 'none') throw new Error(other.why);
    const request = { selection: { queues: ['email'], states: ['dead' as const] }, action: remove, size: 1 };
    const held = other.ops.claim(request)[Symbol.asyncIterator]();
    await held.next();
    const report = await stage.act();
    expect(report).toMatchObject({ complete: false, outcomes: { done: 3, skipped: 0 } });
    expect(report.stopped).toMatch(/1 jobs? that match/);
  });
});

describe('a write that meets trouble', () => {
  it('goes on after failed jobs, but not after a whole batch of them', async () => {
    const stage = await openStage();
    stage.seed(15);
    const failing = (from: number) =>
      aroundApply(stage.memory, (apply, number) => async (jobs) => {
        if (number < from) {
          const [first, ...others] = jobs;
          const outcomes = await apply(others);
          return first === undefined ? outcomes : [{ ref: first.job, result: 'failed', why: 'no room' }, ...outcomes];
        }
        return jobs.map(({ job }) => ({ ref: job, result: 'failed', why: 'no room' }));
      });
    stage.adapter = failing(2);
    const report = await stage.act();
    expect(report).toMatchObject({ complete: false, outcomes: { done: 4, failed: 6 } });
    expect(report.stopped).toBe('a whole batch failed: no room');
    expect(report.next[0]).toBe(`jobctl run resume ${report.run}`);
    stage.adapter = stage.memory;
    const again = await stage.resume(report.run ?? '');
    expect(again).toMatchObject({ complete: true, outcomes: { done: 15, failed: 0, skipped: 0 } });
  });

  it.each([true, false])('stops at an answer that never came, and settles it on resume (sent: %s)', async (sent) => {
    const stage = await openStage();
    stage.seed(12);
    stage.adapter = unanswered(stage.memory, 2, sent);
    const report = await stage.act();
    expect(report).toMatchObject({
      complete: false,
      outcomes: { done: 5, unknown: 5 },
      stopped: 'the connection was lost',
    });
    expect(count(stage.states(), 'waiting')).toBe(sent ? 10 : 5);
    await expect(stage.undo(report.run ?? '')).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    stage.adapter = stage.memory;
    const again = await stage.resume(report.run ?? '');
    expect(again).toMatchObject({ complete: true, outcomes: { done: 12, skipped: 0, failed: 0, unknown: 0 } });
    expect(count(stage.states(), 'waiting')).toBe(12);
  });

  it('counts what was done even when its journal takes no more, and settles it on resume', async () => {
    const stage = await openStage();
    stage.seed(7);
    stage.around = (run) =>
      around(run, {
        journal: async (entry) => {
          if (entry.at === 'outcome' || entry.at === 'end') throw new Error('the disk is full');
          await run.journal(entry);
        },
      });
    const report = await stage.act();
    expect(report).toMatchObject({ complete: false, stopped: 'the disk is full', outcomes: { done: 5, unknown: 0 } });
    expect(count(stage.states(), 'waiting')).toBe(5);
    stage.around = (run) => run;
    expect(await stage.resume(report.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 7, skipped: 0 } });
  });

  it('applies nothing that could not be saved', async () => {
    const stage = await openStage();
    stage.seed(12);
    let saves = 0;
    stage.around = (run) =>
      around(run, {
        save: async (jobs) => {
          saves += 1;
          if (saves > 1) throw new Error('the disk is full');
          return await run.save(jobs);
        },
      });
    const report = await stage.act({ verb: 'purge', action: remove });
    expect(report).toMatchObject({ complete: false, stopped: 'the disk is full', outcomes: { done: 5 } });
    expect(count(stage.states(), 'dead')).toBe(7);
    saves = 1;
    await expect(stage.act({ verb: 'purge', action: remove })).rejects.toThrow('the disk is full');
    expect(count(stage.states(), 'dead')).toBe(7);
    stage.around = (run) => run;
    expect(await stage.resume(report.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 12, skipped: 0 } });
  });

  it('stops after the batch in flight when it is asked to', async () => {
    const stage = await openStage();
    stage.seed(12);
    const stop = new AbortController();
    stage.adapter = aroundApply(stage.memory, (apply) => async (jobs) => {
      stop.abort();
      return await apply(jobs);
    });
    const report = await stage.act({ pace: { signal: stop.signal } });
    expect(report).toMatchObject({ complete: false, stopped: 'stopped on request', outcomes: { done: 5 } });
    expect(report.next[0]).toBe(`jobctl run resume ${report.run}`);
    expect(await stage.resume(report.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 12 } });
  });

  it('writes nothing more once its lock is lost', async () => {
    const stage = await openStage();
    stage.seed(12);
    stage.adapter = aroundApply(stage.memory, (apply, number) => async (jobs) => {
      const outcomes = await apply(jobs);
      if (number === 1) stage.memory.breakLock('email');
      return outcomes;
    });
    const report = await stage.act();
    expect(report).toMatchObject({ complete: false, outcomes: { done: 5, unknown: 0 } });
    expect(count(stage.states(), 'dead')).toBe(7);
  });

  it('is kept out by the lock of another run, and leaves no run behind', async () => {
    const stage = await openStage();
    stage.seed(2);
    const { lock } = stage.memory.can;
    if (lock.level === 'none') throw new Error(lock.why);
    await lock.ops.acquire({ queues: ['email'], holder: 'ada', waitMs: 0 });
    await expect(stage.act()).rejects.toMatchObject({ code: 'JOBCTL_LOCKED', message: expect.stringContaining('ada') });
    expect(count(stage.states(), 'dead')).toBe(2);
  });
});
