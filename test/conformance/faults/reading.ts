import type { Returns } from '../../../src/domain/claim.ts';
import type { Job } from '../../../src/domain/job.ts';
import { type Fault, finding, withCan, withReader } from './plant.ts';

export const readingFaults: readonly Fault[] = [
  {
    name: 'gives no reason for what it lacks',
    topic: 'capabilities',
    plant: (memory) => withCan(memory, { cancel: { level: 'none', why: '' } }),
  },
  {
    name: 'claims an ability without its operations',
    topic: 'capabilities',
    plant: (memory) => withCan(memory, { restore: { level: 'native', ops: {} as Returns } }),
  },
  {
    name: 'shows a password',
    topic: 'capabilities',
    plant: (memory) => withReader(memory, { backend: { ...memory.backend, where: 'redis://app:geheim@cache:6379' } }),
  },
  {
    name: 'a read writes',
    topic: 'browse',
    plant: (memory) =>
      withReader(memory, {
        async stats(request) {
          for (const { job } of memory.store.entries()) memory.put({ ...job, attempts: job.attempts + 1 });
          return memory.stats(request);
        },
      }),
  },
  {
    name: 'browse drops the last page',
    topic: 'browse',
    plant: (memory) =>
      withReader(memory, {
        async *browse(selection, options) {
          let held: Job[] | undefined;
          for await (const page of memory.browse(selection, options)) {
            if (held) yield held;
            held = page;
          }
        },
      }),
  },
  {
    name: 'browse knows one order only',
    topic: 'browse',
    plant: (memory) =>
      withReader(memory, { browse: (selection, { size }) => memory.browse(selection, { size, order: 'oldest' }) }),
  },
  {
    name: 'browse ignores the page size',
    topic: 'browse',
    plant: (memory) =>
      withReader(memory, { browse: (selection, { order }) => memory.browse(selection, { size: 50, order }) }),
  },
  {
    name: 'browse takes an empty list of ids for all',
    topic: 'browse',
    plant: (memory) =>
      withReader(memory, {
        count: (selection) => memory.count(selection.ids?.length === 0 ? { ...selection, ids: undefined } : selection),
      }),
  },
  {
    name: 'forgets a queue',
    topic: 'browse',
    plant: (memory) => withReader(memory, { queues: async () => (await memory.queues()).slice(1) }),
  },
  {
    name: 'find loses the error',
    topic: 'find',
    plant: finding((job) => ({ ...job, error: undefined })),
  },
  {
    name: 'find cuts times to milliseconds',
    topic: 'find',
    plant: finding(({ since, ...job }) => ({ ...job, since: since && `${since.slice(0, 23)}Z` })),
  },
  {
    name: 'find ignores the queue',
    topic: 'find',
    plant: (memory) => withReader(memory, { find: (id) => memory.find(id) }),
  },
  {
    name: 'find fails for an id of another shape',
    topic: 'find',
    plant: (memory) =>
      withReader(memory, {
        async find(id, queue) {
          BigInt(id || 'empty');
          return memory.find(id, queue);
        },
      }),
  },
  {
    name: 'find forgets the proof that an owner is gone',
    topic: 'find',
    plant: finding((job) => ({ ...job, stuck: undefined })),
  },
  {
    name: 'stats drop a state',
    topic: 'stats',
    plant: (memory) =>
      withReader(memory, {
        stats: async (request) =>
          (await memory.stats(request)).map((row) => ({ ...row, counts: { ...row.counts, cancelled: 0 } })),
      }),
  },
  {
    name: 'stats call an empty age zero',
    topic: 'stats',
    plant: (memory) =>
      withReader(memory, {
        stats: async (request) =>
          (await memory.stats(request)).map((row) => ({ ...row, oldestWaitingSeconds: row.oldestWaitingSeconds ?? 0 })),
      }),
  },
  {
    name: 'stats take the youngest for the oldest',
    topic: 'stats',
    plant: (memory) =>
      withReader(memory, {
        stats: async (request) =>
          (await memory.stats(request)).map((row) => ({
            ...row,
            oldestWaitingSeconds: row.oldestWaitingSeconds && 60,
          })),
      }),
  },
  {
    name: 'stats ignore the queues asked for',
    topic: 'stats',
    plant: (memory) => withReader(memory, { stats: ({ by }) => memory.stats({ by }) }),
  },
  {
    name: 'a breakdown loses a group',
    topic: 'stats',
    plant: (memory) =>
      withReader(memory, {
        stats: async (request) =>
          (await memory.stats(request)).map((row) => (row.by ? { ...row, by: row.by.slice(1) } : row)),
      }),
  },
  { name: 'reads on after close', topic: 'closed', plant: (memory) => withReader(memory, { close: async () => {} }) },
];
