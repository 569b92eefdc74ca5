import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { SavedJob } from '../../src/domain/claim.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Plan } from '../../src/domain/plan.ts';

const made: string[] = [];

/** A folder of its own for each test, gone afterwards. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'jobctl-safety-'));
  made.push(path);
  return path;
}

afterEach(async () => {
  await Promise.all(made.splice(0).map((path) => rm(path, { recursive: true, force: true })));
});

export function savedJob(id: string, more: Partial<Job> = {}): SavedJob {
  const job: Job = {
    queue: 'email',
    id,
    type: 'email.send',
    state: 'dead',
    native: 'failed',
    retrying: false,
    attempts: 5,
    payload: JSON.stringify({ to: `user-${id}@example.org`, template: 'welcome' }),
    since: '2026-11-24T03:41:09.123456Z',
    ...more,
  };
  return { job, snapshot: { table: 'jobs', row: { id, args: job.payload, heartbeat: null } } };
}

export const savedJobs = (count: number, from = 1): SavedJob[] =>
  Array.from({ length: count }, (_, i) => savedJob(String(from + i)));

export function planFor(queues: readonly string[] = ['email'], more: Partial<Plan> = {}): Plan {
  return {
    schemaVersion: 1,
    verb: 'replay',
    context: 'prod',
    backend: 'memory',
    where: 'memory:',
    queues,
    task: { kind: 'act', selection: { queues, states: ['dead'] }, action: { verb: 'replay', keepAttempts: false } },
    madeAt: '2026-11-24T03:41:00.000000Z',
    matched: { value: 40, exact: true },
    severity: 'normal',
    sample: [],
    strays: [],
    warnings: [],
    ...more,
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
