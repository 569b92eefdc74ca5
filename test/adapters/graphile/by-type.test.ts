import { expect, it } from 'vitest';
import { addJob, graphileVersions, makeDead } from '../../setup/graphile.ts';
import { scene } from './scene.ts';

it.each(graphileVersions)(
  'graphile-worker %s: by type, each queue is of one, the name that --type goes by',
  async (version) => {
    const { database, adapter } = await scene(version);
    await makeDead(database, 'mail', [{}]);
    await addJob(database, 'mail', { lane: 'eu' });
    await addJob(database, 'fax');
    await database.pool.query(`INSERT INTO _private_tasks (identifier) VALUES ('idle')`);
    const stats = await adapter.stats({ by: 'type' });
    expect(
      stats.map(({ queue, by }) => [queue, by?.map(({ key, counts }) => [key, counts.waiting, counts.dead])]),
    ).toEqual([
      ['fax', [['fax', 1, 0]]],
      ['idle', []],
      ['mail', [['mail', 1, 1]]],
    ]);
    expect((await adapter.stats({})).map(({ by }) => by)).toEqual([undefined, undefined, undefined]);
  },
);
