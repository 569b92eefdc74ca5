import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Handler, runWorker, type WorkerOptions } from '../../src/demo/worker.ts';
import { createProcrastinate, procrastinateVersions, type SchemaDatabase } from '../setup/databases.ts';
import { defer } from '../setup/procrastinate.ts';

let db: SchemaDatabase;
afterEach(() => db.drop());

/** Runs a worker until the handler named `last` has been called `times` times. */
async function work(
  handlers: Record<string, Handler>,
  more: Partial<WorkerOptions> & { until: (done: () => void) => void },
) {
  const stop = new AbortController();
  more.until(() => stop.abort());
  return runWorker({
    url: db.url,
    schema: db.schema,
    handlers,
    backoffMs: () => 0,
    pollMs: 20,
    ...more,
    signal: stop.signal,
  });
}

async function eventsOf(id: string): Promise<string[]> {
  const { rows } = await db.pool.query('SELECT type FROM procrastinate_events WHERE job_id = $1 ORDER BY id', [id]);
  return rows.map((row) => row.type).filter((type) => type !== 'scheduled');
}

async function job(id: string) {
  return (await db.pool.query('SELECT * FROM procrastinate_jobs WHERE id = $1', [id])).rows[0];
}

const workers = async (): Promise<string[]> =>
  (await db.pool.query('SELECT id FROM procrastinate_workers ORDER BY id')).rows.map((row) => row.id);

describe.each(procrastinateVersions)('the worker on a Procrastinate %s schema', (version) => {
  it('takes jobs, retries what throws and gives up after the last attempt', async () => {
    db = await createProcrastinate(version);
    const good = await defer(db.pool, { type: 'good', args: { to: 'ann' } });
    const flaky = await defer(db.pool, { type: 'flaky' });
    const bad = await defer(db.pool, { type: 'bad' });
    const unknown = await defer(db.pool, { type: 'nobody_knows' });
    const last = await defer(db.pool, { type: 'last', lock: 'end', scheduledAt: new Date(Date.now() + 150) });
    const seen: unknown[] = [];
    let done = (): void => {};
    const counts = await work(
      {
        good: (taken) => void seen.push(taken.args),
        flaky: (taken) => {
          if (taken.attempts === 0) throw new Error('first time');
        },
        bad: () => {
          throw new Error('always');
        },
        last: () => done(),
      },
      {
        until: (stop) => {
          done = stop;
        },
        maxAttempts: 2,
      },
    );
    expect(seen).toEqual([{ to: 'ann' }]);
    expect(counts).toEqual({ taken: 7, succeeded: 3, failed: 2 });
    expect(await eventsOf(good)).toEqual(['deferred', 'started', 'succeeded']);
    expect(await eventsOf(flaky)).toEqual(['deferred', 'started', 'deferred_for_retry', 'started', 'succeeded']);
    expect(await eventsOf(bad)).toEqual(['deferred', 'started', 'deferred_for_retry', 'started', 'failed']);
    expect(await job(bad)).toMatchObject({ status: 'failed', attempts: 2 });
    expect(await job(unknown)).toMatchObject({ status: 'failed', attempts: 1 });
    expect(await job(last)).toMatchObject({ status: 'succeeded' });
  });
});

describe('the worker on a Procrastinate 3.9 schema', () => {
  it('wakes up for a new job without waiting for the next poll, and its row is gone when it has stopped', async () => {
    db = await createProcrastinate('3.9', { schema: 'Back office' });
    const first = await defer(db.pool, { type: 'first' });
    let done = (): void => {};
    let during: string[] = [];
    const working = work(
      {
        first: async () => {
          during = await workers();
        },
        second: () => done(),
      },
      {
        until: (stop) => {
          done = stop;
        },
        pollMs: 3_600_000,
      },
    );
    await vi.waitFor(async () => expect(await job(first)).toMatchObject({ status: 'succeeded' }));
    await defer(db.pool, { type: 'second' });
    const counts = await working;
    expect(counts).toMatchObject({ taken: 2, succeeded: 2 });
    expect(during).toHaveLength(1);
    expect(await workers()).toEqual([]);
    expect(await job(first)).toMatchObject({ status: 'succeeded', worker_id: null });
  });

  it('ends a running job as aborted when it was asked to abort', async () => {
    db = await createProcrastinate('3.9');
    const id = await defer(db.pool, { type: 'long' });
    let done = (): void => {};
    await work(
      {
        long: async (taken, signal) => {
          const aborted = once(signal, 'abort');
          await db.pool.query('SELECT procrastinate_cancel_job_v1($1, true, false)', [taken.id]);
          await aborted;
          done();
          signal.throwIfAborted();
        },
      },
      {
        until: (stop) => {
          done = stop;
        },
      },
    );
    expect(await job(id)).toMatchObject({ status: 'aborted', abort_requested: false });
    expect(await eventsOf(id)).toEqual(['deferred', 'started', 'abort_requested', 'aborted']);
  });

  it('leaves its job running and its own row behind when killed, until another worker removes the row', async () => {
    db = await createProcrastinate('3.9');
    const id = await defer(db.pool, { type: 'endless' });
    await killWorkerInTheMiddle();
    const orphan = await job(id);
    expect(orphan.status).toBe('doing');
    expect(await workers()).toEqual([orphan.worker_id]);

    await work({}, { until: (stop) => setImmediate(stop) }); // its heartbeat is young: nothing is removed
    expect(await workers()).toEqual([orphan.worker_id]);

    await db.pool.query(`UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'`);
    const lines: string[] = [];
    await work({}, { until: (stop) => setImmediate(stop), log: (line) => lines.push(line) });
    expect(lines).toEqual([`removed worker ${orphan.worker_id}: no sign of life`]);
    expect(await workers()).toEqual([]);
    expect(await job(id)).toMatchObject({ status: 'doing', worker_id: null, attempts: 0 });
    expect(await eventsOf(id)).toEqual(['deferred', 'started']);
  });
});

async function killWorkerInTheMiddle(): Promise<void> {
  const program = `
    import { runWorker } from ${JSON.stringify(new URL('../../src/demo/worker.ts', import.meta.url).href)};
    const endless = () => { console.log('taken'); return new Promise(() => {}); };
    await runWorker({ url: ${JSON.stringify(db.url)}, handlers: { endless }, signal: new AbortController().signal });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}
