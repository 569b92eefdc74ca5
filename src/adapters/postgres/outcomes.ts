import type { SavedJob } from '../../domain/claim.ts';
import type { Outcome, SkipReason } from '../../domain/outcome.ts';
import type { Selection } from '../../domain/selection.ts';
import type { Standing } from './dialect.ts';

export interface Skip {
  readonly why: SkipReason;
  readonly note: string;
}

export const skip = (why: SkipReason, note: string): Skip => ({ why, note });

export const idsOf = (jobs: readonly SavedJob[]): string[] => jobs.map(({ job }) => job.id);

export const skipped = ({ job }: SavedJob, why: SkipReason, note?: string): Outcome => ({
  ref: { queue: job.queue, id: job.id },
  result: 'skipped',
  why,
  note,
});

/** `done` for what was changed; for the rest what is known of it, else that it has moved on. */
export function outcomes(
  jobs: readonly SavedJob[],
  changed: readonly { readonly id: string; readonly note?: string }[],
  skips: ReadonlyMap<string, Skip> = new Map(),
): Outcome[] {
  const done = new Map(changed.map((row) => [row.id, row.note]));
  return jobs.map((saved): Outcome => {
    const { queue, id } = saved.job;
    const note = done.get(id);
    if (done.has(id)) return { ref: { queue, id }, result: 'done', ...(note === undefined ? {} : { note }) };
    const skip = skips.get(id);
    return skipped(saved, skip?.why ?? 'state-changed', skip?.note);
  });
}

/** How a job that was asked for by name stands to the selection. */
export interface Fit {
  readonly id: string;
  readonly queue: string;
  /** Fits all that the selection says besides its state. */
  readonly fits: boolean;
  /** Provably stuck, where that was asked for. */
  readonly proven: boolean;
  readonly state: boolean;
}

/** Why these jobs could not be held. One that fits in every way is held by another session. */
export function unheld({ queues }: Selection, ids: readonly string[], found: ReadonlyMap<string, Fit>): Outcome[] {
  const [queue] = queues;
  if (queue === undefined) return [];
  return ids.flatMap((id): Outcome[] => {
    const fit = found.get(id);
    const why = fit === undefined ? 'not-found' : reason(fit);
    return why === undefined ? [] : [{ ref: { queue: fit?.queue ?? queue, id }, result: 'skipped', why }];
  });
}

function reason({ fits, state, proven }: Fit): SkipReason | undefined {
  if (!fits) return undefined;
  if (!state) return 'state-changed';
  return proven ? 'locked' : undefined;
}

/** Why a write of ours on these jobs is not taken back: somebody has written them since, or they are as they were. */
export function notOurs(
  others: readonly SavedJob[],
  standings: ReadonlyMap<string, Standing>,
  held: ReadonlyMap<string, { readonly state: string }>,
): Outcome[] {
  return others.map((item): Outcome => {
    const standing = standings.get(item.job.id);
    if (standing === 'same') return skipped(item, 'unchanged');
    if (standing === 'missing') return skipped(item, 'not-found');
    const row = held.get(item.job.id);
    return row === undefined ? skipped(item, 'locked') : skipped(item, 'started', `now ${row.state}`);
  });
}

/** Why a job that is there is not put back; undefined for one that is missing. */
export function notMissing(item: SavedJob, standing: Standing | undefined, asWas: boolean): Outcome | undefined {
  if (standing === 'missing') return undefined;
  if (standing === 'same' || (standing === 'parked' && !asWas)) return skipped(item, 'unchanged');
  return skipped(item, 'conflict', 'another version of this job is there');
}
