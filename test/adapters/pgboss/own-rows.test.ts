import { describe, expect, it } from 'vitest';
import { act, all, browseAll, inState, jobsOf, replay, told, whole } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { maintain } from '../../setup/pgboss.ts';
import { dumpAll } from '../../setup/procrastinate.ts';
import { place, sendDead } from './place.ts';

describe('pg-boss 11', () => {
  it('counts an emptied queue as empty, whatever the cached counts say', async () => {
    const at = await place('11');
    await at.boss.createQueue('email', { policy: 'standard' });
    for (const n of [1, 2, 3]) await at.boss.send('email', { n });
    await maintain(at.database, at.boss, 'email');
    await at.database.pool.query('DELETE FROM job');
    await maintain(at.database, at.boss, 'email');
    const { rows } = await at.database.pool.query(`SELECT queued_count FROM queue WHERE name = 'email'`);
    expect(rows).toEqual([{ queued_count: 3 }]);
    expect((await at.adapter.stats({}))[0]?.counts.waiting).toBe(0);
  });
});

describe.each(['11', '12'] as const)('pg-boss %s', (version) => {
  it('says of a row that was inserted past the library that it has neither policy nor dead-letter queue', async () => {
    const at = await place(version);
    await at.boss.createQueue('undelivered', {});
    await at.boss.createQueue('email', { policy: 'stately', deadLetter: 'undelivered' });
    const { rows } = await at.database.pool.query(
      `INSERT INTO job (name, data) VALUES ('email', '{"n":1}') RETURNING id::text AS id`,
    );
    const bare = await at.adapter.find(rows[0].id, 'email');
    expect(bare?.notes.join(' ')).toMatch(/neither its queue's policy \(stately\) nor its dead-letter queue/);
    const sent = await at.adapter.find((await at.boss.send('email', { n: 2 })) ?? '', 'email');
    expect(sent?.notes.join(' ')).not.toMatch(/neither/);
  });
});

describe.each(['10', '11', '12'] as const)('pg-boss %s', (version) => {
  it('never migrates and changes no table but that of the jobs, whatever is read and written', async () => {
    const at = await place(version);
    await at.boss.createQueue('email', { policy: 'standard' });
    const ids = await sendDead(at, 'email', [{ n: 1 }, { n: 2 }]);
    const catalog = async () =>
      (
        await at.database.pool.query(
          `SELECT (SELECT array_agg(c.relname ORDER BY c.relname) FROM pg_class c WHERE c.relnamespace = $1::regnamespace) AS relations,
                  (SELECT array_agg(p.proname ORDER BY p.proname) FROM pg_proc p WHERE p.pronamespace = $1::regnamespace) AS functions,
                  (SELECT array_agg(concat(attrelid::regclass, attname) ORDER BY attrelid, attnum) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                    WHERE c.relnamespace = $1::regnamespace) AS columns`,
          [at.database.schema],
        )
      ).rows;
    const tables = async () => {
      const all = await dumpAll(at.database.pool, at.database.schema);
      return Object.fromEntries(Object.entries(all).filter(([name]) => !/^j[0-9a-f]{20}|^job/.test(name)));
    };
    const before = [await catalog(), await tables()];
    await at.adapter.stats({ by: 'lane' });
    await browseAll(at.adapter, whole('email'), { order: 'newest' });
    await act(opsOf(at, 'edit'), inState('email', 'dead'), { verb: 'edit', payload: '{"n":3}' });
    expect(told((await act(opsOf(at, 'replay'), inState('email', 'dead'), replay)).outcomes)).toEqual(all(ids, 'done'));
    await act(opsOf(at, 'cancel'), inState('email', 'waiting'), { verb: 'cancel' });
    await act(opsOf(at, 'remove'), inState('email', 'cancelled'), { verb: 'remove' });
    expect((await jobsOf(at.adapter, 'email')).size).toBe(0);
    expect([await catalog(), await tables()]).toEqual(before);
  });
});

describe('pg-boss 12', () => {
  it('wakes the workers of a queue with notify, and of no other', async () => {
    const at = await place('12');
    await at.boss.createQueue('email', { notify: true });
    await at.boss.createQueue('reports', {});
    const client = await at.database.pool.connect();
    try {
      const heard: (string | undefined)[] = [];
      client.on('notification', ({ payload }) => heard.push(payload));
      const { rows } = await client.query(
        `SELECT 'pgboss_' || left(encode(sha224('${at.database.schema}'::bytea), 'hex'), 24) AS channel`,
      );
      await client.query(`LISTEN ${rows[0].channel}`);
      for (const queue of ['email', 'reports']) {
        await sendDead(at, queue, [{ n: 1 }]);
        heard.length = 0;
        await act(opsOf(at, 'replay'), inState(queue, 'dead'), replay);
        await client.query('SELECT 1');
        expect(heard, queue).toEqual(queue === 'email' ? ['email'] : []);
      }
    } finally {
      client.release(true);
    }
  });

  it('keeps a parent that other jobs wait for', async () => {
    const at = await place('12');
    await at.boss.createQueue('email', {});
    const { rows } = await at.database.pool.query(
      `INSERT INTO job (name, data, blocking, blocked, pending_dependencies)
       VALUES ('email', '{"n":1}', true, false, 0), ('email', '{"n":2}', false, true, 1) RETURNING id::text AS id`,
    );
    const [parent, child] = rows.map((row) => row.id);
    await at.database.pool.query(`INSERT INTO job_dependency VALUES ('email', $2, 'email', $1)`, [parent, child]);
    const states = new Map([...(await jobsOf(at.adapter, 'email'))].map(([id, job]) => [id, job.state]));
    expect([states.get(parent), states.get(child)]).toEqual(['waiting', 'blocked']);
    expect((await at.adapter.find(child))?.links).toEqual([{ relation: 'waits for', to: `job ${parent} in email` }]);
    const { outcomes } = await act(opsOf(at, 'remove'), whole('email'), { verb: 'remove' });
    expect(told(outcomes)).toEqual([`${parent}: skipped conflict`, `${child}: done`].sort());
  });
});
