import type { Lock, SavedJob } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { fromDate } from '../domain/instant.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { restOf } from '../safety/journal-entry.ts';
import type { RunFolder } from '../safety/run-folder.ts';
import type { Batch, Engine } from './engine.ts';
import type { Pace, Ports } from './ports.ts';
import { Results, reportOf } from './tally.ts';

export interface Execution {
  readonly plan: Plan;
  readonly run: RunFolder;
  readonly engine: Engine;
  readonly lock: Lock;
  readonly ports: Ports;
  readonly pace: Pace;
}

const STOPPED = 'stopped on request';

/** Where a resumed run goes on. */
export interface SoFar {
  readonly results: Results;
  /** The next batch of the source, where jobs are put back. */
  readonly source: number;
}

const nothingYet = (plan: Plan): SoFar => ({ results: new Results(plan), source: 1 });

/**
 * The loop that is the same for every verb and backend:
 * keep what still matches → save and sync → journal the intent → apply → journal the outcomes.
 * Whatever stops it, what was done is in the report and in the journal.
 */
export async function execute(execution: Execution, soFar: SoFar = nothingYet(execution.plan)): Promise<Report> {
  const { plan, engine, ports, pace, run } = execution;
  const { results } = soFar;
  const target = Math.min(plan.matched.value, plan.limit ?? Number.POSITIVE_INFINITY);
  let stopped: string | undefined;
  try {
    for await (const batch of engine.batches(pace.batch, soFar.source)) {
      stopped = await oneBatch(execution, batch, results);
      ports.show.progress({ done: results.handled, of: target, exact: plan.matched.exact });
      if (stopped !== undefined || isFull(plan, results)) break;
    }
  } catch (error) {
    if (results.handled === 0) {
      ports.show.settled();
      throw await ended(execution, results, error);
    }
    stopped = messageOf(error);
  }
  ports.show.settled();
  // a paced adapter ends its claims early when it is told to stop while it waits
  if (pace.signal.aborted && !isFull(plan, results) && (results.handled < target || !plan.matched.exact))
    stopped ??= STOPPED;
  if (stopped === undefined && plan.matched.exact && results.handled < target) {
    const left = (await engine.left().catch(() => undefined)) ?? 0;
    if (left > 0) stopped = `${left} jobs that match were held by other sessions`;
    results.movedOn(Math.max(0, target - results.handled - left));
  }
  const finished = stopped === undefined;
  await run
    .journal({ at: 'end', time: fromDate(new Date()), complete: finished, ...(finished ? {} : { stopped }) })
    .catch(() => {});
  const complete = finished && !results.leftWork;
  const report = reportOf(plan, results, {
    run: run.id,
    backup: run.backupPath,
    complete,
    stopped,
    next: nextSteps(run, results, finished),
  });
  await run.report(report).catch(() => {});
  await ports.audit(plan, run.id, report);
  return report;
}

/** Returns why the run must stop, or undefined to go on. */
async function oneBatch(
  { plan, engine, run, lock, pace }: Execution,
  { claim, source }: Batch,
  results: Results,
): Promise<string | undefined> {
  try {
    const left = (plan.limit ?? Number.POSITIVE_INFINITY) - results.acted;
    const jobs = claim.jobs.filter(({ job }) => engine.keeps(job)).slice(0, left);
    const origin = source === undefined ? {} : { source };
    const skipped = results.unmet(claim.skipped);
    if (skipped.length > 0 || (jobs.length === 0 && source !== undefined)) {
      // only with its last entry is a batch of the source behind us
      await run.journal({ at: 'skipped', rest: restOf(skipped), ...(jobs.length === 0 ? origin : {}) });
      results.add(skipped);
    }
    if (jobs.length > 0) {
      if (lock.lost.aborted) throw lock.lost.reason;
      const frame = engine.saves ? { frame: await run.save(jobs) } : {};
      const batch = run.nextBatch;
      await run.journal({ at: 'intent', batch, mark: claim.mark, ...namesOf(plan, jobs), ...frame, ...origin });
      const lost: { error?: unknown } = {};
      const outcomes = await claim.apply(jobs).catch((error: unknown): Outcome[] => {
        lost.error = error;
        return jobs.map(({ job }) => ({
          ref: { queue: job.queue, id: job.id },
          result: 'unknown',
          why: messageOf(error),
        }));
      });
      results.add(outcomes); // it has happened, whether or not the journal still takes it
      await run.journal({
        at: 'outcome',
        batch,
        done: outcomes.filter(({ result }) => result === 'done').length,
        rest: restOf(outcomes),
      });
      if (lost.error !== undefined) return messageOf(lost.error);
      if (outcomes.every(({ result }) => result === 'failed'))
        return `a whole batch failed: ${outcomes[0]?.result === 'failed' ? outcomes[0].why : ''}`;
    }
    return pace.signal.aborted ? STOPPED : undefined;
  } finally {
    await claim.release();
  }
}

const namesOf = (plan: Plan, jobs: readonly SavedJob[]): { ids: string[]; queues?: string[] } => ({
  ids: jobs.map(({ job }) => job.id),
  ...(plan.queues.length > 1 ? { queues: jobs.map(({ job }) => job.queue) } : {}),
});

const isFull = (plan: Plan, results: Results): boolean => plan.limit !== undefined && results.acted >= plan.limit;

/** Nothing was done: the error itself is the answer. Without an intent in the journal there is nothing to resume either. */
async function ended({ plan, run, ports }: Execution, results: Results, error: unknown): Promise<unknown> {
  const stopped = messageOf(error);
  const nothingBegun = run.nextBatch === 1;
  await run.journal({ at: 'end', time: fromDate(new Date()), complete: nothingBegun, stopped }).catch(() => {});
  const next = nextSteps(run, results, nothingBegun);
  await run
    .report(reportOf(plan, results, { run: run.id, backup: run.backupPath, complete: false, stopped, next }))
    .catch(() => {});
  await ports.audit(plan, run.id, error instanceof Error ? error : new Error(String(error)));
  return error;
}

function nextSteps(run: RunFolder, results: Results, finished: boolean): string[] {
  if (!finished) return [`jobctl run resume ${run.id}`, `jobctl run show ${run.id}`];
  return results.counts.done > 0 ? [`jobctl undo ${run.id}`] : [];
}

function messageOf(error: unknown): string {
  if (error instanceof JobctlError) return [error.message, ...error.next.slice(0, 1)].join(' ');
  return error instanceof Error ? error.message : String(error);
}
