import { expect, it } from 'vitest';
import type { Enqueued, NewJob } from '../../src/domain/enqueue.ts';
import type { Report } from '../../src/domain/plan.ts';
import { type EngineParts, engineFor } from '../../src/operations/engine.ts';
import { planAdding } from '../../src/operations/plan-adding.ts';
import { resumeRun } from '../../src/operations/resume.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { openRun } from '../../src/safety/run-folder.ts';
import { inputOf, openSpool } from '../../src/safety/run-input.ts';
import { planFor } from '../safety/saved-jobs.ts';
import { openStage, portsOf, type Stage } from './stage.ts';

const jobs = (count: number): NewJob[] =>
  Array.from({ length: count }, (_, n) => ({ type: 'email.send', payload: `{"n":${n + 1}}` }));

const partsOf = (stage: Stage, folder: () => string): EngineParts => ({
  adapter: stage.adapter,
  tests: {},
  source: async function* () {},
  input: (from, size) => inputOf(folder(), from, size),
});

const pace = { dryRun: false, batch: 2, signal: new AbortController().signal };
const portsFor = (stage: Stage) =>
  portsOf(
    (run) => run,
    stage.stateDir,
    stage.log,
    () => stage.adapter,
  );

/** Adds these jobs as the command does: kept beside the plan first, then sent in batches of two. */
async function add(stage: Stage, input: readonly NewJob[]): Promise<Report> {
  const spool = await openSpool(stage.stateDir);
  for (const job of input) await spool.add(job);
  let folder = '';
  const ports = portsFor(stage);
  return await runOperation(
    () =>
      planAdding(stage.memory, {
        verb: 'enqueue',
        context: 'test',
        protected: false,
        queue: 'email',
        jobs: spool.jobs,
        types: ['email.send'],
        sample: [],
        invalid: [],
        warnings: [],
      }),
    (plan) =>
      engineFor(
        plan,
        partsOf(stage, () => folder),
      ),
    {
      ...ports,
      open: async (plan) => {
        const run = await ports.open(plan);
        folder = run.path;
        await spool.moveTo(folder);
        return run;
      },
    },
    pace,
  );
}

/** An enqueue that answers this way on its n-th call. */
function answering(stage: Stage, call: number, answer: (jobs: readonly NewJob[]) => Promise<Enqueued[]>): void {
  const { can } = stage.memory;
  if (can.enqueue === undefined || can.enqueue.level === 'none') throw new TypeError('the memory backend can');
  const { ops } = can.enqueue;
  let calls = 0;
  stage.adapter = {
    ...stage.memory,
    can: {
      ...can,
      enqueue: {
        level: 'native',
        ops: { ...ops, enqueue: (queue, sent) => (++calls === call ? answer(sent) : ops.enqueue(queue, sent)) },
      },
    },
  };
}

async function resume(stage: Stage, id: string): Promise<Report> {
  const run = await openRun(stage.stateDir, id);
  try {
    const engine = engineFor(
      run.plan,
      partsOf(stage, () => run.path),
    );
    return await resumeRun(run, engine, async function* () {}, portsFor(stage), pace);
  } finally {
    await run.close();
  }
}

const payloads = (stage: Stage): string[] => stage.memory.store.entries().map(({ job }) => job.payload);

it('adds the input in order, without a lock, and tells the ids', async () => {
  const stage = await openStage();
  const report = await add(stage, jobs(5));
  expect(report).toMatchObject({ verb: 'enqueue', matched: 5, outcomes: { done: 5 }, complete: true });
  expect(report.made).toEqual(['1', '2', '3', '4', '5']);
  expect(payloads(stage)).toEqual(jobs(5).map(({ payload }) => payload));
  expect(stage.log).not.toContain('lock');
  const entries = await stage.journal(report.run ?? '');
  expect(entries.map(({ at }) => at).join(' ')).toBe('start intent outcome intent outcome intent outcome end');
});

it('to have it already is to have it: a duplicate is no failure', async () => {
  const stage = await openStage();
  const [job] = jobs(1).map((one) => ({ ...one, key: 'once' }));
  const report = await add(stage, [job as NewJob, job as NewJob]);
  expect(report).toMatchObject({ complete: true, outcomes: { done: 1, skipped: 1 } });
});

it('earlier runs are asked only about keys, and only where the backend does not tell', async () => {
  const stage = await openStage();
  const { enqueue } = stage.memory.can;
  if (enqueue === undefined || enqueue.level === 'none') throw new TypeError('the memory backend can');
  const input = [{ type: 'email.send', payload: '{}' }];
  const askedFor = async (keySeconds: number | undefined, more: Partial<NewJob> = {}): Promise<number[]> => {
    const asked: number[] = [];
    const can = { ...stage.memory.can, enqueue: { ...enqueue, ops: { ...enqueue.ops, keySeconds } } };
    const engine = engineFor(planFor(['email'], { task: { kind: 'enqueue', queue: 'email', types: [] } }), {
      ...partsOf(stage, () => ''),
      adapter: { ...stage.memory, can },
      input: async function* () {
        yield input.map((job) => ({ ...job, ...more }));
      },
      madeBefore: async (seconds) => {
        asked.push(seconds);
        return new Map();
      },
    });
    for await (const batch of engine.batches(1, 1)) expect(batch).toHaveProperty('step');
    return asked;
  };
  expect(await askedFor(300, { key: 'once' })).toEqual([300]);
  expect(await askedFor(300)).toEqual([]);
  expect(await askedFor(undefined, { key: 'once' })).toEqual([]);
});

it('an answer that never came stays unknown: the resume does not guess, and adds the rest', async () => {
  const stage = await openStage();
  answering(stage, 2, async () => {
    throw new Error('cut off');
  });
  const broken = await add(stage, jobs(5));
  expect(broken).toMatchObject({ complete: false, outcomes: { done: 2, unknown: 2 } });
  expect(await resume(stage, broken.run ?? '')).toMatchObject({ complete: false, outcomes: { done: 3, unknown: 2 } });
  expect(payloads(stage)).toEqual(['{"n":1}', '{"n":2}', '{"n":5}']);
});

it('a batch that the backend refused is told, and the run goes no further', async () => {
  const stage = await openStage();
  answering(stage, 2, async (sent) => sent.map(() => ({ result: 'failed', why: 'no disk' })));
  const broken = await add(stage, jobs(5));
  expect(broken).toMatchObject({
    complete: false,
    outcomes: { done: 2, failed: 2 },
    stopped: 'a whole batch failed: no disk',
  });
  expect(await resume(stage, broken.run ?? '')).toMatchObject({ outcomes: { done: 3, failed: 2 } });
  expect(payloads(stage)).toEqual(['{"n":1}', '{"n":2}', '{"n":5}']);
});

it('undo takes back what no worker has begun, and can be undone', async () => {
  const stage = await openStage();
  const report = await add(
    stage,
    jobs(4).map((job) => ({ ...job, maxAttempts: 3 })),
  );
  const worker = stage.memory.worker();
  worker.take('email');
  const tried = worker.take('email');
  if (tried !== undefined) worker.fail(tried); // it will be tried again, so it has begun
  const undone = await stage.undo(report.run ?? '');
  expect(undone).toMatchObject({ verb: 'undo', outcomes: { done: 2, skipped: 2 } });
  expect(stage.states()).toEqual({ 1: 'active', 2: 'delayed' });
  expect(await stage.undo(undone.run ?? '')).toMatchObject({ outcomes: { done: 2 } });
  expect(stage.states()).toEqual({ 1: 'active', 2: 'delayed', 3: 'waiting', 4: 'waiting' });
});
