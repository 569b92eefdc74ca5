import type { SavedJob } from '../../../domain/adapter.ts';
import type { Outcome, SkipReason } from '../../../domain/outcome.ts';
import { idsOf, namesOf } from './places.ts';

/** The jobs of `keys` as a condition on `j`. */
export const these = 'j.name = ANY ($1::text[]) AND j.id = ANY ($2::uuid[])';
export const keys = (jobs: readonly SavedJob[]): [string[], string[]] => [namesOf(jobs), idsOf(jobs)];

export interface Skip {
  readonly why: SkipReason;
  readonly note: string;
}
export const skip = (why: SkipReason, note: string): Skip => ({ why, note });

/** `done` for what was changed; for the rest what is known of it, else that it has moved on. */
export function outcomes(
  jobs: readonly SavedJob[],
  changed: readonly { readonly id: string }[],
  skips: ReadonlyMap<string, Skip> = new Map(),
): Outcome[] {
  const done = new Set(changed.map((row) => row.id));
  return jobs.map(({ job }): Outcome => {
    const ref = { queue: job.queue, id: job.id };
    return done.has(job.id)
      ? { ref, result: 'done' }
      : { ref, result: 'skipped', why: 'state-changed', ...skips.get(job.id) };
  });
}
