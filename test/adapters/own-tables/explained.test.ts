import { afterEach, expect, it, vi } from 'vitest';
import type { TablesMapping } from '../../../src/adapters/postgres/own-tables/mapping.ts';
import { Session } from '../../../src/adapters/postgres/session.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { act, browseAll, inState, putBack, replay } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createOwnTables } from '../../conformance/own-tables-bench.ts';
import { crashed, deadLetters, openShop } from './shop.ts';

afterEach(() => void vi.restoreAllMocks());

/** What belongs to every transaction, lock and session, whatever the tables are. */
const ours =
  /^(BEGIN|COMMIT|ROLLBACK|SET|SELECT txid_|SELECT pg_(try_)?advisory|SELECT current_setting|SELECT to_char\(\(clock_)/;

/** Every statement that the work sends to the tables. */
async function sent(work: () => Promise<unknown>): Promise<string[]> {
  const told = new Set<string>();
  const query = Session.prototype.query;
  const spy = vi.spyOn(Session.prototype, 'query').mockImplementation(function (this: Session, sql, params) {
    told.add(sql.replace(/\s+/g, ' ').trim());
    return query.call(this, sql, params) as never;
  });
  await work();
  spy.mockRestore();
  return [...told].filter((sql) => !ours.test(sql));
}

const pause = { table: 'Flag', queue: 'name', paused: 'stopped' };
const notify = { channel: 'jobs', payload: '{queue}' };

async function everything(adapter: QueueAdapter): Promise<void> {
  const ops = <Verb extends keyof QueueAdapter['can']>(verb: Verb) => opsOf({ adapter }, verb);
  const dead = inState('email', 'dead');
  for (const by of [undefined, 'type'] as const) await adapter.stats({ by });
  await adapter.queues();
  await adapter.count(dead);
  for (const selection of [dead, { ...inState('email', 'active'), stuck: true }, { ...dead, resolved: true as const }])
    await browseAll(adapter, selection, { size: 100, order: 'oldest' });
  await adapter.workers?.();
  for (const id of ['j1', 'j2', 'j3', 'nobody']) await adapter.find(id);
  for (const queue of ['email', 'new']) {
    await ops('pause').pause(queue);
    await ops('pause').resume(queue);
  }
  await ops('enqueue').enqueue('email', [{ type: 'x', payload: '{}', key: 'once' }]);
  await act(ops('reset'), { ...inState('email', 'active'), stuck: true }, { verb: 'reset' });
  await act(ops('edit'), dead, { verb: 'edit', payload: '{"to":"bob"}' });
  for (const mine of [dead, { ...dead, resolved: true as const }]) {
    const { saved } = await act(ops('remove'), mine, { verb: 'remove' });
    await putBack(ops('restore'), saved, false, adapter);
  }
  const replayed = await act(ops('replay'), dead, replay);
  await putBack(ops('revert'), replayed.saved, false, adapter, replayed.marks[0]);
  await act(ops('resolve'), dead, { verb: 'resolve', note: 'seen' });
  await act(ops('cancel'), inState('email', 'waiting', 'delayed'), { verb: 'cancel' });
}

it('what is sent to the tables is what config check --explain prints', async () => {
  const shop = await openShop(
    `${crashed} ${deadLetters} CREATE TABLE "Flag" (name text PRIMARY KEY, stopped boolean NOT NULL);
     INSERT INTO "Flag" VALUES ('email', false);
     INSERT INTO "Job" (id, queue, type, payload, status, "updatedAt") VALUES ('j9', 'email', 'x', '{}', 'failed', now());`,
  );
  const mapping: TablesMapping = { pause, notify };
  const adapter = await shop.adapter(mapping);
  const explained = new Set((await adapter.statements?.())?.map(({ sql }) => sql));
  const told = await sent(() => everything(adapter));
  expect(told.some((sql) => sql.includes('pg_notify'))).toBe(true);
  expect(told.some((sql) => sql.includes('SKIP LOCKED'))).toBe(true);
  expect(told.filter((sql) => !explained.has(sql))).toEqual([]);
});

it('of tables with numbers as ids, too, the server can plan each statement; what the mapping cannot do is not among them', async () => {
  const database = await createOwnTables('plain-jobs');
  try {
    const adapter = await database.open({
      schema: 'Back office',
      table: 'tasks',
      columns: { id: 'task_no', queue: 'lane', status: 'state', payload: 'body', lane: 'strand', workerId: 'taken_by' },
      statuses: { new: 'waiting', taken: 'active', done: 'completed', broken: 'dead' },
      heartbeats: { table: 'processes', worker: 'process_no', seenAt: 'beat' },
    });
    const told = (await adapter.statements?.()) ?? [];
    const operations = new Set(told.map(({ operation }) => operation));
    expect([...operations]).toEqual(expect.arrayContaining(['stats --by lane', 'replay', 'restore', 'undo']));
    expect([...operations].filter((one) => /cancel|pause|letter|tenant/.test(one))).toEqual([]);
    expect(told.some(({ sql }) => sql.includes('setval('))).toBe(true);
    for (const [index, { sql }] of told.entries()) await database.pool.query(`PREPARE "statement ${index}" AS ${sql}`);
  } finally {
    await database.drop();
  }
});
