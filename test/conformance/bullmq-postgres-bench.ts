import { UnrecoverableError, type Worker } from 'bullmq';
import { openPostgres } from '../../src/adapters/postgres/index.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import type { Bench, Holds } from '../../src/testkit/index.ts';
import { createBullmqTables, dumpTables, seedJobs, workerOf } from '../setup/bullmq-postgres.ts';
import { adapterOn, borrowed } from './borrowed.ts';

const holds: Holds = {
  states: new Set(['waiting', 'delayed', 'active', 'completed', 'dead']),
  attributes: new Set(['error', 'since', 'createdAt', 'priority', 'key', 'attempts', 'stuck']),
  payloads: 'json',
  nulEscape: false,
  loneSurrogates: false,
  ids: 'any integer',
};

export async function bullmqPostgresBench(schema: string): Promise<Bench> {
  const database = await borrowed(schema, () => createBullmqTables(schema), { kept: ['migration'] });
  const opened: QueueAdapter[] = [];
  const workers = new Map<string, Worker>();
  const open = (): Promise<QueueAdapter> => openPostgres({ url: database.url, where: 'postgres://test' });
  return {
    adapter: await adapterOn(database, open),
    holds,
    peer: async () => {
      const adapter = await open();
      opened.push(adapter);
      return adapter;
    },
    seed: (queue, jobs) => seedJobs(database, queue, jobs),
    dump: () => dumpTables(database),
    async work(queue, end) {
      const worker = workers.get(queue) ?? workerOf(database, queue, null, { autorun: false, skipStalledCheck: true });
      workers.set(queue, worker);
      const job = await worker.getNextJob('bench', { block: false });
      if (job === undefined) return undefined;
      await (end === 'completes'
        ? job.moveToCompleted('done', 'bench', false)
        : job.moveToFailed(new UnrecoverableError('It failed.'), 'bench', false));
      return job.id;
    },
    async breakLock() {
      await database.pool.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
          WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
    },
    async drop() {
      await Promise.all([...workers.values()].map((worker) => worker.close(true)));
      await Promise.all(opened.map((adapter) => adapter.close()));
      await database.drop();
    },
  };
}
