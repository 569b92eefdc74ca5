import type { Task } from '../domain/plan.ts';
import type { SourceBatch } from '../operations/engine.ts';
import { changedBy, savedIn } from '../operations/plan-return.ts';
import { readRun } from '../safety/run-folder.ts';

type Return = Extract<Task, { kind: 'put-back' }>;

/** What a restore or an undo reads: a backup, or what a run changed. A run that itself restored points on to its own source. */
export async function* sourceOf(task: Return, from: number, stateDir: string): AsyncGenerator<SourceBatch> {
  if (task.from.run === undefined) {
    yield* savedIn(task.from, from);
    return;
  }
  const run = await readRun(stateDir, task.from.run);
  const restored = (first: number): AsyncGenerator<SourceBatch> =>
    run.plan.task.kind === 'put-back' ? sourceOf(run.plan.task, first, stateDir) : nothing();
  yield* changedBy(run, from, restored, task.via);
}

async function* nothing(): AsyncGenerator<SourceBatch> {}
