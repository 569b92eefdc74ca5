import { expect, it } from 'vitest';
import { place } from './place.ts';

it('pg-boss 12 tells of the instances that registered themselves: who is alive, who fell silent, not who has ended', async () => {
  const at = await place('12', { registerInstance: true, instanceName: 'mailer' });
  const beats = { heartbeat_seconds: 30, supervise: true, schedule: true, migrate: false, persist_queue_stats: false };
  const others = [
    { host: 'crashed', pid: 7, heartbeat_on: `now() - interval '91 s'`, stopped_on: 'NULL', active: 2 },
    { host: 'stopped', pid: 8, heartbeat_on: `now() - interval '91 s'`, stopped_on: 'now()', active: 0 },
  ];
  for (const { host, pid, heartbeat_on, stopped_on, active } of others)
    await at.database.pool.query(
      `INSERT INTO instance (id, host, pid, version, node_version, ${Object.keys(beats).join(', ')}, persist_warnings, workers, heartbeat_on, stopped_on)
       VALUES (gen_random_uuid(), $1, $2, '12', '24', ${Object.values(beats).join(', ')}, false, $3, ${heartbeat_on}, ${stopped_on})`,
      [host, pid, JSON.stringify([{ active }, { active: 1 }])],
    );
  const workers = await at.adapter.workers?.();
  expect(workers).toEqual([
    { id: expect.stringMatching(/^crashed\/7\/\w{8}$/), seenAt: expect.any(String), silent: true, active: 3 },
    { id: expect.stringMatching(/^mailer\/\d+\/\w{8}$/), seenAt: expect.any(String), silent: false, active: 0 },
  ]);
});

it.each(['9', '10', '11'] as const)(
  'pg-boss %s keeps no register of its workers, and none is made up',
  async (version) => {
    const { adapter } = await place(version);
    expect(adapter.workers).toBeUndefined();
  },
);
