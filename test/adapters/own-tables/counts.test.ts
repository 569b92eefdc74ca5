import { expect, it } from 'vitest';
import { browseAll, inState } from '../../../src/testkit/act.ts';
import { openShop } from './shop.ts';

/** Jobs and letters by chance: letters of no job, of jobs in any state, several of one, resolved before and after it ended. */
const byChance = (seed: number): string => `SELECT setseed(${seed});
  INSERT INTO "Job" (id, queue, type, payload, status, "updatedAt", started_at, finished_at)
    SELECT 'j' || n, 'q' || (random() * 2)::int, 't', '{}', (ARRAY['failed', 'failed', 'completed', 'pending'])[1 + (random() * 3)::int]::"JobStatus", now(),
           now() - interval '3 h' * random(), now() - interval '3 h' * random() FROM generate_series(1, 120) n;
  INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, resolved, "resolvedAt", "createdAt")
    SELECT 'd' || n, 'j' || (random() * 150)::int, 't', '{}', 'x', random() < 0.3, now() - interval '3 h' * random(), now() - interval '3 h' * random()
      FROM generate_series(1, 150) n;`;

it.each([0.1, 0.3, 0.5, 0.7])(
  'counts the dead that the lists show, and those that died within the hour: seed %d',
  async (seed) => {
    const shop = await openShop(byChance(seed));
    for (const index of ['', 'CREATE INDEX ON "Job" (status, queue); CREATE INDEX ON "Job" (finished_at)']) {
      await shop.pool.query(index);
      const adapter = await shop.adapter();
      const anHourAgo = Date.parse(await adapter.now()) - 3_600_000;
      const stats = await adapter.stats({});
      expect(stats.map(({ queue }) => queue)).toEqual(['jobs', 'q0', 'q1', 'q2']);
      for (const { queue, counts, rates } of stats) {
        const dead = await browseAll(adapter, inState(queue, 'dead'), { size: 1000 });
        const late = dead.filter(({ since }) => Date.parse(since ?? '') > anHourAgo);
        expect([queue, counts.dead, rates?.died]).toEqual([queue, dead.length, late.length]);
        expect((await adapter.stats({ queues: [queue] }))[0]).toMatchObject({ counts, rates: { died: late.length } });
      }
    }
  },
);
