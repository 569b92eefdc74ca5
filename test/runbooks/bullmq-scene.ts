import type { Processor, Queue, Worker } from 'bullmq';
import { application } from '../setup/bullmq.ts';
import { createBullmqTables, queueOf, workerOf } from '../setup/bullmq-postgres.ts';
import { createRedis } from '../setup/redis.ts';
import { eventually, type Place, type Rows } from './play.ts';

const HOUR_MS = 3_600_000;
/** The names that stand in docs/runbooks/bullmq.md. */
export const failed = ['welcome-1', 'welcome-2', 'welcome-3', 'hook-1', 'hook-2'];

export interface BullmqScene extends Place {
  readonly email: Queue;
  /** How many jobs without a name of their own the worker has done. */
  nameless(): Promise<number>;
}

const states = ['waiting', 'active', 'delayed', 'prioritized', 'failed', 'completed'] as const;

interface Ground {
  readonly url: string;
  queue(name: string): Queue;
  /** Fetches nothing by itself unless a processor is given. */
  worker(name: string, processor?: Processor): Worker;
  /** Ends the lock that the crashed worker had on this job. */
  unlock(queue: string, id: string): Promise<unknown>;
  drop(): Promise<unknown>;
}

/** A real BullMQ 6 worker on `email`, shortly after an outage; nobody serves `export`, whose worker has crashed. */
export function openBullmqScene(): Promise<BullmqScene> {
  const server = createRedis('runbook');
  const app = application(server, '6');
  return sceneOn({
    url: `${server.url}?prefix=${server.prefix}`,
    queue: app.queue,
    worker: app.worker,
    unlock: (queue, id) => server.redis.del(`${server.prefix}:${queue}:${id}:lock`),
    async drop() {
      await app.close();
      await server.drop();
    },
  });
}

/** The same in a database. */
export async function openBullmqPostgresScene(): Promise<BullmqScene> {
  const database = await createBullmqTables();
  const open: { close(): Promise<void> }[] = [];
  const kept = <T extends Queue | Worker>(one: T): T => {
    open.push(one);
    return one;
  };
  return await sceneOn({
    url: database.url,
    queue: (name) => kept(queueOf(database, name)),
    worker: (name, processor) =>
      kept(workerOf(database, name, processor ?? null, processor === undefined ? { autorun: false } : {})),
    unlock: (queue, id) =>
      database.pool.query('UPDATE job SET locked_until_ms = 1 WHERE queue = $1 AND id = $2', [queue, id]),
    async drop() {
      await Promise.all(open.map((one) => one.close()));
      await database.drop();
    },
  });
}

async function sceneOn({ url, queue, worker, unlock, drop }: Ground): Promise<BullmqScene> {
  const [email, exports] = [queue('email'), queue('export')];
  let down = true;
  worker('email', async ({ name }) => {
    if (down) throw new Error(name === 'hook' ? '502 Bad Gateway' : 'mailbox is full');
  });
  for (const jobId of failed)
    await email.add(jobId.replace(/-\d$/, ''), { to: `${jobId}@example.org`, token: 'abc' }, { jobId });
  await email.add('welcome', {}, { jobId: 'late-1', delay: HOUR_MS });
  await email.upsertJobScheduler('digest', { pattern: '0 3 * * *', tz: 'Europe/Berlin' }, { name: 'digest' });
  for (const jobId of ['lost-1', 'waits-1']) await exports.add('export', {}, { jobId });
  await worker('export').getNextJob('crashed');
  await unlock('export', 'lost-1');
  await eventually(async () => (await email.getFailedCount()) === failed.length);
  down = false;
  return {
    email,
    env: { JOBS_URL: url },
    beat: async () => {},
    rows: async () => ({ ...(await rowsIn(email)), ...(await rowsIn(exports)) }),
    nameless: async () => (await email.getJobs(['completed'])).filter(({ id = '' }) => /^\d+$/.test(id)).length,
    drop: async () => void (await drop()),
  };
}

/** What is added by a command has a number for a name, and a scheduler's run a time: the checks look at those. */
async function rowsIn(queue: Queue): Promise<Rows> {
  const rows: Record<string, string> = {};
  for (const state of states)
    for (const { id = '' } of await queue.getJobs([state])) if (/^[a-z]+-\d$/.test(id)) rows[id] = state;
  return rows;
}
