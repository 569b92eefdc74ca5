import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startPostgres, stopPostgres } from '../../src/demo/postgres-server.ts';
import { aroundApply } from '../operations/faulty.ts';
import { makeDead } from '../setup/procrastinate.ts';
import { carryOut, type Order, openAt, worldOf } from './carry-out.ts';
import { expectSoundBackup, openScene, rowsOf, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.drop());

const cut = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name LIKE 'jobctl%'`;

describe('a connection that is cut in the middle of a run', () => {
  it.each(['before', 'after'])('%s a batch was written: the run stops, and resume does each job once', async (when) => {
    const queue = `cut-${when}`;
    const ids = await makeDead(scene.database.pool, 30, { queue });
    const stateDir = await scene.stateDir();
    const adapter = aroundApply(await openAt(scene.database.url), (apply, number) => async (jobs) => {
      if (when === 'before' && number === 2) await scene.database.pool.query(cut);
      const outcomes = await apply(jobs);
      if (when === 'after' && number === 2) await scene.database.pool.query(cut);
      return outcomes;
    });
    const report = await carryOut(worldOf(adapter, stateDir), { verb: 'replay', queue });
    await adapter.close();
    const unknown = when === 'before' ? 6 : 0;
    expect(report).toMatchObject({ complete: false, outcomes: { done: 12 - unknown, failed: 0, unknown } });
    expect(report.stopped).toMatch(/connection/);
    const again = await carryOut(worldOf(await scene.peer(), stateDir), { verb: 'resume', run: report.run ?? '' });
    expect(again).toMatchObject({ complete: true, outcomes: { done: 30, skipped: 0, failed: 0, unknown: 0 } });
    await expectSoundBackup(stateDir, report.run ?? '');
    const rows = await rowsOf(scene, queue);
    for (const id of ids) expect(rows.get(id)?.events.filter((event) => event === 'retried')).toHaveLength(1);
  });
});

describe('a server that goes away in the middle of a run', () => {
  it.each(['replay', 'purge'] as const)(
    'comes back, and resume does each job once: %s',
    { timeout: 60_000 },
    async (verb) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'jobctl-restart-'));
      const settings = { fsync: 'off' };
      let server = await startPostgres({ dataDir, settings });
      onTestFinished(() => stopPostgres(server.pid, dataDir, { removeData: true }));
      const pool = new pg.Pool({ connectionString: server.url });
      pool.on('error', () => {});
      onTestFinished(() => pool.end());
      await pool.query(await readFile(new URL('../../assets/demo/procrastinate.sql', import.meta.url), 'utf8'));
      const ids = await makeDead(pool, 18, { queue: 'email' });
      const stateDir = await scene.stateDir();
      const adapter = aroundApply(await openAt(server.url), (apply, number) => async (jobs) => {
        if (number === 2) await server.stop();
        return await apply(jobs);
      });
      const order: Order = { verb, queue: 'email' };
      const report = await carryOut(worldOf(adapter, stateDir), order);
      expect(report).toMatchObject({ complete: false, outcomes: { done: 6, unknown: 6 } });
      await adapter.close();
      const down = carryOut(worldOf(adapter, stateDir), { verb: 'resume', run: report.run ?? '' });
      await expect(down).rejects.toMatchObject({ code: 'JOBCTL_UNREACHABLE' });
      server = await startPostgres({ dataDir, settings, port: server.port });
      const fresh = await openAt(server.url);
      onTestFinished(() => fresh.close());
      const again = await carryOut(worldOf(fresh, stateDir), { verb: 'resume', run: report.run ?? '' });
      expect(again).toMatchObject({ complete: true, outcomes: { done: 18, skipped: 0, failed: 0, unknown: 0 } });
      await expectSoundBackup(stateDir, report.run ?? '');
      const left = await pool.query('SELECT status::text FROM procrastinate_jobs WHERE id = ANY ($1)', [ids]);
      expect(left.rows.map(({ status }) => status)).toEqual(verb === 'purge' ? [] : ids.map(() => 'todo'));
    },
  );
});
