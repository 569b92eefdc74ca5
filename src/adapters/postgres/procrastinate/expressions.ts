import type { JobState } from '../../../domain/job.ts';
import { quotedLiterals } from '../sql.ts';
import type { Layout } from './layout.ts';

/**
 * A job whose worker's row is gone is an orphan, or was taken by a worker older than 3.1, which never had a row. Only
 * after this long without an end is it called stuck.
 */
export const ORPHAN_SECONDS = 300;

/** Events that end a run. A todo job marked failed or succeeded by hand is recorded as `cancelled`. */
export const endings = ['failed', 'succeeded', 'cancelled', 'aborted'] as const;
/** Events that put a job in line. `scheduled` is left out: its time is the planned one, and lies ahead. */
export const queueings = ['deferred', 'deferred_for_retry', 'retried'] as const;

/** Boolean SQL over `j`, a row of the jobs table, for each state. Together they cover every row once. */
export function stateConditions(layout: Layout): Record<JobState, string> {
  const known = (...labels: string[]): string => {
    const existing = labels.filter((label) => layout.statuses.includes(label));
    return existing.length === 0 ? 'false' : `j.status IN ${quotedLiterals(existing)}`;
  };
  const future = `coalesce(j.scheduled_at > now(), false)`;
  const locked = `(j.lock IS NOT NULL AND EXISTS (SELECT 1 FROM ${layout.jobs} o WHERE o.lock = j.lock AND o.status = 'doing'))`;
  const named = ['todo', 'doing', 'aborting', 'succeeded', 'failed', 'cancelled', 'aborted'];
  const strange = layout.statuses.filter((label) => !named.includes(label));
  const unheard = strange.length === 0 ? '' : ` OR j.status IN ${quotedLiterals(strange)}`;
  return {
    waiting: `(j.status = 'todo' AND NOT ${future} AND NOT ${locked})`,
    delayed: `(j.status = 'todo' AND ${future})`,
    blocked: `((j.status = 'todo' AND NOT ${future} AND ${locked})${unheard})`,
    active: known('doing', 'aborting'),
    completed: known('succeeded'),
    dead: known('failed'),
    cancelled: known('cancelled', 'aborted'),
  };
}

/** SQL text of the state of `j`. */
export function stateOf(layout: Layout): string {
  const { waiting: _rest, ...others } = stateConditions(layout);
  return `CASE ${Object.entries(others)
    .map(([state, condition]) => `WHEN ${condition} THEN '${state}'`)
    .join(' ')} ELSE 'waiting' END`;
}

const eventTime = (layout: Layout, pick: 'min' | 'max', types: readonly string[]): string =>
  `(SELECT ${pick}(e.at) FROM ${layout.events} e WHERE e.job_id = j.id AND e.type IN ${quotedLiterals(types.filter((type) => layout.eventTypes.includes(type)))})`;

/** The moment the state of `j` began, from its own columns and its events; for conditions, where no join is at hand. */
export const sinceOf = (layout: Layout): string =>
  `CASE WHEN j.status::text IN ('doing', 'aborting') THEN ${eventTime(layout, 'max', ['started'])}
        WHEN j.status::text <> 'todo' THEN ${eventTime(layout, 'max', endings)}
        WHEN j.scheduled_at > now() THEN j.scheduled_at
        ELSE greatest(j.scheduled_at, ${eventTime(layout, 'max', queueings)}) END`;

/** Text that proves that the owner of `j` is gone, else null. Before 3.1 nothing can prove it. */
export function proofOf(layout: Layout): string {
  if (layout.workers === undefined) return 'NULL::text';
  const beat = `(SELECT w.last_heartbeat FROM ${layout.workers} w WHERE w.id = j.worker_id)`;
  return `CASE WHEN j.status <> 'doing' THEN NULL
    WHEN j.worker_id IS NULL OR ${beat} IS NULL THEN
      CASE WHEN ${eventTime(layout, 'max', ['started'])} < now() - interval '${ORPHAN_SECONDS} s' THEN 'its worker is no longer registered' END
    WHEN ${beat} < now() - interval '${layout.staleSeconds} s' THEN
      'worker ' || j.worker_id || ' last gave a sign of life at ' || to_char(${beat} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
    END`;
}
