import type { Action } from '../../domain/action.ts';
import type { Instant } from '../../domain/instant.ts';
import type { SkipReason } from '../../domain/outcome.ts';
import type { Selection } from '../../domain/selection.ts';
import { type MemoryJob, stateAt, toJob } from './memory-job.ts';

export type Change = { readonly next: MemoryJob | 'removed' } | { readonly skip: SkipReason; readonly note?: string };

const movedOn: Change = { skip: 'state-changed' };

/** Age alone proves nothing: without the proof, only a selection that gave up on it and names an age may reset. */
const mayReset = (job: MemoryJob, selection: Selection, now: Instant): boolean =>
  toJob(job, now).stuck !== undefined || (selection.stuck !== true && selection.before !== undefined);

const waitingAgain = (job: MemoryJob, now: Instant): MemoryJob => ({
  ...job,
  state: 'waiting',
  retrying: false,
  since: now,
  worker: undefined,
  leaseUntil: undefined,
  cancelAsked: undefined,
});

/** What the action makes of one job as it is stored now. */
export function change(job: MemoryJob, action: Action, selection: Selection, now: Instant): Change {
  const state = stateAt(job, now);
  switch (action.verb) {
    case 'replay':
      if (state !== 'dead') return movedOn;
      return { next: { ...waitingAgain(job, now), attempts: action.keepAttempts ? job.attempts : 0 } };
    case 'reset':
      if (state !== 'active') return movedOn;
      if (!mayReset(job, selection, now)) return { skip: 'state-changed', note: 'its worker is alive' };
      return { next: waitingAgain(job, now) };
    case 'remove':
      return selection.states.includes(state) ? { next: 'removed' } : movedOn;
    case 'cancel':
      if (state === 'active') return { next: { ...job, cancelAsked: true } };
      if (state !== 'waiting' && state !== 'delayed') return movedOn;
      return { next: { ...job, state: 'cancelled', retrying: false, since: now } };
    case 'edit':
      return state === 'dead' ? { next: { ...job, payload: action.payload } } : movedOn;
  }
}
