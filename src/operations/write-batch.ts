import { setTimeout as sleep } from 'node:timers/promises';
import type { Copy, Note } from '../domain/claim.ts';
import { JobctlError } from '../domain/errors.ts';
import type { JobRef } from '../domain/job.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Plan } from '../domain/plan.ts';
import { type IntentEntry, notesOf, restOf } from '../safety/journal-entry.ts';
import type { RunFolder } from '../safety/run-folder.ts';
import type { Taken, Watch } from './batch.ts';
import type { Execution } from './execution.ts';
import { targetOf } from './reach.ts';
import type { Ready, ReadyClaim } from './ready.ts';
import type { Results } from './tally.ts';

export const STOPPED = 'stopped on request';

/** Returns why the run must stop, or undefined to go on. */
export async function writeBatch(execution: Execution, batch: Ready, results: Results): Promise<string | undefined> {
  const stopped =
    'step' in batch ? await oneStep(execution, batch, results) : await oneClaim(execution, batch, results);
  return stopped ?? (execution.pace.signal.aborted ? STOPPED : undefined);
}

async function oneClaim(
  { plan, run, lock }: Execution,
  { claim, source, more, jobs, frame, refused, over }: ReadyClaim,
  results: Results,
): Promise<string | undefined> {
  try {
    if (plan.upTo !== undefined) results.beyond += over;
    const origin = source === undefined ? {} : { source, ...(more && { more }) };
    // those that the canary passes over are met again by the walk over all
    const skipped = [...results.unmet(claim.skipped), ...(results.done === undefined ? refused : [])];
    if (skipped.length > 0 || (jobs.length === 0 && source !== undefined)) {
      // only with its last entry is a batch of the source behind us
      await run.journal({ at: 'skipped', rest: restOf(skipped), ...(jobs.length === 0 ? origin : {}) });
      results.add(skipped);
    }
    if (jobs.length === 0) return undefined;
    if (lock.lost.aborted) throw lock.lost.reason;
    const refs = jobs.map(({ job: { queue, id } }) => ({ queue, id }));
    return await written(
      run,
      { mark: claim.mark, ...namesOf(plan, refs), ...(frame && { frame }), ...origin },
      refs,
      results,
      async (note) => ({ outcomes: await claim.apply(jobs, note) }),
    );
  } finally {
    await claim.release();
  }
}

async function oneStep(
  { plan, run, lock, pace, ports }: Execution,
  { step, source }: Extract<Ready, { step: unknown }>,
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
  return await written(run, intent, step.refs, results, () => step.apply(watch), step.single);
}

/** Intent, write, outcome. Returns why the run must stop. */
async function written(
  run: RunFolder,
  intent: Omit<IntentEntry, 'at' | 'batch'>,
  refs: readonly JobRef[],
  results: Results,
  write: (note: Note) => Promise<Taken>,
  single?: true,
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
  const notes = notesOf(outcomes);
  await run.journal({
    at: 'outcome',
    batch,
    done: amount ?? counted,
    rest: restOf(outcomes),
    ...(notes === undefined ? {} : { notes }),
    ...(made === undefined ? {} : { made }),
  });
  if (lost.error !== undefined) {
    results.timedOut = lost.error instanceof JobctlError && lost.error.kind === 'timeout';
    return messageOf(lost.error);
  }
  if (stopped !== undefined) return stopped;
  for (const outcome of outcomes) if (outcome.result === 'unknown') return outcome.why;
  if (amount === undefined && !single && outcomes.every(({ result }) => result === 'failed'))
    return `a whole batch failed: ${outcomes[0]?.result === 'failed' ? outcomes[0].why : ''}`;
  return undefined;
}

const asEntry = ({ ref: { queue, id }, as, to }: Copy) => ({ queue, id, as, ...(to !== undefined && { to }) });

const namesOf = (plan: Plan, refs: readonly JobRef[]): { ids: string[]; queues?: string[] } => ({
  ids: refs.map(({ id }) => id),
  ...(plan.queues.length > 1 ? { queues: refs.map(({ queue }) => queue) } : {}),
});

export function messageOf(error: unknown): string {
  if (error instanceof JobctlError)
    return [error.message, ...error.next.slice(0, 1)].join(/[.!?]$/.test(error.message) ? ' ' : '. ');
  return error instanceof Error ? error.message : String(error);
}
