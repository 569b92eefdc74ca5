import { fromMicros, type Instant, toMicros } from '../../../domain/instant.ts';
import type { JobState } from '../../../domain/job.ts';

/** Boolean SQL over `j`, a row of the job table, for each state. A state of a version to come counts as blocked. */
export const stateConditions: Readonly<Record<JobState, string>> = {
  waiting: `j.state = 'waiting'`,
  delayed: `j.state = 'delayed'`,
  active: `j.state = 'active'`,
  completed: `j.state = 'completed'`,
  dead: `j.state = 'failed'`,
  blocked: `j.state NOT IN ('waiting', 'delayed', 'active', 'completed', 'failed')`,
  cancelled: 'false',
};

const states: Readonly<Record<string, JobState>> = {
  waiting: 'waiting',
  delayed: 'delayed',
  active: 'active',
  completed: 'completed',
  failed: 'dead',
};

export const stateOf = (native: string): JobState => states[native] ?? 'blocked';

/** The server's clock, as the library counts time: milliseconds since 1970. */
export const nowMs = '(extract(epoch FROM now()) * 1000)::bigint';

/** Times that a calendar holds, 0001 to 9999: the columns take any number, and producers have written odd ones. */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 253_402_300_799_999;

/** When the state began, in milliseconds; null where no calendar holds it. A replay forgets when a job ran before. */
export const sinceMs = `(SELECT CASE WHEN t.ms BETWEEN ${FIRST_MS} AND ${LAST_MS} THEN t.ms END FROM (SELECT CASE
  WHEN j.state IN ('completed', 'failed') THEN coalesce(j.finished_at_ms, j.processed_at_ms, j.added_at_ms)
  WHEN j.state = 'active' THEN j.processed_at_ms
  WHEN j.state = 'delayed' THEN j.process_at_ms
  WHEN j.state = 'waiting' THEN greatest(j.processed_at_ms, j.process_at_ms, j.added_at_ms)
  ELSE coalesce(j.processed_at_ms, j.added_at_ms) END AS ms) t)`;

/** The library's own rule for a worker that is gone: an active job whose lock was not renewed in time. */
export const isStuck = `(j.state = 'active' AND coalesce(j.locked_until_ms < ${nowMs}, true))`;

export const instantOf = (ms: number | null | undefined): Instant | undefined =>
  ms === null || ms === undefined || !(ms >= FIRST_MS && ms <= LAST_MS)
    ? undefined
    : fromMicros(BigInt(Math.trunc(ms)) * 1000n);

/** The last whole millisecond at or before an instant, and the first at or after it: the columns have no finer ones. */
export const msBefore = (instant: Instant): string => String(floor(toMicros(instant)));
export const msAfter = (instant: Instant): string => String(-floor(-toMicros(instant)));

const floor = (micros: bigint): bigint => micros / 1000n - (micros % 1000n < 0n ? 1n : 0n);
