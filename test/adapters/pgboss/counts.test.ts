import { describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import type { QueueStats } from '../../../src/domain/stats.ts';
import { createPgBoss, createQueue, type PgBossDatabase, type PgBossVersion } from '../../setup/pgboss.ts';

/** Every state in two queues and in the dead-letter queue of one, over two days. */
const busy = (columns: readonly string[]): string => `
  INSERT INTO job (name, state, start_after, created_on, started_on, completed_on${columns.includes('blocked') ? ', blocked' : ''})
    SELECT (ARRAY['mail', 'media', 'letters'])[1 + n % 3], s, now() + (n % 5 - 3) * interval '1 hour', now() - n * interval '1 minute',
           CASE WHEN s >= 'active' THEN now() - n * interval '1 minute' END, CASE WHEN s > 'active' THEN now() - n * interval '1 minute' + interval '30 s' END
           ${columns.includes('blocked') ? `, s = 'created' AND n % 4 = 0` : ''}
      FROM generate_series(1, 3000) n, LATERAL (SELECT (enum_range(NULL::job_state))[1 + n / 3 % 6] AS s) k`;

/** The same told row by row. */
const plain = (columns: readonly string[]): string => `
  SELECT name || ' ' || state AS line, count(*)::int AS count, extract(epoch FROM now() - min(since))::float8 AS age
    FROM (SELECT name, CASE WHEN state::text = 'failed' OR name = 'letters' AND state < 'active' THEN 'dead' WHEN state >= 'active' THEN state::text
                            ${columns.includes('blocked') ? `WHEN blocked THEN 'blocked'` : ''} WHEN start_after > now() THEN 'delayed' ELSE 'waiting' END AS state,
                 CASE WHEN state = 'active' THEN started_on ELSE greatest(created_on, start_after) END AS since FROM job) j
   GROUP BY 1`;

const minutes = (seconds: number | undefined): string =>
  seconds === undefined ? '' : String(Math.round(seconds / 60));

const lines = (stats: readonly QueueStats[]): string[] =>
  stats
    .flatMap(({ queue, counts, oldestWaitingSeconds: waiting, oldestActiveSeconds: active }) =>
      Object.entries(counts)
        .filter(([, count]) => count > 0)
        .map(([state, count]) => `${queue} ${state} ${count} ${minutes({ waiting, active }[state])}`),
    )
    .sort();

async function opened({ url }: PgBossDatabase) {
  const adapter = await openPostgres({ url, where: 'postgres://test' });
  onTestFinished(() => adapter.close());
  return adapter;
}

async function filled(version: PgBossVersion) {
  const database = await createPgBoss(version);
  onTestFinished(() => database.drop());
  await createQueue(database, 'letters');
  await createQueue(database, 'mail', { deadLetter: 'letters' });
  await createQueue(database, 'media');
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'job'::regclass`,
  );
  const columns = rows.map(({ name }) => name);
  await database.pool.query(busy(columns));
  return { database, columns };
}

describe.each(['10', '11', '12'] as const)('pg-boss %s: the counts of stats', (version) => {
  it('are those of each row, whether or not the last VACUUM has seen all, and whatever indexes there are', async () => {
    const { database, columns } = await filled(version);
    const told = await database.pool.query<{ line: string; count: number; age: number }>(plain(columns));
    const expected = told.rows
      .map(({ line, count, age }) => `${line} ${count} ${minutes(/waiting|active/.test(line) ? age : undefined)}`)
      .sort();
    expect(expected.length).toBeGreaterThan(15);
    const before = await (await opened(database)).stats({});
    expect(lines(before), 'never vacuumed').toEqual(expected);
    // what was committed lately is only seen through once its log is written
    for (const sql of ['CHECKPOINT', 'VACUUM ANALYZE job']) await database.pool.query(sql);
    const swept = await (await opened(database)).stats({});
    expect(lines(swept), 'vacuumed').toEqual(expected);
    const one = await (await opened(database)).stats({ queues: ['media'] });
    expect(lines(one), 'of one queue').toEqual(expected.filter((line) => line.startsWith('media')));
    const twice = await (await opened(database)).stats({ queues: ['media', 'media'] });
    expect(twice, 'of one queue that is said twice').toHaveLength(2);
    expect(lines(twice.slice(1))).toEqual(expected.filter((line) => line.startsWith('media')));
    await takeAdvice(database);
    expect(lines(await (await opened(database)).stats({})), 'with the advised indexes').toEqual(expected);
  });

  it('come with rates where what ended lately is found by an index, or the tables are small', async () => {
    const { database } = await filled(version);
    const [letters] = await (await opened(database)).stats({ queues: ['letters'] });
    const { rows } = await database.pool.query(
      `SELECT 3600 AS "windowSeconds", (count(*) FILTER (WHERE state = 'completed'))::int AS completed, (count(*) FILTER (WHERE state = 'failed'))::int AS died,
              (avg(extract(epoch FROM completed_on - started_on)) FILTER (WHERE state = 'completed'))::float8 AS "meanSeconds"
         FROM job WHERE name = 'letters' AND completed_on > now() - interval '1 hour'`,
    );
    expect([letters?.rates]).toEqual(rows);
    expect(letters?.rates?.completed).toBeGreaterThan(0);
  });
});

it('a large table without an index on the end of its jobs tells no rates, until it has that index', async () => {
  const { database } = await filled('11');
  await database.pool.query(
    `INSERT INTO job (name, data) SELECT 'mail', (SELECT to_jsonb(string_agg(md5(n || '-' || m), '')) FROM generate_series(1, 50) m) FROM generate_series(1, 11000) n`,
  );
  const [before] = await (await opened(database)).stats({ queues: ['mail'] });
  expect([before?.counts.waiting !== 0, before?.rates]).toEqual([true, undefined]);
  await takeAdvice(database);
  const [after] = await (await opened(database)).stats({ queues: ['mail'] });
  expect(after?.rates?.windowSeconds).toBe(3600);
});

/** What schema check says of the same tables if they were large. */
async function takeAdvice(database: PgBossDatabase): Promise<void> {
  await database.pool.query(
    `UPDATE pg_class SET reltuples = 1000000 WHERE oid IN (SELECT relid FROM pg_partition_tree('job'::regclass) WHERE isleaf)`,
  );
  const admin = openSchemaAdmin({ url: database.url, where: 'postgres://test' });
  onTestFinished(() => admin.close());
  const { findings } = await admin.check({ writes: false });
  const advised = findings.flatMap(({ level, next }) => (level === 'hint' && next !== undefined ? [next] : []));
  expect(advised.join()).toMatch(/WHERE state <> 'completed'/);
  for (const sql of advised) await database.pool.query(sql);
  const again = await admin.check({ writes: false });
  expect(again.findings.map(({ level }) => level)).toEqual(['ok']);
}
