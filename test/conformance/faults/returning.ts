import type { MemoryJob } from '../../../src/adapters/memory/index.ts';
import { matcher } from '../../../src/domain/selection.ts';
import { claiming, type Fault, freeLock, holding, locking, overwrite, settling, stored, withCan } from './plant.ts';

export const returningFaults: readonly Fault[] = [
  {
    name: 'restore overwrites',
    topic: 'restore',
    plant: holding('restore', (_, memory) => async (saved) => overwrite(memory, saved)),
  },
  {
    name: 'restore starts jobs by itself',
    topic: 'restore',
    plant: holding('restore', (inner) => (saved, how, mark) => inner.hold(saved, { ...how, asWas: true }, mark)),
  },
  {
    name: 'a backup loses one byte of the payload',
    topic: 'restore',
    plant: claiming((claim) => ({
      jobs: claim.jobs.map((saved) => ({
        ...saved,
        snapshot: { ...saved.snapshot, payload: String(saved.snapshot['payload']).replace('\\ud800', '\\ufffd') },
      })),
    })),
  },
  {
    name: 'a backup rounds the payload through JSON.parse',
    topic: 'restore',
    plant: claiming((claim) => ({
      jobs: claim.jobs.map((saved) => {
        const { payload } = saved.snapshot as unknown as MemoryJob;
        return payload.startsWith('{"id"')
          ? { ...saved, snapshot: { ...saved.snapshot, payload: JSON.stringify(JSON.parse(payload)) } }
          : saved;
      }),
    })),
  },
  {
    name: 'undo ignores the mark',
    topic: 'revert',
    plant: holding('revert', (_, memory) => async (saved) => overwrite(memory, saved)),
  },
  {
    name: 'settle always says done',
    topic: 'settle',
    plant: settling(({ job: { queue, id } }) => ({ ref: { queue, id }, result: 'done' })),
  },
  {
    name: 'settle always says that nothing happened',
    topic: 'settle',
    plant: settling(({ job: { queue, id } }) => ({ ref: { queue, id }, result: 'skipped', why: 'not-applied' })),
  },
  {
    name: 'settle judges by the state alone',
    topic: 'settle',
    plant: (memory) => {
      const fits = matcher({ queues: [...memory.store.queues], states: ['waiting'] });
      return settling((saved) => {
        const job = stored(memory, saved);
        const { queue, id } = saved.job;
        const applied =
          job !== undefined &&
          (fits({ ...saved.job, state: job.state, queue: [...memory.store.queues][0] ?? queue }) ||
            job.state === 'waiting');
        return applied
          ? { ref: { queue, id }, result: 'done' }
          : { ref: { queue, id }, result: 'skipped', why: 'not-applied' };
      })(memory);
    },
  },
  { name: 'the lock lets two in', topic: 'lock', plant: locking(async () => freeLock) },
  {
    name: 'the lock shuts every queue',
    topic: 'lock',
    plant: (memory) => {
      const { lock } = memory.can;
      if (lock.level === 'none') return memory;
      const acquire = lock.ops.acquire;
      return withCan(memory, {
        lock: { level: 'native', ops: { acquire: (request) => acquire({ ...request, queues: ['letters'] }) } },
      });
    },
  },
  {
    name: 'the lock does not wait',
    topic: 'lock',
    plant: (memory) => {
      const { lock } = memory.can;
      if (lock.level === 'none') return memory;
      return withCan(memory, {
        lock: { level: 'native', ops: { acquire: (request) => lock.ops.acquire({ ...request, waitMs: 0 }) } },
      });
    },
  },
  {
    name: 'the lock does not say who holds it',
    topic: 'lock',
    plant: locking(async (_, acquire) =>
      acquire().catch((error: Error) => {
        error.message = 'locked';
        throw error;
      }),
    ),
  },
];
