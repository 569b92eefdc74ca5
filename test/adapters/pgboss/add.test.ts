import { expect, it } from 'vitest';
import { opsOf } from '../../../src/testkit/topic.ts';
import { writtenVersions } from '../../setup/pgboss.ts';
import { place } from './place.ts';

it.each(writtenVersions)(
  '%s: a job takes from its queue what it does not say itself, as send does',
  async (version) => {
    const { database, adapter, boss } = await place(version);
    await boss.createQueue('dead');
    await boss.createQueue('email', { retryLimit: 4, retryDelay: 9, retryBackoff: true, deadLetter: 'dead' });
    const sent = await boss.send('email', { n: 1 });
    const [added] = await opsOf({ adapter }, 'enqueue').enqueue('email', [{ type: 'email', payload: '{"n":1}' }]);
    const { rows } = await database.pool.query<{ id: string }>('SELECT * FROM job ORDER BY created_on');
    const [bySend, byUs] = rows.map((row) => {
      const { id: _, created_on: __, start_after: ___, keep_until: ____, ...rest } = row as Record<string, unknown>;
      return rest;
    });
    expect(rows.map(({ id }) => id)).toEqual([sent, added?.result === 'done' ? added.ref.id : undefined]);
    expect(byUs).toEqual(bySend);
  },
);

it.each(writtenVersions)('%s: what the policy of the queue has no room for is a duplicate', async (version) => {
  const { adapter, boss } = await place(version);
  await boss.createQueue('email', { policy: 'short' });
  const job = { type: 'email', payload: '{}' };
  const answers = await opsOf({ adapter }, 'enqueue').enqueue('email', [job, job]);
  expect(answers.map(({ result }) => result)).toEqual(['done', 'duplicate']);
});

it('a queue that is not there is named', async () => {
  const { adapter } = await place('12');
  await expect(
    opsOf({ adapter }, 'enqueue').enqueue('emial', [{ type: 'emial', payload: '{}' }]),
  ).resolves.toMatchObject([{ result: 'failed', why: expect.stringContaining('pg-boss has no queue emial.') }]);
});
