import type { SavedJob } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { readFrame } from '../safety/backup-reader.ts';
import { readJournal } from '../safety/journal.ts';
import { type IntentEntry, type OutcomeEntry, type RestEntry, restOf } from '../safety/journal-entry.ts';
import type { RunFolder } from '../safety/run-folder.ts';
import type { Engine, SourceBatch } from './engine.ts';
import { execute } from './execute.ts';
import type { Pace, Ports } from './ports.ts';
import { Results } from './tally.ts';

/** What the journal of an interrupted run says. */
interface Past {
  readonly results: Results;
  /** The intent whose answer never came. */
  readonly open: IntentEntry | undefined;
  /** What was skipped in the open batch. */
  readonly beside: readonly RestEntry[];
  readonly source: number;
  readonly complete: boolean;
}

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
  ports.show.plan(run.plan, pace.dryRun);
  await ports.confirm(remaining(run.plan, past));
  const lock = await ports.lock(run.plan);
  try {
    const from = past.open === undefined ? past.source : await settleOpen(run, engine, source, past, past.open);
    return await execute({ plan: run.plan, run, engine, lock, ports, pace }, { results: past.results, source: from });
  } finally {
    await lock.release();
  }
}

const remaining = (plan: Plan, { results }: Past): Plan => ({
  ...plan,
  matched: { ...plan.matched, value: Math.max(0, plan.matched.value - results.handled) },
});

/** Streams the journal once; only counts stay. What was skipped beside an open intent is met again, so it does not count yet. */
async function readPast(run: RunFolder): Promise<Past> {
  const results = new Results(run.plan);
  let beside: readonly RestEntry[] = [];
  let last: { intent: IntentEntry; outcome: OutcomeEntry | undefined } | undefined;
  let source = 1;
  let complete = false;
  const close = (): void => {
    if (last?.outcome !== undefined) results.addJournalled(last.outcome.done, last.outcome.rest);
    results.addJournalled(0, beside);
    last = undefined;
    beside = [];
  };
  for await (const entry of readJournal(run.journalPath)) {
    complete = entry.at === 'end' && entry.complete;
    if (entry.at === 'skipped') {
      close();
      beside = entry.rest;
      source = (entry.source ?? 0) + 1;
    } else if (entry.at === 'intent') {
      if (last !== undefined) close();
      last = { intent: entry, outcome: undefined };
      source = (entry.source ?? 0) + 1;
    } else if (entry.at === 'outcome' && last !== undefined) last = { intent: last.intent, outcome: entry };
  }
  const open = last !== undefined && (last.outcome === undefined || isOpen(last.outcome)) ? last.intent : undefined;
  if (open === undefined) close();
  return { results, open, beside, source, complete };
}

const isOpen = (outcome: OutcomeEntry): boolean => outcome.rest.some(({ result }) => result === 'unknown');

/** Returns the batch of the source to go on with: the same one again when its write never happened. */
async function settleOpen(
  run: RunFolder,
  engine: Engine,
  source: (from: number) => AsyncIterable<SourceBatch>,
  past: Past,
  intent: IntentEntry,
): Promise<number> {
  const ids = new Set(intent.ids);
  const jobs = (await jobsOf(run, source, intent)).filter(({ job }) => ids.has(job.id));
  const outcomes: Outcome[] = await engine.settle({ mark: intent.mark, jobs });
  const unsettled = outcomes.filter(({ result }) => result === 'unknown').length;
  await run.journal({
    at: 'outcome',
    batch: intent.batch,
    done: outcomes.filter(({ result }) => result === 'done').length,
    rest: restOf(outcomes),
    settled: true,
  });
  if (unsettled > 0) {
    throw new JobctlError(
      'partial',
      `The backend cannot tell what became of ${unsettled} jobs of batch ${intent.batch}.`,
      {
        next: [`jobctl run show ${run.id}`, 'Compare those jobs with the backup, then start a new run for the rest.'],
      },
    );
  }
  const happened = outcomes.some(({ result }) => result === 'done');
  if (!happened && intent.source !== undefined) return intent.source;
  past.results.add(outcomes);
  past.results.addJournalled(0, past.beside);
  return past.source;
}

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
