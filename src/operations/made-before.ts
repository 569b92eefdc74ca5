import type { Enqueued, NewJob } from '../domain/enqueue.ts';
import type { Task } from '../domain/plan.ts';
import { type Batch, batches } from '../safety/journal.ts';
import { type RunRecord, readRun } from '../safety/run-folder.ts';
import { runsWrittenSince } from '../safety/run-list.ts';

/** Who sent a job, and who took it away again since. */
export interface Made {
  readonly run: string;
  readonly goneBy?: string | undefined;
}

/** So many ids are kept, the newest: some 15 MB. */
const MOST = 100_000;
/** A disk may have another clock than this process. */
const CLOCKS_APART = 60;

/**
 * Where a backend answers a second job of one key with the id of the first, as if it were new, only the journals tell. By
 * their ids, all jobs that were sent from here within so many seconds; these are their own, whatever the queue is called.
 */
export async function madeBefore(stateDir: string, seconds: number): Promise<Map<string, Made>> {
  const made = new Map<string, Made>();
  const runs: RunRecord[] = [];
  for (const id of await runsWrittenSince(stateDir, Date.now() - (seconds + CLOCKS_APART) * 1000)) {
    const run = await readRun(stateDir, id).catch(() => undefined);
    if (run !== undefined) runs.push(run);
  }
  for (const run of runs) {
    if (run.plan.task.kind !== 'enqueue') continue;
    for await (const { outcome } of readable(run))
      for (const id of outcome?.made ?? []) keep(made, id, { run: run.id });
  }
  if (made.size === 0) return made;
  for (const run of runs) {
    const removes = takesAway(run.plan.task);
    if (!removes && run.plan.task.kind !== 'put-back') continue;
    for await (const batch of readable(run))
      for (const id of removes ? doneIn(batch) : batch.copies.map((copy) => copy.id)) {
        const one = made.get(id);
        if (one !== undefined) made.set(id, { run: one.run, ...(removes && { goneBy: run.id }) });
      }
  }
  return made;
}

/** The answers, with those that are about a job of an earlier send told apart. What is new is known from now on. */
export const toldApart = (
  made: Map<string, Made>,
  jobs: readonly NewJob[],
  answers: readonly Enqueued[],
): readonly Enqueued[] =>
  answers.map((answer, index) => {
    if (answer.result !== 'done' || jobs[index]?.key === undefined) return answer;
    const { ref } = answer;
    const first = made.get(ref.id);
    if (first === undefined) {
      keep(made, ref.id, { run: 'this run' });
      return answer;
    }
    const { run, goneBy } = first;
    if (goneBy === undefined) return { result: 'duplicate', ref, why: `sent as ${ref.id} by ${run}` };
    const why = `${run} sent it as ${ref.id}, and ${goneBy} took it away: its key is still remembered, so nothing was added; try again in a few minutes`;
    return { result: 'failed', why };
  });

function keep(made: Map<string, Made>, id: string, by: Made): void {
  made.set(id, by);
  const [oldest] = made.keys();
  if (made.size > MOST && oldest !== undefined) made.delete(oldest);
}

const takesAway = (task: Task): boolean =>
  task.kind === 'act'
    ? task.action.verb === 'remove'
    : task.kind === 'put-back' && (task.via === 'remove' || task.via === 'withdraw');

function doneIn({ intent, outcome }: Batch): readonly string[] {
  if (outcome === undefined) return [];
  const left = new Set(outcome.rest.map(({ id }) => id));
  return intent.ids.filter((id) => !left.has(id));
}

/** A journal that is damaged tells what stands before the damage: it must not keep others from being added. */
async function* readable({ journalPath }: RunRecord): AsyncGenerator<Batch> {
  try {
    yield* batches(journalPath);
  } catch {
    // told by whatever is about that run itself
  }
}
