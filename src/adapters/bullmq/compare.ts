import type { Fields } from './job.ts';
import type { Candidate } from './snapshot.ts';

const WAITING = new Set(['wait', 'paused']);

/** A paused queue keeps its waiting jobs in another list, or does not: that is no change of the job. */
const standsAlike = (one: Candidate, other: Candidate): boolean =>
  one.state === other.state
    ? one.score === other.score
    : WAITING.has(one.found.native ?? '') && WAITING.has(other.found.native ?? '');

/** The fields that differ, whichever of the two has them. */
export function differing(one: Fields, other: Fields): string[] {
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names].filter((name) => {
    const [a, b] = [one.get(name), other.get(name)];
    return a === undefined || b === undefined || !a.equals(b);
  });
}

/** Nothing at all has happened to it. */
export const isSame = (now: Candidate, then: Candidate): boolean =>
  standsAlike(now, then) && differing(now.found.fields, then.found.fields).length === 0;

/** What a job gets that comes back without starting. */
export const PARKED_REASON = 'put back by jobctl: it has not run since';

/** It came back among the dead, and nothing else has happened to it. */
export const isParked = (now: Candidate, then: Candidate): boolean =>
  now.found.native === 'failed' &&
  now.found.fields.get('failedReason')?.toString('utf8') === PARKED_REASON &&
  differing(now.found.fields, then.found.fields).every((name) => name === 'finishedOn' || name === 'failedReason');

const REPLAYED = new Set(['finishedOn', 'processedOn', 'failedReason', 'stc', 'defa', 'atm', 'ats']);
const WAITS = new Set(['wait', 'paused', 'prioritized']);

/** What stands there is what a write of this kind makes of the saved job: nobody has touched it since. */
export function isWritten(verb: string, now: Candidate, then: Candidate): boolean {
  const differs = differing(now.found.fields, then.found.fields);
  const waits = WAITS.has(now.found.native ?? '');
  switch (verb) {
    case 'replay':
      return waits && differs.every((name) => REPLAYED.has(name) && !now.found.fields.has(name));
    case 'reset':
      return waits && differs.every((name) => name === 'stc');
    case 'edit':
      return standsAlike(now, then) && differs.every((name) => name === 'data');
    default:
      return false;
  }
}

/** By which `revert.lua` and we recognise a job that an undo has left. */
export function signOf({ state, score, found: { fields } }: Candidate): string {
  const told = ['atm', 'ats', 'processedOn', 'finishedOn'].map((name) => fields.get(name)?.toString('latin1') ?? '');
  return [state, score, ...told, fields.size].join('|');
}
