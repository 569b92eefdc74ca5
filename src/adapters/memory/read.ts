import type { BackendInfo, QueueReader } from '../../domain/adapter.ts';
import type { JobDetail } from '../../domain/job.ts';
import { matcher, type Selection } from '../../domain/selection.ts';
import type { Connection } from './connection.ts';
import { toJob } from './memory-job.ts';
import { pushedPart, pushes } from './pushes.ts';
import { listSchedules } from './schedules.ts';
import { queueStats } from './stats.ts';
import type { Entry, MemoryStore } from './store.ts';

const backend: BackendInfo = {
  name: 'memory',
  version: '1',
  where: 'memory of this process',
  errors: 'last',
  priority: 'larger-first',
  readOnlyServer: false,
  warnings: [],
};

const fitting = (store: MemoryStore, selection: Selection): Entry[] => {
  const fits = matcher(pushedPart(selection));
  return store.entries().filter(({ job }) => fits(toJob(job, store.clock())));
};

const detail = (store: MemoryStore, { job: stored }: Entry): JobDetail => ({
  job: toJob(stored, store.clock()),
  timeline: [
    { at: stored.createdAt, event: 'created' },
    { at: stored.since, event: stored.state, ...(stored.error && { note: stored.error.message }) },
  ],
  links: [],
  notes: [],
});

export const reader = (connection: Connection): QueueReader => ({
  backend,
  reads: 'peek',
  pushes,
  now: async () => connection.use().clock(),
  queues: async () => [...connection.use().queues].sort().map((queue) => ({ queue })),
  stats: async (request) => queueStats(connection.use(), request),
  count: async (selection) => ({ value: fitting(connection.use(), selection).length, exact: true }),
  async *browse(selection, { size, order }) {
    const found = fitting(connection.use(), selection);
    if (order === 'newest') found.reverse();
    for (let at = 0; at < found.length; at += size) {
      const store = connection.use();
      yield found.slice(at, at + size).map(({ job }) => toJob(job, store.clock()));
    }
  },
  async find(id, queue) {
    const store = connection.use();
    const found = store.entries().find(({ job }) => job.id === id && (queue === undefined || job.queue === queue));
    return found && detail(store, found);
  },
  schedules: async (queues) => listSchedules(connection.use(), queues),
  close: async () => connection.close(),
});
