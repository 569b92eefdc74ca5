import { JobctlError } from '../../domain/errors.ts';
import type { Schedule, Schedules } from '../../domain/schedule.ts';
import type { Connection } from './connection.ts';
import type { MemorySchedule } from './memory-job.ts';
import type { MemoryStore } from './store.ts';

const key = (queue: string, id: string): string => `${queue}\n${id}`;

export function listSchedules({ schedules }: MemoryStore, queues?: readonly string[]): Schedule[] {
  const all = [...schedules.values()].filter(({ queue }) => queues?.includes(queue) ?? true);
  return all.map(({ payload: _, ...schedule }) => schedule);
}

export const scheduleWrites = (connection: Connection): Schedules => {
  const found = (store: MemoryStore, id: string, queue: string): MemorySchedule => {
    const one = store.schedules.get(key(queue, id));
    if (one === undefined) throw new JobctlError('stale', `The schedule ${id} of ${queue} is not there any more.`);
    return one;
  };
  const turn = async (id: string, queue: string, paused: boolean): Promise<Schedule> => {
    const store = connection.useToWrite([queue]);
    const one = { ...found(store, id, queue), paused };
    store.schedules.set(key(queue, id), one);
    return one;
  };
  return {
    pause: (id, queue) => turn(id, queue, true),
    resume: (id, queue) => turn(id, queue, false),
    run: async (id, queue) => {
      const store = connection.useToWrite([queue]);
      const { type, payload } = found(store, id, queue);
      return store.add({ queue, ...(type !== undefined && { type }), ...(payload !== undefined && { payload }) }).id;
    },
    save: async (id, queue) => {
      const one = connection.use().schedules.get(key(queue, id));
      return one && { ...one };
    },
    remove: async (id, queue, as) => {
      const store = connection.useToWrite([queue]);
      const one = found(store, id, queue);
      if (as !== undefined && JSON.stringify(as) !== JSON.stringify(one))
        throw new JobctlError('stale', `The schedule ${id} of ${queue} was changed meanwhile.`);
      store.schedules.delete(key(queue, id));
    },
    put: async (saved, queue) => {
      const store = connection.useToWrite([queue]);
      const one = saved as unknown as MemorySchedule;
      if (store.schedules.has(key(queue, one.id)))
        throw new JobctlError('refused', `A schedule ${one.id} is in ${queue} already.`);
      store.schedules.set(key(queue, one.id), one);
    },
  };
};
