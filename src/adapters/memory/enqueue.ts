import type { Enqueued, Enqueues } from '../../domain/enqueue.ts';
import { earlier } from '../../domain/instant.ts';
import type { Connection } from './connection.ts';
import type { MemoryStore } from './store.ts';

const BATCH = 1000;

export const enqueues = (connection: Connection): Enqueues => ({
  ignores: new Set(),
  batch: BATCH,
  async enqueue(queue, jobs) {
    const store = connection.use();
    return jobs.map(({ delaySeconds, ...job }): Enqueued => {
      const twin = job.key === undefined ? undefined : waitingTwin(store, job.key);
      if (twin !== undefined) {
        const { id } = twin;
        return { result: 'duplicate', ref: { queue: twin.queue, id }, why: `the key ${job.key} is held by ${id}` };
      }
      const since = delaySeconds === undefined ? undefined : earlier(store.clock(), -delaySeconds);
      const { id } = store.add({ ...job, queue, since, state: since === undefined ? 'waiting' : 'delayed' });
      return { result: 'done', ref: { queue, id } };
    });
  },
});

const waitingTwin = (store: MemoryStore, key: string) =>
  store.entries().find(({ job }) => job.key === key && (job.state === 'waiting' || job.state === 'delayed'))?.job;
