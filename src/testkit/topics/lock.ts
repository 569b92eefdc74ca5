import { expect } from 'vitest';
import type { Locks } from '../../domain/adapter.ts';
import { inState, replay } from '../act.ts';
import type { Bench } from '../bench.ts';
import { NotHere, opsOf, type Topic } from '../topic.ts';

const both = async (bench: Bench): Promise<[Locks, Locks]> => [
  opsOf(bench, 'lock'),
  opsOf({ adapter: await bench.peer() }, 'lock'),
];

const request = (holder: string, waitMs = 0, ...queues: readonly string[]) => ({
  holder,
  waitMs,
  queues: queues.length > 0 ? queues : ['letters'],
});

const locked = (message: RegExp = /./) =>
  expect.objectContaining({ code: 'JOBCTL_LOCKED', message: expect.stringMatching(message) as string });

export const lock: Topic = {
  name: 'lock',
  checks: {
    'keeps another run out, and tells it who is in': async (bench) => {
      const [ours, theirs] = await both(bench);
      const mine = await ours.acquire(request('run 1 by ada@web-1'));
      await expect(theirs.acquire(request('run 2 by bob@web-2'))).rejects.toThrow(locked(/run 1 by ada@web-1.*since/s));
      await expect(theirs.acquire(request('run 2', 0, 'parcels', 'letters'))).rejects.toThrow(locked());
      expect(mine.lost.aborted).toBe(false);
      await mine.release();
    },
    'keeps out a second run of the same process': async (bench) => {
      const ours = opsOf(bench, 'lock');
      const mine = await ours.acquire(request('run 1'));
      await expect(ours.acquire(request('run 2'))).rejects.toThrow(locked(/run 1/));
      await mine.release();
      await (await ours.acquire(request('run 3'))).release();
    },
    'locks a queue and not its neighbour': async (bench) => {
      const [ours, theirs] = await both(bench);
      const mine = await ours.acquire(request('run 1'));
      await (await theirs.acquire(request('run 2', 0, 'parcels'))).release();
      await mine.release();
    },
    'keeps nothing of a request that was refused': async (bench) => {
      const [ours, theirs] = await both(bench);
      const mine = await ours.acquire(request('run 1', 0, 'letters'));
      await expect(theirs.acquire(request('run 2', 0, 'a-parcels', 'letters', 'parcels'))).rejects.toThrow(locked());
      await (await ours.acquire(request('run 3', 0, 'a-parcels', 'parcels'))).release();
      await mine.release();
    },
    'waits as long as it was told, and no longer': async (bench) => {
      const [ours, theirs] = await both(bench);
      const mine = await ours.acquire(request('run 1'));
      const start = performance.now();
      await expect(theirs.acquire(request('run 2', 200))).rejects.toThrow(locked());
      expect(performance.now() - start).toBeGreaterThan(150);
      expect(performance.now() - start).toBeLessThan(5000);
      await mine.release();
    },
    'gets the lock that becomes free while it waits': async (bench) => {
      const [ours, theirs] = await both(bench);
      const mine = await ours.acquire(request('run 1'));
      let free = false;
      const next = theirs.acquire(request('run 2', 10_000)).then((got) => ({ got, wasFree: free }));
      await new Promise((resolve) => setTimeout(resolve, 50));
      free = true;
      await mine.release();
      const { got, wasFree } = await next;
      expect(wasFree).toBe(true);
      await expect(ours.acquire(request('run 3'))).rejects.toThrow(locked(/run 2/));
      await got.release();
    },
    'may be released twice, without letting go of the next one': async (bench) => {
      const [ours, theirs] = await both(bench);
      const mine = await ours.acquire(request('run 1'));
      await mine.release();
      const next = await theirs.acquire(request('run 2'));
      await mine.release();
      await expect(ours.acquire(request('run 3'))).rejects.toThrow(locked(/run 2/));
      await next.release();
    },
    'is let go when the adapter closes': async (bench) => {
      const other = await bench.peer();
      await opsOf({ adapter: other }, 'lock').acquire(request('run 1'));
      await other.close();
      await (await opsOf(bench, 'lock').acquire(request('run 2', 2000))).release();
    },
    'never deadlocks over several queues, in any order': async (bench) => {
      const [ours, theirs] = await both(bench);
      for (let round = 0; round < 5; round += 1) {
        await Promise.all([
          ours.acquire(request('run 1', 10_000, 'letters', 'parcels')).then((got) => got.release()),
          theirs.acquire(request('run 2', 10_000, 'parcels', 'letters')).then((got) => got.release()),
        ]);
      }
    },
    'refuses writes once the backend took it away': async (bench) => {
      const ours = opsOf(bench, 'lock');
      const replays = opsOf(bench, 'replay');
      if (bench.breakLock === undefined) throw new NotHere('the bench cannot break a lock');
      await bench.seed('letters', [{ state: 'dead' }]);
      const mine = await ours.acquire(request('run 1'));
      await bench.breakLock('letters');
      const before = await bench.dump();
      const write = async () => {
        for await (const claim of replays.claim({
          selection: inState('letters', 'dead'),
          action: replay,
          size: 10,
        })) {
          try {
            await claim.apply(claim.jobs);
          } finally {
            await claim.release();
          }
        }
      };
      await expect(write()).rejects.toThrow(locked());
      expect(mine.lost.aborted).toBe(true);
      expect(await bench.dump()).toBe(before);
      const next = await opsOf({ adapter: await bench.peer() }, 'lock').acquire(request('run 2'));
      await mine.release();
      await expect(ours.acquire(request('run 3'))).rejects.toThrow(locked(/run 2/));
      await next.release();
    },
  },
};
