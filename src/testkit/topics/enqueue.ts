import { expect } from 'vitest';
import type { Enqueued, Enqueues, NewJob } from '../../domain/enqueue.ts';
import { jobsOf } from '../act.ts';
import type { Bench } from '../bench.ts';
import { NotHere, opsOf, type Topic } from '../topic.ts';

const QUEUE = 'email';
const DAY = 86_400;

/** The operations, and the queue made ready for them where it must be there beforehand. */
async function open(bench: Bench): Promise<Enqueues> {
  const ops = opsOf(bench, 'enqueue');
  const state = bench.holds.states.has('dead') ? 'dead' : 'waiting';
  await bench.seed(QUEUE, [{ state }]);
  return ops;
}

const typeIn = ({ holds }: Bench): string => (holds.types === 'the queue' ? QUEUE : 'email.send');

const newJob = (bench: Bench, more: Partial<NewJob> = {}): NewJob => ({
  type: typeIn(bench),
  payload: '{"to": "ada", "n": 1}',
  ...more,
});

const idOf = (answer: Enqueued | undefined): string => {
  if (answer?.result !== 'done') expect.fail(`it was not added: ${JSON.stringify(answer)}`);
  return answer.ref.id;
};

const results = (answers: readonly Enqueued[]): string[] => answers.map(({ result }) => result);

/** Takes the fields away that the backend says it ignores, or refuses in this queue. */
const honoured = (bench: Bench, ops: Enqueues, job: Partial<NewJob>): Partial<NewJob> =>
  Object.fromEntries(
    Object.entries(job).filter(
      ([name, value]) =>
        !ops.ignores.has(name as keyof NewJob) &&
        ops.refuses?.(newJob(bench, { [name]: value } as Partial<NewJob>), QUEUE) === undefined,
    ),
  );

export const enqueue: Topic = {
  name: 'enqueue',
  checks: {
    'adds jobs that wait, in the order given, each with its payload and no attempt made': async (bench) => {
      const ops = await open(bench);
      const jobs = [1, 2, 3].map((n) => newJob(bench, { payload: JSON.stringify({ n }) }));
      const answers = await ops.enqueue(QUEUE, jobs);
      const ids = answers.map(idOf);
      expect(new Set(ids).size).toBe(3);
      const there = await jobsOf(bench.adapter, QUEUE);
      for (const [index, id] of ids.entries()) {
        const job = there.get(id);
        expect(job).toMatchObject({ queue: QUEUE, type: typeIn(bench), state: 'waiting', retrying: false });
        if (bench.adapter.reads === 'peek') expect(job?.attempts).toBe(0);
        expect(JSON.parse(job?.payload ?? '')).toEqual({ n: index + 1 });
      }
    },
    'a worker takes what was added': async (bench) => {
      const ops = await open(bench);
      const [answer] = await ops.enqueue(QUEUE, [newJob(bench)]);
      expect(await bench.work(QUEUE, 'completes')).toBe(idOf(answer));
    },
    'keeps delay, priority, lane, key and tries, except for what it says that it ignores': async (bench) => {
      const ops = await open(bench);
      const asked = honoured(bench, ops, { priority: 3, lane: 'blue', tenant: 'acme', key: 'once', maxAttempts: 7 });
      const later = honoured(bench, ops, { delaySeconds: DAY });
      const [first, second] = await ops.enqueue(QUEUE, [newJob(bench, asked), newJob(bench, later)]);
      const there = await jobsOf(bench.adapter, QUEUE);
      expect(there.get(idOf(first))).toMatchObject(asked);
      const delayed = there.get(idOf(second));
      expect(delayed?.state).toBe('delaySeconds' in later ? 'delayed' : 'waiting');
      if ('delaySeconds' in later && bench.holds.attributes.has('since'))
        expect(Math.abs(Date.parse(delayed?.since ?? '') - Date.now() - DAY * 1000)).toBeLessThan(120_000);
    },
    'adds no second job under a key that waits, nor twice in one call': async (bench) => {
      const ops = await open(bench);
      if (!('key' in honoured(bench, ops, { key: 'once' }))) throw new NotHere('no idempotency keys');
      const once = newJob(bench, { key: 'once' });
      const [first] = await ops.enqueue(QUEUE, [once]);
      const id = idOf(first);
      expect(results(await ops.enqueue(QUEUE, [once, newJob(bench), once]))).toEqual([
        'duplicate',
        'done',
        'duplicate',
      ]);
      const twice = newJob(bench, { key: 'another' });
      expect(results(await ops.enqueue(QUEUE, [twice, twice]))).toEqual(['done', 'duplicate']);
      const keyed = [...(await jobsOf(bench.adapter, QUEUE)).values()].filter(({ key }) => key === 'once');
      expect(keyed.map((job) => job.id)).toEqual([id]);
    },
    'what was added can be taken away again': async (bench) => {
      const ops = await open(bench);
      const id = idOf((await ops.enqueue(QUEUE, [newJob(bench)]))[0]);
      const remove = opsOf(bench, 'remove');
      const selection = { queues: [QUEUE], states: ['waiting', 'delayed'] as const, ids: [id] };
      for await (const claim of remove.claim({ selection, action: { verb: 'remove' }, size: 5 })) {
        await claim.apply(claim.jobs);
        await claim.release();
      }
      expect((await jobsOf(bench.adapter, QUEUE)).has(id)).toBe(false);
    },
  },
};
