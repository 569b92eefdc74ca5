import { createPostgresBackend, Queue } from 'bullmq';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { createDatabase } from '../../setup/databases.ts';

it("the tables of BullMQ's own backend are recognised, and are told what can be done with them", async () => {
  const database = await createDatabase('bullmq');
  onTestFinished(() => database.drop());
  const connection = { connectionString: database.url, migrate: true };
  const queue = new Queue('mail', { connection: connection as never }, createPostgresBackend as never);
  await queue.add('welcome', { n: 1 });
  await queue.close();
  await expect(openPostgres({ url: database.url, where: 'postgres://there/jobs' })).rejects.toMatchObject({
    code: 'JOBCTL_UNSUPPORTED',
    message: expect.stringMatching(/tables of bullmq \(schema bullmq\)/),
    next: [expect.stringMatching(/job\.retry/), expect.stringMatching(/"bullmq"\.job GROUP BY/)],
  });
  const client = new pg.Client(database.url);
  await client.connect();
  const { rows } = await client.query('SELECT queue, state, count(*)::int FROM "bullmq".job GROUP BY 1, 2');
  await client.end();
  expect(rows).toEqual([{ queue: 'mail', state: 'waiting', count: 1 }]);
});
