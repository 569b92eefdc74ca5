import type { Action } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { hasStatus } from './homes.ts';
import type { Layout } from './layout.ts';
import { leftAlone } from './left-alone.ts';
import { editLetters, removeLetters, replayLetters } from './letters.ts';
import { activeProof } from './proof.ts';
import { idsOf, outcomes, removeRows, requeue, skip, update } from './row-writes.ts';
import { cancelled, edited, replayed, reset, setList } from './set.ts';
import { isLetter } from './snapshot.ts';

/** One set-based statement a verb, by id and with the status checked again. One outcome a job, in the order given. */
export async function apply(db: Db, layout: Layout, action: Action, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const told = new Map<string, Outcome>();
  const groups = [
    { all: jobs.filter((saved) => !isLetter(saved)), write: applyToRows },
    { all: jobs.filter(isLetter), write: applyToLetters },
  ];
  for (const { all, write } of groups) {
    const left = await leftAlone(db, layout, action, all);
    const free = all.filter(({ job }) => !left.has(job.id));
    const written = free.length === 0 ? [] : await write(db, layout, action, free);
    for (const saved of all)
      if (left.has(saved.job.id)) told.set(keyOf(saved), skip(saved, 'conflict', left.get(saved.job.id)));
    free.forEach((saved, index) => void told.set(keyOf(saved), written[index] as Outcome));
  }
  return jobs.map((saved) => told.get(keyOf(saved)) as Outcome);
}

/** A stale letter and its job bear the same id. */
const keyOf = (saved: SavedJob): string => `${isLetter(saved)} ${saved.job.id}`;

async function applyToRows(db: Db, layout: Layout, action: Action, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  switch (action.verb) {
    case 'replay':
      return await requeue(db, layout, jobs, 'dead', setList(replayed(layout, action.keepAttempts)));
    case 'reset': {
      // the rows are held, the heartbeats are not: a worker that was only slow keeps its job
      const proven = idsOf(jobs.filter(({ job }) => job.stuck !== undefined));
      const unproven = `(${activeProof(layout, 'j', hasStatus(layout, 'j', 'active'))}) IS NULL`;
      return await requeue(db, layout, jobs, 'active', setList(reset(layout)), { condition: unproven, ids: proven });
    }
    case 'cancel':
      return outcomes(jobs, await update(db, layout, idsOf(jobs), ['waiting', 'delayed'], setList(cancelled(layout))));
    case 'edit':
      return outcomes(jobs, await update(db, layout, idsOf(jobs), ['dead'], setList(edited(layout)), [action.payload]));
    case 'remove':
      return outcomes(jobs, await removeRows(db, layout, idsOf(jobs)));
  }
}

async function applyToLetters(db: Db, layout: Layout, action: Action, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  switch (action.verb) {
    case 'replay':
      return await replayLetters(db, layout, jobs, action.keepAttempts);
    case 'edit':
      return await editLetters(db, layout, jobs, action.payload);
    case 'remove':
      return await removeLetters(db, layout, jobs);
    default:
      return outcomes(jobs, []); // a dead letter neither waits nor runs
  }
}
