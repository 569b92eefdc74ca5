import { expect, it } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import type { TablesMapping } from '../../../src/adapters/postgres/own-tables/mapping.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import { act, inState, putBack, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { openShop, type Shop } from './shop.ts';

const tables: TablesMapping = {
  preset: 'prisma',
  table: 'tasks',
  write: true,
  queueName: 'q',
  columns: { type: 'kind', payload: 'body' },
};

/** Two failed jobs whose ids the database makes, seen by a role that has rights on the table alone. */
async function scene(work: (shop: Shop, url: string, role: string) => Promise<void>): Promise<void> {
  const shop = await openShop(
    `DROP TABLE "DeadLetterJob", "WorkerHeartbeat"; CREATE TABLE tasks (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, status text NOT NULL, body jsonb);
     INSERT INTO tasks (kind, status, body) VALUES ('mail', 'failed', '{}'), ('mail', 'failed', '{}');`,
  );
  const role = `counts_${process.pid}`;
  await shop.pool.query(`CREATE ROLE ${role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO ${role}`);
  try {
    await work(shop, shop.url.replace('postgres@', `${role}@`), role);
  } finally {
    await shop.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
}

it('jobs come back under their ids also where the role has no right on the sequence, and the plan warns', async () => {
  await scene(async (shop, url) => {
    const adapter = await openPostgres({ url, where: 'postgres://there', tables });
    try {
      const before = await shop.rows('SELECT * FROM tasks ORDER BY id');
      const { saved } = await act(opsOf({ adapter }, 'remove'), inState('q', 'dead'), { verb: 'remove' });
      expect(await shop.rows('SELECT * FROM tasks')).toEqual([]);
      const back = await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
      expect(told(back.outcomes)).toEqual(['1: done', '2: done']);
      expect(await shop.rows('SELECT * FROM tasks ORDER BY id')).toEqual(before);
      expect(await adapter.lacksRight?.('restore')).toBeUndefined();
      expect(await adapter.lacksBeside?.('restore')).toMatch(
        /cannot read public\.tasks_id_seq: .* GRANT USAGE ON SEQUENCE public\.tasks_id_seq/,
      );
      expect(await adapter.lacksBeside?.('replay')).toBeUndefined();
    } finally {
      await adapter.close();
    }
  });
});

it('schema check names the sequence, and with its grants one that lies behind is raised', async () => {
  await scene(async (shop, url) => {
    const admin = openSchemaAdmin({ url, where: 'postgres://there', tables });
    const adapter = await openPostgres({ url, where: 'postgres://there', tables });
    try {
      const lacks = async () =>
        (await admin.check({ writes: true })).findings.filter(({ level }) => level === 'warning');
      const [lack] = await lacks();
      expect(lack?.text).toMatch(
        /cannot raise the next id behind restored jobs: it lacks USAGE on tasks_id_seq, UPDATE on tasks_id_seq/,
      );
      await shop.pool.query(lack?.next ?? '');
      expect(await lacks()).toEqual([]);
      const { saved } = await act(opsOf({ adapter }, 'remove'), inState('q', 'dead'), { verb: 'remove' });
      await shop.pool.query('ALTER TABLE tasks ALTER id RESTART WITH 1');
      await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
      expect(await shop.rows(`INSERT INTO tasks (kind, status) VALUES ('mail', 'pending') RETURNING id::int`)).toEqual([
        { id: 3 },
      ]);
      expect(await adapter.lacksBeside?.('restore')).toBeUndefined();
    } finally {
      await adapter.close();
      await admin.close();
    }
  });
});
