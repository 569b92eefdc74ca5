import { describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import { browseAll, inState, whole } from '../../../src/testkit/act.ts';
import { homeForTest } from '../../e2e/jobctl.ts';
import { createPgBoss } from '../../setup/pgboss.ts';
import { dumpAll } from '../../setup/procrastinate.ts';
import { place, sendDead } from './place.ts';

const verbs = ['replay', 'reset', 'remove', 'cancel', 'edit', 'restore', 'revert', 'enqueue', 'schedule'] as const;

describe('pg-boss 9', () => {
  it('shows queues, counts, jobs and errors, and writes nothing', async () => {
    const at = await place('9');
    const [dead = ''] = await sendDead(at, 'email', [{ n: 1 }]);
    await at.boss.send('email', { n: 2 });
    const later = await at.boss.send('email', { n: 3 }, { startAfter: 3600 });
    await at.boss.send('reports', { n: 4 });
    await at.boss.fetch('reports');
    await at.database.pool.query(
      `INSERT INTO job (name, state, completedon, retrycount, startedon, output)
       VALUES ('email', 'expired', now(), 0, now(), '{"value":{"message":"job timed out"}}')`,
    );
    const before = await dumpAll(at.database.pool, at.database.schema);
    expect(at.adapter.backend).toMatchObject({
      name: 'postgres/pg-boss',
      version: '9 or older (schema 20)',
      warnings: [],
    });
    expect(await at.adapter.queues()).toEqual([{ queue: 'email' }, { queue: 'reports' }]);
    const counts = Object.fromEntries((await at.adapter.stats({})).map((row) => [row.queue, row.counts]));
    expect(counts.email).toMatchObject({ waiting: 1, delayed: 1, dead: 2, active: 0 });
    expect(counts.reports).toMatchObject({ waiting: 0, active: 1 });
    expect((await browseAll(at.adapter, inState('email', 'delayed'))).map((job) => job.id)).toEqual([later]);
    expect((await at.adapter.count(inState('email', 'dead'))).value).toBe(2);
    const messages = (await browseAll(at.adapter, inState('email', 'dead'))).map((job) => job.error?.message);
    expect(messages.sort()).toEqual(['job timed out', 'no such user']);
    const found = await at.adapter.find(dead);
    expect(found?.job).toMatchObject({
      queue: 'email',
      type: 'email',
      state: 'dead',
      native: 'failed',
      attempts: 1,
      payload: '{"n": 1}',
    });
    expect(found?.timeline.map(({ event }) => event)).toEqual(['created', 'started', 'failed']);
    expect(await at.adapter.find('00000000-0000-4000-8000-000000000000')).toBeUndefined();
    for (const verb of verbs) {
      const capability = at.adapter.can[verb];
      expect(() => requireOps('here', verb, capability as never), verb).toThrow(
        expect.objectContaining({ code: 'JOBCTL_UNSUPPORTED', message: expect.stringMatching(/only read/) }),
      );
    }
    expect(await dumpAll(at.database.pool, at.database.schema)).toEqual(before);
  });

  it('gives every write the same reason, also adding and schedules, and names no next step that it refuses', async () => {
    const at = await place('9');
    const [dead = ''] = await sendDead(at, 'email', [{ n: 1 }]);
    await (at.boss as unknown as { schedule(name: string, cron: string): Promise<void> }).schedule(
      'email',
      '0 3 * * *',
    );
    const home = await homeForTest(at.database.url);
    const writes = [
      ['replay', 'email'],
      ['enqueue', 'email', '--payload', '{}'],
      ['smoke', 'email'],
      ['schedule', 'run', 'email', 'email'],
    ];
    for (const args of writes) {
      const { code, stderr } = await home.warm([...args, '--yes']);
      expect([code, stderr.replace(/\s+/g, ' ')], args.join(' ')).toEqual([
        5,
        expect.stringMatching(/pg-boss 9 or older \(schema 20\) is only read: .* next: .*upgrade pg-boss to 10/),
      ]);
    }
    for (const args of [
      ['dlq', 'show', dead],
      ['dlq', 'groups', 'email'],
    ]) {
      const { code, stdout } = await home.warm(args);
      expect(code).toBe(0);
      expect(stdout).not.toContain('jobctl replay');
    }
  });

  it('proves a job stuck by its own time limit', async () => {
    const at = await place('9');
    await at.boss.send('email', { n: 1 });
    await at.boss.fetch('email');
    expect((await browseAll(at.adapter, whole('email')))[0]?.stuck).toBeUndefined();
    await at.database.pool.query(`UPDATE job SET startedon = now() - interval '1 hour'`);
    expect((await browseAll(at.adapter, { ...whole('email'), stuck: true }))[0]?.stuck).toMatch(/its time ran out at/);
  });
});

describe('a pg-boss of the future', () => {
  it('shows states that nobody knows, and drops none', async () => {
    const database = await createPgBoss('12');
    onTestFinished(() => database.drop());
    await database.pool.query(`ALTER TYPE job_state ADD VALUE 'snoozed' AFTER 'created'`);
    await database.pool.query(`SELECT create_queue('email', '{"policy":"standard"}')`);
    await database.pool.query(`INSERT INTO job (name, state) VALUES ('email', 'snoozed'), ('email', 'created')`);
    const adapter = await openPostgres({ url: database.url, where: 'postgres://test' });
    onTestFinished(() => adapter.close());
    const [row] = await adapter.stats({});
    expect(row).toMatchObject({ counts: { waiting: 1, blocked: 1 }, other: { snoozed: 1 } });
    expect(adapter.backend.newerSchema).toBe('state snoozed');
    const jobs = await browseAll(adapter, whole('email'));
    expect(jobs.map((job) => `${job.native} ${job.state}`).sort()).toEqual(['created waiting', 'snoozed blocked']);
  });
});
