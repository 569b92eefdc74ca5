import type { Queue } from 'bullmq';
import { application } from '../setup/bullmq.ts';
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

/** A real BullMQ 6 worker on `email`, shortly after an outage; nobody serves `export`, whose worker has crashed. */
export async function openBullmqScene(): Promise<BullmqScene> {
  const server = createRedis('runbook');
  const app = application(server, '6');
  const [email, exports] = [app.queue('email'), app.queue('export')];
  let down = true;
  app.worker('email', async ({ name }) => {
    if (down) throw new Error(name === 'hook' ? '502 Bad Gateway' : 'mailbox is full');
  });
  for (const jobId of failed)
    await email.add(jobId.replace(/-\d$/, ''), { to: `${jobId}@example.org`, token: 'abc' }, { jobId });
  await email.add('welcome', {}, { jobId: 'late-1', delay: HOUR_MS });
  await email.upsertJobScheduler('digest', { pattern: '0 3 * * *', tz: 'Europe/Berlin' }, { name: 'digest' });
  for (const jobId of ['lost-1', 'waits-1']) await exports.add('export', {}, { jobId });
  await app.worker('export').getNextJob('crashed');
  await server.redis.del(`${server.prefix}:export:lost-1:lock`);
  await eventually(async () => (await email.getFailedCount()) === failed.length);
  down = false;
  return {
    email,
    env: { JOBS_URL: `${server.url}?prefix=${server.prefix}` },
    beat: async () => {},
    rows: async () => ({ ...(await rowsIn(email)), ...(await rowsIn(exports)) }),
    nameless: async () => (await email.getJobs(['completed'])).filter(({ id = '' }) => /^\d+$/.test(id)).length,
    async drop() {
      await app.close();
      await server.drop();
    },
  };
}

/** What is added by a command has a number for a name, and a scheduler's run a time: the checks look at those. */
async function rowsIn(queue: Queue): Promise<Rows> {
  const rows: Record<string, string> = {};
  for (const state of states)
    for (const { id = '' } of await queue.getJobs([state])) if (/^[a-z]+-\d$/.test(id)) rows[id] = state;
  return rows;
}
