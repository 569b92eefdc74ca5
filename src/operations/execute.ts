import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock } from '../domain/adapter.ts';
import type { Copy, Note, SavedJob } from '../domain/claim.ts';
import { JobctlError } from '../domain/errors.ts';
import { fromDate } from '../domain/instant.ts';
import type { JobRef } from '../domain/job.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { type IntentEntry, restOf } from '../safety/journal-entry.ts';
import type { RunFolder } from '../safety/run-folder.ts';
import type { Batch, Engine, Taken, Watch } from './batch.ts';
import { nextSteps } from './next-steps.ts';
import type { Canary, Pace, Ports } from './ports.ts';
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
async function allOf(execution: Execution, size: number, { results, source }: SoFar): Promise<string | undefined> {
  const { plan, engine, ports, pace } = execution;
  const show = (waiting?: string): void =>
    ports.show.progress({ done: results.handled, of: targetOf(plan), exact: plan.matched.exact, waiting });
  const relief = givesWork(plan) ? pace.relief : undefined;
  const unwatch = relief?.watch();
  try {
    for await (const batch of engine.batches(size, source)) {
      let stopped = await oneBatch(execution, batch, results);
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

const targetOf = (plan: Plan): number => Math.min(plan.matched.value, plan.limit ?? Number.POSITIVE_INFINITY);

/** Returns why the run must stop, or undefined to go on. */
async function oneBatch(execution: Execution, batch: Batch, results: Results): Promise<string | undefined> {
  const stopped =
    'step' in batch ? await oneStep(execution, batch, results) : await oneClaim(execution, batch, results);
  return stopped ?? (execution.pace.signal.aborted ? STOPPED : undefined);
}

async function oneClaim(
  { plan, engine, run, lock }: Execution,
  { claim, source }: Extract<Batch, { claim: unknown }>,
  results: Results,
): Promise<string | undefined> {
  try {
    const meant = claim.jobs.filter(({ job }) => engine.keeps(job));
    const { fitting, refused } = parted(meant, engine);
    const jobs = fitting.slice(0, room(plan, results));
    if (plan.upTo !== undefined) results.beyond += fitting.length - jobs.length;
    const origin = source === undefined ? {} : { source };
    // those that the canary passes over are met again by the walk over all
    const skipped = [...results.unmet(claim.skipped), ...(results.done === undefined ? refused : [])];
    if (skipped.length > 0 || (jobs.length === 0 && source !== undefined)) {
      // only with its last entry is a batch of the source behind us
      await run.journal({ at: 'skipped', rest: restOf(skipped), ...(jobs.length === 0 ? origin : {}) });
      results.add(skipped);
    }
    if (jobs.length === 0) return undefined;
    if (lock.lost.aborted) throw lock.lost.reason;
    const frame = engine.saves ? { frame: await run.save(jobs) } : {};
    const refs = jobs.map(({ job: { queue, id } }) => ({ queue, id }));
    return await written(
      run,
      { mark: claim.mark, ...namesOf(plan, refs), ...frame, ...origin },
      refs,
      results,
      async (note) => ({ outcomes: await claim.apply(jobs, note) }),
    );
  } finally {
    await claim.release();
  }
}

/** Those that are written to, and those that the plan leaves alone for what they hold. */
function parted(meant: readonly SavedJob[], { refuses }: Engine): { fitting: SavedJob[]; refused: Outcome[] } {
  const fitting: SavedJob[] = [];
  const refused: Outcome[] = [];
  for (const saved of meant) {
    const { queue, id } = saved.job;
    const note = refuses?.(saved.job);
    if (note === undefined) fitting.push(saved);
    else refused.push({ ref: { queue, id }, result: 'skipped', why: 'invalid-payload', note });
  }
  return { fitting, refused };
}

async function oneStep(
  { plan, run, lock, pace, ports }: Execution,
  { step, source }: Extract<Batch, { step: unknown }>,
  results: Results,
): Promise<string | undefined> {
  if (lock.lost.aborted) throw lock.lost.reason;
  const saved = step.saved === undefined ? {} : { saved: step.saved };
  const intent = { mark: step.mark, ...namesOf(plan, step.refs), ...saved, source };
  const { signal } = pace;
  const watch: Watch = {
    signal,
    sleep: (seconds) => sleep(seconds * 1000, undefined, { signal }).catch(() => {}),
    progress: (done, of) => ports.show.progress({ done, of, exact: false }),
    waits: (waiting) =>
      ports.show.progress({ done: results.handled, of: targetOf(plan), exact: plan.matched.exact, waiting }),
  };
  return await written(run, intent, step.refs, results, () => step.apply(watch));
}

/** Intent, write, outcome. Returns why the run must stop. */
async function written(
  run: RunFolder,
  intent: Omit<IntentEntry, 'at' | 'batch'>,
  refs: readonly JobRef[],
  results: Results,
  write: (note: Note) => Promise<Taken>,
): Promise<string | undefined> {
  const batch = run.nextBatch;
  await run.journal({ at: 'intent', batch, ...intent });
  const lost: { error?: unknown } = {};
  const note: Note = (copies) => {
    results.copied(copies);
    return run.journal({ at: 'copied', batch, copies: copies.map(asEntry) });
  };
  const { outcomes, made, amount, stopped } = await write(note).catch((error: unknown): Taken => {
    lost.error = error;
    return { outcomes: refs.map((ref): Outcome => ({ ref, result: 'unknown', why: messageOf(error) })) };
  });
  if (made !== undefined) results.addMade(made);
  const counted = outcomes.filter(({ result }) => result === 'done').length;
  results.add(outcomes); // it has happened, whether or not the journal still takes it
  results.counts.done += (amount ?? counted) - counted;
  await run.journal({
    at: 'outcome',
    batch,
    done: amount ?? counted,
    rest: restOf(outcomes),
    ...(made === undefined ? {} : { made }),
  });
  if (lost.error !== undefined) {
    results.timedOut = lost.error instanceof JobctlError && lost.error.kind === 'timeout';
    return messageOf(lost.error);
  }
  if (stopped !== undefined) return stopped;
  for (const outcome of outcomes) if (outcome.result === 'unknown') return outcome.why;
  if (amount === undefined && outcomes.every(({ result }) => result === 'failed'))
    return `a whole batch failed: ${outcomes[0]?.result === 'failed' ? outcomes[0].why : ''}`;
  return undefined;
}

const asEntry = ({ ref: { queue, id }, as }: Copy) => ({ queue, id, as });

const namesOf = (plan: Plan, refs: readonly JobRef[]): { ids: string[]; queues?: string[] } => ({
  ids: refs.map(({ id }) => id),
  ...(plan.queues.length > 1 ? { queues: refs.map(({ queue }) => queue) } : {}),
});

/** How many more jobs may be written to. */
const room = ({ limit, upTo }: Plan, { acted, handled }: Results): number =>
  Math.max(0, Math.min((limit ?? Number.POSITIVE_INFINITY) - acted, (upTo ?? Number.POSITIVE_INFINITY) - handled));

const isFull = (plan: Plan, results: Results): boolean => room(plan, results) === 0;

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

function messageOf(error: unknown): string {
  if (error instanceof JobctlError) return [error.message, ...error.next.slice(0, 1)].join(' ');
  return error instanceof Error ? error.message : String(error);
}
