import { expect, it } from 'vitest';
import { opsOf } from '../../../src/testkit/topic.ts';
import { addJob, graphileVersions, makeDead, takeOne } from '../../setup/graphile.ts';
import { scene } from './scene.ts';

it.each(graphileVersions)(
  '%s: a job that is there keeps its key and stays as it is, whatever its state',
  async (version) => {
    const { database, adapter, row } = await scene(version);
    await addJob(database, 'email', { key: 'runs', payload: '{"n":1}' });
    const running = await takeOne(database, 'email', 'worker-1');
    await makeDead(database, 'email', [{ key: 'dead', payload: '{"n":2}' }]);
    await addJob(database, 'email', { key: 'waits', payload: '{"n":3}' });
    const rows = 'SELECT array_agg(j::text ORDER BY id) FROM _private_jobs j';
    const before = await row(rows);
    const answers = await opsOf({ adapter }, 'enqueue').enqueue(
      'email',
      ['runs', 'dead', 'waits'].map((key) => ({ type: 'email', payload: '{"n":9}', key })),
    );
    expect(answers).toMatchObject([
      { result: 'duplicate', ref: { id: running }, why: expect.stringContaining('(running)') },
      { result: 'duplicate', why: expect.stringContaining('(dead: replay it, or remove it)') },
      { result: 'duplicate' },
    ]);
    expect(await row(rows)).toEqual(before);
  },
);
