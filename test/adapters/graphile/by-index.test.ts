import { describe, expect, it } from 'vitest';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { browseAll, inState } from '../../../src/testkit/act.ts';
import { graphileVersions } from '../../setup/graphile.ts';
import { openAs, scene } from './scene.ts';

/** Every state in three tasks, with two lanes of which one is held; in a fourth what runs first is not what was due first. */
const busy = `
  INSERT INTO _private_tasks (identifier) SELECT 't' || n FROM generate_series(0, 3) n;
  INSERT INTO _private_job_queues (queue_name, locked_at) VALUES ('held', now()), ('free', NULL);
  INSERT INTO _private_jobs (task_id, payload, attempts, max_attempts, run_at, created_at, locked_at, locked_by, job_queue_id, priority)
    SELECT (SELECT id FROM _private_tasks WHERE identifier = 't' || n % 3), '{}', CASE WHEN n % 7 = 0 THEN 25 ELSE 0 END, 25,
           now() + (n % 11 - 8) * interval '1 hour', now() - (n % 13) * interval '1 hour' - interval '10 s', CASE WHEN n % 17 = 0 THEN now() - n * interval '1 s' END,
           CASE WHEN n % 17 = 0 THEN 'w' END, (SELECT id FROM _private_job_queues WHERE queue_name = (ARRAY['held', 'free'])[n % 5]), n % 3
      FROM generate_series(1, 2000) n;
  INSERT INTO _private_jobs (task_id, payload, run_at, created_at, job_queue_id)
    SELECT (SELECT id FROM _private_tasks WHERE identifier = 't3'), '{}', now() - run * interval '1 hour', now() - added * interval '1 hour', (SELECT id FROM _private_job_queues WHERE queue_name = lane)
      FROM (VALUES (20, 20, 'held'), (10, 1, NULL), (3, 4, NULL)) late (run, added, lane);`;

/** The same told row by row, by the conditions that the library's own functions have. */
const plain = `
  SELECT identifier AS queue, state, count(*)::int AS count, extract(epoch FROM now() - min(since))::float8 AS age
    FROM (SELECT t.identifier, CASE WHEN j.locked_at IS NOT NULL THEN 'active' WHEN j.attempts >= j.max_attempts THEN 'dead' WHEN j.run_at > now() THEN 'delayed'
                                    WHEN q.locked_at IS NOT NULL THEN 'blocked' ELSE 'waiting' END AS state,
                 coalesce(j.locked_at, greatest(j.run_at, j.created_at)) AS since
            FROM _private_jobs j JOIN _private_tasks t ON t.id = j.task_id LEFT JOIN _private_job_queues q ON q.id = j.job_queue_id) s
   GROUP BY 1, 2`;

interface Told {
  readonly queue: string;
  readonly state: string;
  readonly count: number;
  readonly age: number;
}

async function told(adapter: QueueAdapter, queues?: readonly string[]): Promise<unknown[]> {
  return (await adapter.stats({ queues })).flatMap(({ queue, counts, oldestWaitingSeconds, oldestActiveSeconds }) =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([state, count]) => {
        const age = { waiting: oldestWaitingSeconds, active: oldestActiveSeconds }[state];
        return `${queue} ${state} ${count} ${minutes(age)}`;
      }),
  );
}

const minutes = (seconds: number | undefined): string =>
  seconds === undefined ? '' : String(Math.round(seconds / 60));

describe.each(graphileVersions)('graphile-worker %s: counts by the indexes that schema check advises', (version) => {
  it('are those of reading all rows', async () => {
    const { database, adapter } = await scene(version);
    await database.pool.query(busy);
    const { rows } = await database.pool.query<Told>(plain);
    const aged = ['waiting', 'active'];
    const expected = rows
      .map(
        ({ queue, state, count, age }) =>
          `${queue} ${state} ${count} ${minutes(aged.includes(state) ? age : undefined)}`,
      )
      .sort();
    expect(expected).toHaveLength(17);
    expect((await told(adapter)).sort(), 'in one pass').toEqual(expected);
    await database.pool.query(
      `CREATE INDEX ON _private_jobs (task_id, run_at) WHERE is_available = true;
       CREATE INDEX ON _private_jobs (id) INCLUDE (task_id, locked_at) WHERE is_available = false;`,
    );
    // what was committed lately is only seen through once its log is written
    for (const sql of ['CHECKPOINT', 'VACUUM ANALYZE _private_jobs']) await database.pool.query(sql);
    const indexed = await openAs(database);
    expect((await told(indexed)).sort(), 'by index').toEqual(expected);
    expect((await told(indexed, ['t1'])).sort(), 'of one task').toEqual(expected.filter((one) => one.startsWith('t1')));
    const dead = await browseAll(indexed, inState('t1', 'dead'));
    expect(`t1 dead ${dead.length} `).toBe(expected.find((one) => one.startsWith('t1 dead')));
  });
});
