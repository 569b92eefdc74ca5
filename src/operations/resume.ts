import type { SavedJob } from '../domain/claim.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { readFrame } from '../safety/backup-reader.ts';
import { type IntentEntry, restOf } from '../safety/journal-entry.ts';
import type { RunFolder } from '../safety/run-folder.ts';
import type { Engine, SourceBatch } from './batch.ts';
import { execute, type SoFar } from './execute.ts';
import { dealtWith, isInPart, isNamed, refsOf } from './in-part.ts';
import { type Past, readPast, sourceAfter } from './past.ts';
import type { Pace, Ports } from './ports.ts';
import { lockFor, refuseBeyond } from './run-operation.ts';
import { emptyReport } from './tally.ts';

/** Settles the open intent by asking the backend, then goes on with the same plan and cutoff. */
export async function resumeRun(
  run: RunFolder,
  engine: Engine,
  source: (from: number) => AsyncIterable<SourceBatch>,
  ports: Ports,
  pace: Pace,
): Promise<Report> {
  const past = await readPast(run);
  if (past.complete)
    throw new JobctlError('refused', `The run ${run.id} is finished; there is nothing to resume.`, {
      next: [`jobctl run show ${run.id}`],
    });
  const plan = remaining(run.plan, past);
  ports.show.plan(run.plan, pace.dryRun);
  refuseBeyond(plan, pace.max);
  if (pace.dryRun) return emptyReport(plan, true);
  await ports.confirm(plan);
  const lock = await lockFor(run.plan, ports);
  try {
    const next = past.open === undefined ? past : await settleOpen(run, engine, source, past, past.open);
    return await execute({ plan: run.plan, run, engine, lock, ports, pace }, { ...next, results: past.results });
  } finally {
    await lock.release();
  }
}

const remaining = (plan: Plan, { results }: Past): Plan => ({
  ...plan,
  matched: { ...plan.matched, value: Math.max(0, plan.matched.value - results.handled) },
});

/** Returns the batch of the source to go on with: the same one again when its write never happened, or for what is left of it. */
async function settleOpen(
  run: RunFolder,
  engine: Engine,
  source: (from: number) => AsyncIterable<SourceBatch>,
  past: Past,
  intent: IntentEntry,
): Promise<Pick<SoFar, 'source' | 'behind'>> {
  const ids = new Set(intent.ids);
  const jobs = (await jobsOf(run, source, intent)).filter(({ job }) => ids.has(job.id));
  const refs = refsOf(run.plan, intent);
  const outcomes: Outcome[] = await engine.settle({ mark: intent.mark, jobs, refs, copies: past.copies });
  const unsettled = outcomes.filter(({ result }) => result === 'unknown').length;
  const rest = restOf(outcomes);
  past.results.doubt(outcomes);
  await run.journal({
    at: 'outcome',
    batch: intent.batch,
    done: outcomes.filter(({ result }) => result === 'done').length,
    rest,
    settled: true,
  });
  // what was added under no name yet cannot be asked for: it stays unknown, and the rest is added
  if (unsettled > 0 && run.plan.task.kind !== 'enqueue') {
    throw new JobctlError(
      'partial',
      `The backend cannot tell what became of ${unsettled} jobs of batch ${intent.batch}.`,
      {
        next: [`jobctl run show ${run.id}`, 'Compare those jobs with the backup, then start a new run for the rest.'],
      },
    );
  }
  const happened = outcomes.some(({ result }) => result === 'done' || result === 'unknown');
  const { behind } = past;
  if (!happened && intent.source !== undefined) return { source: intent.source, behind };
  past.results.add(outcomes);
  if (isNamed(run.plan)) past.results.tell([...doneIds(outcomes), ...past.beside.map(({ id }) => id)]);
  past.results.addJournalled(0, past.beside);
  if (intent.source !== undefined && isInPart(run.plan, intent, rest))
    return { source: intent.source, behind: new Set([...behind, ...dealtWith([...refs, ...past.beside], rest)]) };
  return { source: sourceAfter(run.plan, intent.source, intent.ids.length) };
}

const doneIds = (outcomes: readonly Outcome[]): string[] =>
  outcomes.filter(({ result }) => result === 'done').map(({ ref }) => ref.id);

async function jobsOf(
  run: RunFolder,
  source: (from: number) => AsyncIterable<SourceBatch>,
  intent: IntentEntry,
): Promise<readonly SavedJob[]> {
  if (intent.frame !== undefined && run.backupPath !== undefined)
    return (await readFrame(run.backupPath, intent.frame.offset)).jobs;
  for await (const batch of source(intent.source ?? 1)) return batch.jobs;
  return [];
}
