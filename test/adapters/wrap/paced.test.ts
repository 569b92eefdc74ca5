import { describe, expect, it } from 'vitest';
import { memoryAdapter } from '../../../src/adapters/memory/index.ts';
import { paced } from '../../../src/adapters/wrap/paced.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import type { Claims } from '../../../src/domain/claim.ts';

const request = {
  selection: { queues: ['letters'], states: ['dead'] },
  action: { verb: 'replay', keepAttempts: false },
  size: 500,
} as const;

/** A clock that only sleeping moves. */
function stopwatch() {
  let ms = 0;
  return {
    now: () => ms,
    sleep: async (wait: number) => {
      ms += wait;
    },
  };
}

const memory = (jobs: number) =>
  memoryAdapter({ jobs: Array.from({ length: jobs }, () => ({ queue: 'letters', state: 'dead' as const })) });

const replays = (adapter: QueueAdapter): Claims => requireOps('memory', 'replay', adapter.can.replay);

async function run(adapter: QueueAdapter, applied: (jobs: number) => void = () => {}): Promise<void> {
  for await (const claim of replays(adapter).claim(request)) {
    await claim.apply(claim.jobs);
    await claim.release();
    applied(claim.jobs.length);
  }
}

describe('paced', () => {
  it.each([1, 3, 8, 100])('never writes more than %i jobs a second, and not much less', async (perSecond) => {
    const watch = stopwatch();
    const writes: { at: number; jobs: number }[] = [];
    await run(paced(memory(200), { perSecond, ...watch }), (jobs) => writes.push({ at: watch.now(), jobs }));
    expect(writes.reduce((sum, { jobs }) => sum + jobs, 0)).toBe(200);
    let before = 0;
    for (const { at, jobs } of writes) {
      expect(before).toBeLessThanOrEqual((at / 1000) * perSecond + 1e-6);
      expect(jobs).toBeLessThanOrEqual(Math.max(1, perSecond / 4));
      before += jobs;
    }
    expect(watch.now()).toBeCloseTo((200 / perSecond) * 1000, -3);
  });

  it('keeps the pace over several claims of one run', async () => {
    const watch = stopwatch();
    const backend = memory(10);
    const adapter = paced(backend, { perSecond: 10, ...watch });
    await run(adapter);
    backend.seed(Array.from({ length: 10 }, () => ({ queue: 'letters', state: 'dead' as const })));
    await run(adapter);
    expect(watch.now()).toBeGreaterThanOrEqual(1800);
  });

  it('keeps the pace for a run that left its first claims early', async () => {
    const watch = stopwatch();
    const adapter = paced(memory(10), { perSecond: 1, ...watch });
    for await (const claim of replays(adapter).claim(request)) {
      await claim.apply(claim.jobs);
      await claim.release();
      break;
    }
    await run(adapter, () => expect(watch.now()).toBeGreaterThanOrEqual(1000));
  });

  it('does not slow down what is claimed and not written', async () => {
    const watch = stopwatch();
    for await (const claim of replays(paced(memory(100), { perSecond: 1, ...watch })).claim(request))
      await claim.release();
    expect(watch.now()).toBe(0);
  });

  it('holds nothing while it sleeps', async () => {
    const watch = stopwatch();
    const backend = memory(5);
    const heldAsleep: number[] = [];
    const sleep = async (ms: number) => {
      heldAsleep.push(backend.store.held.size);
      await watch.sleep(ms);
    };
    await run(paced(backend, { perSecond: 1, now: watch.now, sleep }));
    expect(new Set(heldAsleep)).toEqual(new Set([0]));
  });

  it('wakes when the run is cancelled, and claims no more', async () => {
    const cancel = new AbortController();
    let written = 0;
    const sleep = (_: number, signal?: AbortSignal) =>
      new Promise<void>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
    const running = run(paced(memory(5), { perSecond: 1, sleep, signal: cancel.signal }), (jobs) => {
      written += jobs;
      setTimeout(() => cancel.abort(), 5);
    });
    await running;
    expect(written).toBe(1);
  });
});
