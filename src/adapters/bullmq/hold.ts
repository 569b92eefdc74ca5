import type { Claim, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { outcomeOf } from './answers.ts';
import type { Desk, Place } from './desk.ts';
import { ownKey } from './own-keys.ts';
import { run, scripts } from './script.ts';
import { type Candidate, savedOf } from './snapshot.ts';
import { alike, inSteps } from './step.ts';

/** A claim that nobody applies or releases ends after this long. */
const HOLD_MS = 60_000;

export interface Holding {
  readonly held: readonly Candidate[];
  /** Those that moved on, or that another has. */
  readonly missed: readonly Outcome[];
  release(): Promise<void>;
}

const nothingHeld = async (): Promise<void> => {};

/** The lock on the queue keeps others away; the claim itself does nothing for it. */
export const holdsNothing = ({ release }: Holding): boolean => release === nothingHeld;

/**
 * Keeps other jobctls from these jobs; workers are not kept from anything. Whoever has the lock on the queue keeps them all
 * away already, and does not wait for what a run that died has left held.
 */
export async function holdAll(desk: Desk, place: Place, mark: string, jobs: readonly Candidate[]): Promise<Holding> {
  if (desk.locks.token(place.keys.queue) !== '') return { held: jobs, missed: [], release: nothingHeld };
  const told = new Map<string, string>();
  const items = jobs.map(alike);
  const ids = new Set<string>();
  const release = async (): Promise<void> => {
    desk.owed.delete(release);
    const left = [...ids];
    ids.clear();
    if (left.length > 0)
      await run(desk.connection, scripts.release, [ownKey(desk.prefix, place.keys.queue, 'held')], [mark, ...left]);
  };
  await inSteps(desk, place, { script: scripts.hold, mark, option: mark, ttlMs: HOLD_MS }, items, told);
  const isHeld = ({ found }: Candidate): boolean => told.get(found.id) === 'held';
  const held = jobs.filter(isHeld);
  for (const { found } of held) ids.add(found.id);
  desk.owed.add(release);
  return {
    held,
    missed: jobs.filter((job) => !isHeld(job)).map(({ found }) => outcomeOf(found, told.get(found.id))),
    release,
  };
}

export const claimOf = (
  mark: string,
  { held, missed, release }: Holding,
  skipped: readonly Outcome[],
  apply: (jobs: readonly SavedJob[]) => Promise<Outcome[]>,
): Claim => ({ jobs: held.map(savedOf), skipped: [...skipped, ...missed], mark, apply, release });
