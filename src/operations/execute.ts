import { fromDate } from '../domain/instant.ts';
import type { JobRef } from '../domain/job.ts';
import type { Plan, Report } from '../domain/plan.ts';
import type { Execution } from './execution.ts';
import { nextSteps } from './next-steps.ts';
import type { Canary } from './ports.ts';
import { isFull, targetOf } from './reach.ts';
import { saved } from './ready.ts';
import { Results, reportOf } from './tally.ts';
import { messageOf, STOPPED, writeBatch } from './write-batch.ts';

/** Where a resumed run goes on. */
export interface SoFar {
  readonly results: Results;
  /** The next batch of the source, where jobs are put back. */
  readonly source: number;
  /** What of that batch is dealt with already. */
  readonly behind?: ReadonlySet<string> | undefined;
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
  const target = targetOf(plan);
  let stopped: string | undefined;
  try {
    if (pace.canary !== undefined) stopped = await firstFew(execution, pace.canary, soFar);
    if (stopped === undefined && !isFull(plan, results)) stopped = await allOf(execution, pace.batch, soFar);
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
  const { exact } = plan.matched;
  const isMet = isFull(plan, results) && (engine.counted || results.acted >= (plan.limit ?? Number.POSITIVE_INFINITY));
  if (stopped === undefined && !isMet && (exact ? results.handled < target : engine.misses)) {
    const left = (await engine.left().catch(() => undefined)) ?? 0;
    if (left > 0) stopped = `${exact ? '' : 'about '}${left} jobs that match were held by other sessions`;
    if (exact) results.movedOn(Math.max(0, target - results.handled - left));
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
    next: nextSteps(run, engine, results, finished, stopped),
  });
  await run.report(report).catch(() => {});
  await ports.audit(plan, run.id, report);
  return report;
}

/** Batch after batch until nothing is left, the limit is reached, or something says stop. */
async function allOf(
  execution: Execution,
  size: number,
  { results, source, behind }: SoFar,
): Promise<string | undefined> {
  const { plan, engine, ports, pace } = execution;
  const show = (waiting?: string): void =>
    ports.show.progress({ done: results.handled, of: targetOf(plan), exact: plan.matched.exact, waiting });
  const relief = givesWork(plan) ? pace.relief : undefined;
  const unwatch = relief?.watch();
  try {
    for await (const batch of saved(execution, engine.batches(size, source, behind), results)) {
      let stopped = await writeBatch(execution, batch, results);
      show();
      if (stopped !== undefined || isFull(plan, results)) return stopped;
      stopped = await relief?.passed(show);
      if (stopped !== undefined) return stopped;
    }
    return undefined;
  } finally {
    unwatch?.();
  }
}

/** More of it makes things worse for whoever suffers already. */
const givesWork = ({ verb }: Plan): boolean => verb === 'replay' || verb === 'enqueue';

/** The canary: a walk of its own, so that the jobs it did not take are met again. */
async function firstFew(execution: Execution, canary: Canary, soFar: SoFar): Promise<string | undefined> {
  const { plan, pace, ports } = execution;
  const few = { ...execution, plan: { ...plan, limit: Math.min(canary.count, plan.limit ?? canary.count) } };
  const done: JobRef[] = [];
  soFar.results.done = done;
  const stopped = await allOf(few, Math.min(canary.count, pace.batch), soFar);
  soFar.results.done = undefined;
  if (stopped !== undefined || done.length === 0) return stopped;
  ports.show.settled();
  return await canary.watch(done);
}

/** Nothing was done: the error itself is the answer. Without an intent in the journal there is nothing to resume either. */
async function ended({ plan, run, ports, engine }: Execution, results: Results, error: unknown): Promise<unknown> {
  const stopped = messageOf(error);
  const nothingBegun = run.nextBatch === 1;
  await run.journal({ at: 'end', time: fromDate(new Date()), complete: nothingBegun, stopped }).catch(() => {});
  const next = nextSteps(run, engine, results, nothingBegun);
  await run
    .report(reportOf(plan, results, { run: run.id, backup: run.backupPath, complete: false, stopped, next }))
    .catch(() => {});
  await ports.audit(plan, run.id, error instanceof Error ? error : new Error(String(error)));
  return error;
}
