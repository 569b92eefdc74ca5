import type { SavedJob } from '../../domain/claim.ts';
import type { Outcome, SkipReason } from '../../domain/outcome.ts';

type Of = Pick<SavedJob, 'job'>;

const refOf = ({ job: { queue, id } }: Of) => ({ queue, id });

export const done = (of: Of): Outcome => ({ ref: refOf(of), result: 'done' });

export const failed = (of: Of, why: string): Outcome => ({ ref: refOf(of), result: 'failed', why });

export const unknown = (of: Of, why: string): Outcome => ({ ref: refOf(of), result: 'unknown', why });

export const skipped = (of: Of, why: SkipReason, note?: string): Outcome => ({
  ref: refOf(of),
  result: 'skipped',
  why,
  ...(note === undefined ? {} : { note }),
});
