import type { MemoryAdapter } from '../../../src/adapters/memory/index.ts';
import type { Enqueued, NewJob } from '../../../src/domain/enqueue.ts';
import type { Pauses } from '../../../src/domain/pause.ts';
import { type Fault, withCan } from './plant.ts';

type Send = (queue: string, jobs: readonly NewJob[]) => Promise<Enqueued[]>;

/** The same adapter, its enqueue replaced by one that goes through the real one. */
const enqueueing =
  (change: (send: Send, memory: MemoryAdapter) => Send): Fault['plant'] =>
  (memory) => {
    const { enqueue } = memory.can;
    if (enqueue === undefined || enqueue.level === 'none') throw new TypeError('the memory backend can');
    const { ops } = enqueue;
    const send = change((queue, jobs) => ops.enqueue(queue, jobs), memory);
    return withCan(memory, { enqueue: { level: 'native', ops: { ...ops, enqueue: send } } });
  };

const pausing =
  (change: (ops: Pauses, memory: MemoryAdapter) => Partial<Pauses>): Fault['plant'] =>
  (memory) => {
    const { pause } = memory.can;
    if (pause === undefined || pause.level === 'none') throw new TypeError('the memory backend can');
    return withCan(memory, { pause: { level: 'native', ops: { ...pause.ops, ...change(pause.ops, memory) } } });
  };

const without = (field: keyof NewJob) =>
  enqueueing(
    (send) => (queue, jobs) =>
      send(
        queue,
        jobs.map((job) => ({ ...job, [field]: undefined })),
      ),
  );

export const operatingFaults: readonly Fault[] = [
  {
    name: 'adds jobs in another order than it answers',
    topic: 'enqueue',
    plant: enqueueing((send) => async (queue, jobs) => (await send(queue, jobs)).reverse()),
  },
  { name: 'runs a delayed job at once', topic: 'enqueue', plant: without('delaySeconds') },
  { name: 'forgets the lane', topic: 'enqueue', plant: without('lane') },
  { name: 'forgets the idempotency key', topic: 'enqueue', plant: without('key') },
  {
    name: 'answers for a job that is not there',
    topic: 'enqueue',
    plant: enqueueing(
      () => async (queue, jobs) => jobs.map((_, n) => ({ result: 'done', ref: { queue, id: `${n}` } })),
    ),
  },
  {
    name: 'says that it paused and did not',
    topic: 'pause',
    plant: pausing((ops) => ({ pause: async (queue) => ({ ...(await ops.look(queue)), paused: true }) })),
  },
  {
    name: 'pauses every queue',
    topic: 'pause',
    plant: pausing((ops, memory) => ({
      async pause(queue) {
        for (const other of memory.store.queues) await ops.pause(other);
        return await ops.pause(queue);
      },
    })),
  },
  {
    name: 'only resumes what it was told about',
    topic: 'pause',
    plant: pausing((ops) => ({
      resume: (queue, found) => (found === undefined ? ops.look(queue) : ops.resume(queue, found)),
    })),
  },
];
