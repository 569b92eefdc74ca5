import { expect } from 'vitest';
import { type BullmqScene, failed } from './bullmq-scene.ts';
import { eventually, type Rows, type Tale, type Write } from './play.ts';

const turn =
  (ids: readonly string[], to: string | undefined) =>
  (now: Rows): Rows => {
    const after = Object.fromEntries(Object.entries(now).filter(([id]) => to !== undefined || !ids.includes(id)));
    return { ...after, ...(to !== undefined && Object.fromEntries(ids.map((id) => [id, to]))) };
  };

/** What comes back to `email` its worker completes: the outage is over. */
const writes: Readonly<Record<string, Write>> = {
  'replay --id welcome-1': { old: turn(['welcome-1'], 'completed') },
  'replay email --error 502': { old: turn(['hook-1', 'hook-2'], 'completed') },
  'reset export': { old: turn(['lost-1'], 'waiting') },
  'job cancel late-1': { old: turn(['late-1'], undefined) },
  'purge email --state dead': { old: turn(failed, undefined) },
  'schedule remove email digest': { old: (now) => now },
  'undo RUN': { old: 'back' },
  'restore RUN': { old: 'back' },
};

const checks: Tale<BullmqScene>['checks'] = {
  'jobctl pause email --yes': async (_, { email }) => expect(await email.isPaused()).toBe(true),
  'jobctl resume email --yes': async (_, { email }) => expect(await email.isPaused()).toBe(false),
  'jobctl schedule pause email digest --yes': async (_, { email }) =>
    expect([await email.getJobSchedulersCount(), await email.getDelayedCount()]).toEqual([0, 1]),
  'jobctl schedule resume email digest --yes': async (_, { email }) =>
    expect([await email.getJobSchedulersCount(), await email.getDelayedCount()]).toEqual([1, 2]),
  'jobctl schedule remove email digest --confirm email': async (_, { email }) =>
    expect([await email.getJobSchedulersCount(), await email.getDelayedCount()]).toEqual([0, 1]),
  'jobctl undo RUN --yes': async (_, { email }) =>
    expect([await email.getJobSchedulersCount(), await email.getDelayedCount()]).toEqual([1, 2]),
  'jobctl schedule run email digest --yes': (_, scene) => eventually(async () => (await scene.nameless()) === 1),
  'jobctl enqueue email welcome --payload \'{"to":"ada@example.org"}\' --yes': (_, scene) =>
    eventually(async () => (await scene.nameless()) === 1),
};

/** The page on either of the library's backends. */
export const bullmqTale = (open: () => Promise<BullmqScene>): Tale<BullmqScene> => ({
  page: 'bullmq',
  oldLines: [
    'await queue.getJobCounts()',
    'await queue.getWorkers()',
    'await queue.getFailed()',
    'await job.retry()',
    "await queue.retryJobs({ state: 'failed' })",
    'LREM active, LPUSH wait',
    'await queue.pause()',
    'await queue.resume()',
    "await queue.clean(0, 1000, 'failed')",
    'await job.remove()',
    'await queue.getJobSchedulers()',
    'await queue.removeJobScheduler(id)',
    'await queue.add(name, data)',
  ],
  writes,
  open,
  becomes: (after) => after,
  checks,
});
