/** What the author of an adapter needs: the words, the contract and the errors. The kit that judges it is `jobctl/testkit`. */
export type * from './domain/action.ts';
export type * from './domain/adapter.ts';
export type { Capability } from './domain/capability.ts';
export type * from './domain/enqueue.ts';
export { type ErrorKind, ExitCode, JobctlError } from './domain/errors.ts';
export { earlier, fromDate, fromMicros, type Instant, secondsBetween, toMicros } from './domain/instant.ts';
export { type Job, type JobDetail, type JobError, type JobRef, type JobState, jobStates } from './domain/job.ts';
export { type Outcome, type SkipReason, skipReasons } from './domain/outcome.ts';
export type * from './domain/pause.ts';
export type * from './domain/schedule.ts';
export { type Criterion, criteria, matcher, matches, type Selection, type Tests } from './domain/selection.ts';
