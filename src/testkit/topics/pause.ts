import { expect } from 'vitest';
import { nth, somethingSaid } from '../act.ts';
import { opsOf, type Topic } from '../topic.ts';

const QUEUE = 'email';

export const pause: Topic = {
  name: 'pause',
  checks: {
    'keeps workers from taking jobs until it is resumed, and says so': async (bench) => {
      const ops = opsOf(bench, 'pause');
      const ids = await bench.seed(QUEUE, [{ state: 'waiting' }]);
      expect(await ops.look(QUEUE)).toMatchObject({ paused: false, means: [somethingSaid] });
      const { found } = await ops.look(QUEUE);
      expect((await ops.pause(QUEUE)).paused).toBe(true);
      expect((await ops.look(QUEUE)).paused).toBe(true);
      // to know it may cost calls to other services: then stats say nothing, and never the opposite
      const said = (await bench.adapter.stats({ queues: [QUEUE] }))[0]?.paused;
      if (bench.adapter.can.pause?.level === 'native') expect(said).toBe(true);
      else expect(said).not.toBe(false);
      expect(await bench.work(QUEUE, 'completes')).toBeUndefined();
      expect((await ops.resume(QUEUE, found)).paused).toBe(false);
      expect((await bench.adapter.stats({ queues: [QUEUE] }))[0]?.paused).not.toBe(true);
      expect(await bench.work(QUEUE, 'completes')).toBe(nth(ids, 0));
    },
    'touches no other queue': async (bench) => {
      const ops = opsOf(bench, 'pause');
      await bench.seed(QUEUE, [{ state: 'waiting' }]);
      const ids = await bench.seed('reports', [{ state: 'waiting' }]);
      await ops.pause(QUEUE);
      expect((await ops.look('reports')).paused).toBe(false);
      expect(await bench.work('reports', 'completes')).toBe(nth(ids, 0));
      await ops.resume(QUEUE);
    },
    'does nothing twice, and resumes also without knowing what was found': async (bench) => {
      const ops = opsOf(bench, 'pause');
      await bench.seed(QUEUE, [{ state: 'waiting' }]);
      await ops.pause(QUEUE);
      expect((await ops.pause(QUEUE)).paused).toBe(true);
      expect((await ops.resume(QUEUE)).paused).toBe(false);
      expect((await ops.resume(QUEUE)).paused).toBe(false);
    },
  },
};
