import { describe, expect, it } from 'vitest';
import { memoryAdapter } from '../../../src/adapters/memory/index.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import { earlier } from '../../../src/domain/instant.ts';

const noon = '2026-01-01T12:00:00.000000Z';

/** A backend whose clock stands until the test moves it. */
function at(start = noon) {
  let now = start;
  const adapter = memoryAdapter({ clock: () => now });
  return { adapter, pass: (seconds: number) => (now = earlier(now, -seconds)) };
}

describe('the worker of the memory backend', () => {
  it('takes the highest priority first, then the oldest', () => {
    const { adapter } = at();
    const [low, first, second] = adapter.seed([
      { queue: 'q', priority: 1 },
      { queue: 'q', priority: 5 },
      { queue: 'q', priority: 5 },
    ]);
    const worker = adapter.worker();
    expect([worker.take('q')?.id, worker.take('q')?.id, worker.take('q')?.id, worker.take('q')]).toEqual([
      first,
      second,
      low,
      undefined,
    ]);
  });

  it('retries until no attempt is left, waiting in between', async () => {
    const { adapter, pass } = at();
    const [id = ''] = adapter.seed([{ queue: 'q', maxAttempts: 2 }]);
    const worker = adapter.worker();
    const fail = () => worker.fail(worker.take('q') ?? { queue: 'q', id: 'none' }, { message: 'no' });
    expect(fail()).toBe(true);
    expect((await adapter.find(id))?.job).toMatchObject({ state: 'delayed', retrying: true, attempts: 1 });
    expect(fail()).toBe(false);
    pass(61);
    expect((await adapter.find(id))?.job).toMatchObject({ state: 'waiting', retrying: true });
    expect(fail()).toBe(true);
    expect((await adapter.find(id))?.job).toMatchObject({
      state: 'dead',
      retrying: false,
      attempts: 2,
      error: { message: 'no' },
    });
  });

  it('leaves a proof behind when it crashes, and none while it lives', async () => {
    const { adapter, pass } = at();
    const [id = ''] = adapter.seed([{ queue: 'q' }, { queue: 'q' }]);
    const worker = adapter.worker('worker-7');
    const job = worker.take('q');
    expect((await adapter.find(id))?.job.stuck).toBeUndefined();
    worker.crash(job ?? { queue: 'q', id });
    expect((await adapter.find(id))?.job.stuck).toContain('worker-7');
    expect(adapter.worker('worker-8').finish({ queue: 'q', id })).toBe(false);
    const other = adapter.worker('worker-8').take('q');
    pass(31);
    expect((await adapter.find(other?.id ?? ''))?.job.stuck).toContain('worker-8');
  });

  it('ends as cancelled the job it was asked to stop', async () => {
    const { adapter } = at();
    const [id = ''] = adapter.seed([{ queue: 'q' }]);
    const worker = adapter.worker();
    worker.take('q');
    const ops = requireOps('memory', 'cancel', adapter.can.cancel);
    for await (const claim of ops.claim({
      selection: { queues: ['q'], states: ['active'] },
      action: { verb: 'cancel' },
      size: 1,
    })) {
      await claim.apply(claim.jobs);
      await claim.release();
    }
    expect(worker.finish({ queue: 'q', id })).toBe(true);
    expect((await adapter.find(id))?.job.state).toBe('cancelled');
  });
});

describe('the memory backend', () => {
  it('resets by age alone only where the proof was given up and an age is named', async () => {
    const { adapter, pass } = at();
    adapter.seed([{ queue: 'q', state: 'active' }]);
    pass(3600);
    const ops = requireOps('memory', 'reset', adapter.can.reset);
    const reset = async (more: object) => {
      const results: string[] = [];
      for await (const claim of ops.claim({
        selection: { queues: ['q'], states: ['active'], ...more },
        action: { verb: 'reset' },
        size: 1,
      })) {
        results.push(...(await claim.apply(claim.jobs)).map(({ result }) => result));
        await claim.release();
      }
      return results;
    };
    expect(await reset({})).toEqual(['skipped']);
    expect(await reset({ stuck: true, before: noon })).toEqual(['skipped']);
    expect(await reset({ before: noon })).toEqual(['done']);
  });

  it('skips what another process wrote past the hold', async () => {
    const { adapter } = at();
    adapter.seed([
      { queue: 'q', state: 'dead' },
      { queue: 'q', state: 'dead' },
    ]);
    const ops = requireOps('memory', 'remove', adapter.can.remove);
    for await (const claim of ops.claim({
      selection: { queues: ['q'], states: ['dead'] },
      action: { verb: 'remove' },
      size: 2,
    })) {
      const [changed, gone] = claim.jobs.map(({ job }) => adapter.store.get(job)?.job);
      if (changed) adapter.put({ ...changed, attempts: 9 });
      if (gone) adapter.take(gone);
      const outcomes = await claim.apply(claim.jobs);
      expect(outcomes.map((one) => (one.result === 'skipped' ? one.why : one.result))).toEqual([
        'state-changed',
        'not-found',
      ]);
      await claim.release();
    }
  });

  it('keeps the order of arrival, whatever is written later', () => {
    const { adapter } = at();
    const ids = adapter.seed([{ queue: 'q' }, { queue: 'q' }]);
    const job = adapter.take({ queue: 'q', id: ids[0] ?? '' });
    if (job) adapter.put(job);
    expect(adapter.store.entries().map((entry) => entry.job.id)).toEqual(ids);
  });

  it('keeps a job that is held from its own worker', async () => {
    const { adapter } = at();
    const [id = ''] = adapter.seed([{ queue: 'q' }]);
    const worker = adapter.worker();
    worker.take('q');
    const ops = requireOps('memory', 'reset', adapter.can.reset);
    for await (const claim of ops.claim({
      selection: { queues: ['q'], states: ['active'] },
      action: { verb: 'reset' },
      size: 1,
    })) {
      expect(worker.finish({ queue: 'q', id })).toBe(false);
      await claim.release();
    }
    expect(worker.finish({ queue: 'q', id })).toBe(true);
  });

  it('shows the same jobs to every adapter on one store', async () => {
    const { adapter } = at();
    const peer = memoryAdapter({ store: adapter.store, jobs: [{ queue: 'q', id: 'x' }] });
    expect((await adapter.find('x'))?.job).toEqual((await peer.find('x'))?.job);
    await peer.close();
    expect((await adapter.find('x'))?.job.id).toBe('x');
  });
});
