import type { JobRef } from '../../domain/job.ts';
import type { Outcome, SkipReason } from '../../domain/outcome.ts';
import { isServerAnswer, toJobctlError } from './errors.ts';

type Said = readonly [why: SkipReason, note?: (what: string) => string];

/** What the scripts answer besides `done`, and what an operator is told. */
const words: Readonly<Record<string, Said>> = {
  gone: ['not-found'],
  moved: ['state-changed'],
  alive: ['state-changed', () => 'its worker is alive: the lock is there'],
  taken: ['locked', () => 'another jobctl holds it'],
  locked: ['locked', () => 'a worker has it'],
  exists: ['conflict', () => 'another job has its id'],
  stray: ['conflict', () => 'its id stands in a state although the job is gone'],
  twin: ['duplicate', (id) => `job ${id} of the same deduplication id is waiting or active`],
  children: ['conflict', (count) => `${count} of its children are not done: deal with those first`],
  leftover: ['conflict', (key) => `keys of a job of its id are there without the job: ${key}:*`],
  'children-gone': ['conflict', () => 'the children that it waited for are gone'],
  parent: ['conflict', (key) => `its parent ${key} counts on it: deal with the parent first`],
  'went-on': ['conflict', (key) => `its parent ${key} has gone on without it and is about to run`],
  'next-run': ['conflict', (id) => `it is the next run of the scheduler ${id}: jobctl schedule remove takes both away`],
  follower: ['conflict', (id) => `a newer job of the deduplication id ${id} is kept until it ends`],
};

const refOf = ({ queue, id }: JobRef): JobRef => ({ queue, id });

export const skipped = (job: JobRef, why: SkipReason, note?: string): Outcome => ({
  ref: refOf(job),
  result: 'skipped',
  why,
  ...(note !== undefined && { note }),
});

/** `done`, or a word and what it is about. A word that is missing was never said: the step did not take place. */
export function outcomeOf(job: JobRef, told: string | undefined): Outcome {
  if (told === 'done') return { ref: refOf(job), result: 'done' };
  const word = told?.split(':', 1)[0] ?? '';
  const about = told?.slice(word.length + 1) ?? '';
  if (word === 'fault') return { ref: refOf(job), result: 'failed', why: about };
  if (word === 'foreign')
    return { ref: refOf(job), result: 'failed', why: `${about} is a key of another kind: it is not BullMQ's` };
  const said = words[word];
  if (said === undefined) return skipped(job, 'not-applied', told);
  const [why, note] = said;
  return skipped(job, why, note?.(about));
}

/** Refusals that come before anything is written. */
const BEFOREHAND =
  /^(FOREIGN|OOM|READONLY|NOPERM|NOAUTH|LOADING|MISCONF|NOREPLICAS|BUSY|CLUSTERDOWN|CROSSSLOT|MOVED|ASK|TRYAGAIN|MASTERDOWN)\b/;

/** Why the server refused, where it did so whole; a lost answer and anything else is thrown on and stays in doubt. */
export function refusal(error: unknown, where: string): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const message = cause instanceof Error ? cause.message : '';
  // each answer of a cluster was to ask another node: none of them did it
  const redirected = /^Too many Cluster redirections/i.test(message);
  if (!redirected && (!isServerAnswer(cause) || !BEFOREHAND.test(message))) throw toJobctlError(error, where);
  return toJobctlError(error, where).message;
}
