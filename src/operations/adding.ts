import { requireOps } from '../domain/capability.ts';
import type { Enqueued, NewJob } from '../domain/enqueue.ts';
import type { JobRef } from '../domain/job.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Task } from '../domain/plan.ts';
import type { Engine, EngineParts, Taken } from './batch.ts';
import { type Made, toldApart } from './made-before.ts';

type Enqueue = Extract<Task, { kind: 'enqueue' }>;

export const noDoor = {
  level: 'none',
  why: 'nothing can be added to it from here.',
  instead: 'Add the job with the library of your application.',
} as const;

/**
 * Adds the input batch by batch, each in one call. What a lost answer made of its batch cannot be found out afterwards: a
 * job has no name before it is there.
 */
export function adding(
  { queue }: Enqueue,
  { adapter, input, madeBefore }: Pick<EngineParts, 'adapter' | 'input' | 'madeBefore'>,
): Engine {
  const ops = requireOps(adapter.backend.name, 'enqueue', adapter.can.enqueue ?? noDoor);
  const { keySeconds } = ops;
  let made: Map<string, Made> | undefined;
  return {
    saves: false,
    keeps: () => true,
    left: async () => undefined,
    settle: async ({ refs }) =>
      refs.map((ref) => ({
        ref,
        result: 'unknown',
        why: 'the answer never came, and a job has no name before it is there: look for it in the queue',
      })),
    async *batches(size, from) {
      if (input === undefined) throw new TypeError('there is no input to add');
      let source = from;
      for await (const jobs of input(from, Math.min(size, ops.batch))) {
        const refs = jobs.map((_, index) => ({ queue, id: `#${source + index}` }));
        // only a key may have been there before, and only where nobody else tells so
        if (keySeconds !== undefined && jobs.some(({ key }) => key !== undefined))
          made ??= await madeBefore?.(keySeconds);
        const apply = async (): Promise<Taken> => {
          const answers = await ops.enqueue(queue, jobs);
          return taken(refs, made === undefined ? answers : toldApart(made, jobs, answers));
        };
        yield { step: { mark: 'enqueue', refs, apply }, source };
        source += jobs.length;
      }
    },
  };
}

const taken = (refs: readonly JobRef[], answers: readonly Enqueued[]): Taken => ({
  outcomes: refs.map((ref, index) => outcomeOf(ref, answers[index])),
  made: answers.flatMap((answer) => (answer.result === 'done' ? [answer.ref.id] : [])),
});

function outcomeOf(ref: JobRef, answer: Enqueued | undefined): Outcome {
  if (answer === undefined) return { ref, result: 'unknown', why: 'the backend did not tell what became of it' };
  if (answer.result === 'done') return { ref, result: 'done' };
  if (answer.result === 'duplicate') return { ref, result: 'skipped', why: 'duplicate', note: answer.why };
  return { ref, result: answer.result, why: answer.why };
}

/** Why this backend cannot take the job as it is; undefined when it can. */
export function unfit(
  queue: string,
  job: NewJob,
  {
    ignores,
    refuses,
  }: {
    readonly ignores: ReadonlySet<keyof NewJob>;
    readonly refuses?: (job: NewJob, queue: string) => string | undefined;
  },
): string | undefined {
  if (ignores.has('type') && job.type !== queue)
    return `a queue holds jobs of one type here, its own name: ${queue}, not ${job.type}`;
  for (const field of ignores)
    if (field !== 'type' && job[field] !== undefined) return `${field} means nothing to this backend`;
  return refuses?.(job, queue);
}
