import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type MemoryAdapter, type MemorySeed, memoryAdapter } from '../../src/adapters/memory/index.ts';
import type { Action } from '../../src/domain/action.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import type { JobState } from '../../src/domain/job.ts';
import type { Plan, Report, Task, Verb } from '../../src/domain/plan.ts';
import type { Selection, Tests } from '../../src/domain/selection.ts';
import { type EngineParts, engineFor, type SourceBatch } from '../../src/operations/engine.ts';
import { planAction } from '../../src/operations/plan-action.ts';
import { changedBy, planReturn, savedIn, wayBack } from '../../src/operations/plan-return.ts';
import type { Pace, Ports } from '../../src/operations/ports.ts';
import { resumeRun } from '../../src/operations/resume.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { readJournal } from '../../src/safety/journal.ts';
import type { JournalEntry } from '../../src/safety/journal-entry.ts';
import { createRun, openRun, type RunFolder, readRun } from '../../src/safety/run-folder.ts';

export const replay: Action = { verb: 'replay', keepAttempts: false };
export const remove: Action = { verb: 'remove' };

type Return = Extract<Task, { kind: 'put-back' }>;

export interface ActOptions {
  readonly verb?: Verb;
  readonly action?: Action;
  readonly states?: readonly JobState[];
  readonly more?: Partial<Selection>;
  readonly tests?: Tests;
  readonly limit?: number;
  readonly pace?: Partial<Pace>;
  readonly protected?: boolean;
}

/** A memory backend, a state folder and the real run folders: all a write needs. */
export interface Stage {
  readonly memory: MemoryAdapter;
  readonly stateDir: string;
  /** What happened, in order: `lock`, `save 5`, `journal intent`, `apply 5` … */
  readonly log: string[];
  /** Stands in front of the backend; a test puts its faults here. */
  adapter: QueueAdapter;
  /** Stands in front of the run folder. */
  around: (run: RunFolder) => RunFolder;
  seed(count: number, job?: Partial<MemorySeed>): string[];
  act(options?: ActOptions): Promise<Report>;
  resume(run: string, pace?: Partial<Pace>): Promise<Report>;
  undo(run: string, pace?: Partial<Pace>): Promise<Report>;
  restore(
    run: string,
    more?: { pace?: Partial<Pace>; asWas?: boolean; ids?: string[]; limit?: number },
  ): Promise<Report>;
  journal(run: string): Promise<JournalEntry[]>;
  /** The states of the queue's jobs by id. */
  states(queue?: string): Record<string, JobState>;
}

export async function openStage(): Promise<Stage> {
  const stateDir = await mkdtemp(join(tmpdir(), 'jobctl-operations-'));
  const memory = memoryAdapter();
  onTestFinished(async () => {
    await memory.close();
    await rm(stateDir, { recursive: true, force: true });
  });
  const log: string[] = [];
  const ports = portsOf(
    (run) => logged(stage.around(run), log),
    stateDir,
    log,
    () => stage.adapter,
  );
  const paceOf = (pace: Partial<Pace> = {}): Pace => ({
    dryRun: false,
    batch: 5,
    signal: new AbortController().signal,
    ...pace,
  });
  const parts = (tests: Tests = {}): EngineParts => ({ adapter: stage.adapter, tests, source });
  async function* source(task: Return, from: number): AsyncGenerator<SourceBatch> {
    if (task.from.run === undefined) return yield* savedIn(task.from, from);
    const run = await readRun(stateDir, task.from.run);
    yield* changedBy(run, from, (first) =>
      run.plan.task.kind === 'put-back' ? source(run.plan.task, first) : nothing(),
    );
  }
  const putBack = (
    request: Omit<Parameters<typeof planReturn>[1], 'context' | 'protected' | 'warnings'>,
    pace?: Partial<Pace>,
  ) =>
    runOperation(
      () =>
        planReturn(stage.adapter, { ...request, context: 'test', protected: false, warnings: [] }, (task) =>
          source(task, 1),
        ),
      (plan) => engineFor(plan, parts()),
      ports,
      paceOf(pace),
    );
  const stage: Stage = {
    memory,
    stateDir,
    log,
    adapter: memory,
    around: (run) => run,
    seed: (count, job = {}) =>
      memory.seed(
        Array.from({ length: count }, () => ({
          queue: 'email',
          state: 'dead',
          attempts: 5,
          payload: '{"to":"ada"}',
          ...job,
        })),
      ),
    act: ({
      verb = 'replay',
      action = replay,
      states = ['dead'] as const,
      more = {},
      tests = {},
      limit,
      pace,
      ...rest
    } = {}) =>
      runOperation(
        () =>
          planAction(stage.adapter, {
            verb,
            action,
            tests,
            limit,
            context: 'test',
            protected: rest.protected ?? false,
            selection: { queues: ['email'], states, ...more },
          }),
        (plan) => engineFor(plan, parts(tests)),
        ports,
        paceOf(pace),
      ),
    async resume(id, pace) {
      const run = await openRun(stateDir, id);
      const { task } = run.plan;
      const from = (first: number) => (task.kind === 'put-back' ? source(task, first) : nothing());
      try {
        return await resumeRun(logged(stage.around(run), log), engineFor(run.plan, parts()), from, ports, paceOf(pace));
      } finally {
        await run.close();
      }
    },
    async undo(id, pace) {
      const run = await readRun(stateDir, id);
      const from = { backup: run.backupPath ?? '', run: id };
      return await putBack({ verb: 'undo', via: wayBack(run), asWas: true, from }, pace);
    },
    async restore(id, { pace, asWas = true, ids, limit } = {}) {
      const { backupPath } = await readRun(stateDir, id);
      const from = { backup: backupPath ?? '', ids };
      return await putBack({ verb: 'restore', via: 'restore', asWas, from, limit }, pace);
    },
    async journal(id) {
      const entries: JournalEntry[] = [];
      for await (const entry of readJournal((await readRun(stateDir, id)).journalPath)) entries.push(entry);
      return entries;
    },
    states: (queue = 'email') =>
      Object.fromEntries(
        memory.store
          .entries()
          .filter(({ job }) => job.queue === queue)
          .map(({ job }) => [job.id, job.state]),
      ),
  };
  return stage;
}

async function* nothing(): AsyncGenerator<never> {}

/** Real locks and real run folders; only the eyes and the person are left out. */
export function portsOf(
  around: (run: RunFolder) => RunFolder,
  stateDir: string,
  log: string[],
  adapter: () => QueueAdapter,
): Ports {
  return {
    show: {
      plan: () => void log.push('plan'),
      progress: ({ waiting }) => {
        if (waiting !== undefined) log.push(`waiting: ${waiting}`);
      },
      settled: () => void log.push('settled'),
    },
    confirm: async (plan: Plan) => void log.push(`confirm ${plan.matched.value}`),
    async lock(plan) {
      log.push('lock');
      const { lock } = adapter().can;
      if (lock.level === 'none') throw new Error(lock.why);
      const held = await lock.ops.acquire({ queues: plan.queues, holder: 'a test', waitMs: 0 });
      return { lost: held.lost, release: () => held.release().then(() => void log.push('unlock')) };
    },
    open: async (plan) => around(await createRun(stateDir, plan, new Date())),
    audit: async (_plan, _run, ended) => void log.push(ended instanceof Error ? 'audit an error' : 'audit'),
  };
}

/** The same run folder; what it did is in the log once it has done it. */
function logged(run: RunFolder, log: string[]): RunFolder {
  return around(run, {
    async save(jobs) {
      const frame = await run.save(jobs);
      log.push(`save ${jobs.length}`);
      return frame;
    },
    async journal(entry) {
      await run.journal(entry);
      log.push(`journal ${entry.at}`);
    },
  });
}

/** The run folder with some of its methods replaced; its getters go on reading the one below. */
export const around = (
  run: RunFolder,
  instead: Partial<Pick<RunFolder, 'save' | 'journal' | 'report'>>,
): RunFolder => ({
  id: run.id,
  path: run.path,
  plan: run.plan,
  journalPath: run.journalPath,
  get backupPath() {
    return run.backupPath;
  },
  get nextBatch() {
    return run.nextBatch;
  },
  save: (jobs) => run.save(jobs),
  journal: (entry) => run.journal(entry),
  report: (report) => run.report(report),
  close: () => run.close(),
  ...instead,
});
