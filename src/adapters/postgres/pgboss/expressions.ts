import type { JobState } from '../../../domain/job.ts';
import type { Selection } from '../../../domain/selection.ts';
import { quotedLiterals } from '../sql.ts';
import { type Layout, NEWEST_SCHEMA } from './layout.ts';

/** The library's own condition, word for word, so that its partial indexes fit. Unheard states are never taken for early ones. */
export const early = (layout: Layout): string => {
  const strange = strangeStates(layout);
  return `j.state < 'active'${strange.length === 0 ? '' : ` AND j.state NOT IN ${quotedLiterals(strange)}`}`;
};

const named = ['created', 'retry', 'active', 'completed', 'expired', 'cancelled', 'failed'];
export const strangeStates = (layout: Layout): string[] => layout.states.filter((label) => !named.includes(label));

/** Undefined when all of the layout is known. */
export function newerThanKnown(layout: Layout): string | undefined {
  const marks = [
    ...(layout.number > NEWEST_SCHEMA ? [`schema ${layout.number}`] : []),
    ...strangeStates(layout).map((state) => `state ${state}`),
  ];
  return marks.length === 0 ? undefined : marks.join(', ');
}

/** Whether a queue names the one of this name as its dead-letter queue. */
export const isLetterQueue = (layout: Layout, name: string): string =>
  `${name} IN (SELECT q.dead_letter FROM ${layout.queue} q WHERE q.dead_letter IS NOT NULL)`;

/**
 * Whether `j` lies in a dead-letter queue: a queue names it as such, or the row says itself where it came from (12.34+).
 * A dead-letter queue that only single jobs name is not seen before 12.34, except up close: there the failed jobs are gone
 * through for one that ended at the very moment at which `j` was made. The library sends nothing without its queue's policy.
 */
export function deadLettered(layout: Layout): string {
  if (layout.queue === undefined) return 'false';
  const bySource = layout.has('source_id') ? ' OR j.source_id IS NOT NULL' : '';
  const byOriginal = layout.close
    ? ` OR (j.policy IS NULL AND j.state < 'active' AND (j.name, j.created_on) IN
            (SELECT o.dead_letter, o.completed_on FROM ${layout.job} o WHERE o.state = 'failed' AND o.dead_letter IS NOT NULL))`
    : '';
  return `(${isLetterQueue(layout, 'j.name')}${bySource}${byOriginal})`;
}

/** For jobs that are asked for by name: they are few, and worth a walk over all that failed. */
export const upClose = (layout: Layout): Layout =>
  layout.queue === undefined || layout.has('source_id') ? layout : { ...layout, close: true };

/** Up close where the selection names its jobs. */
export const closeFor = (layout: Layout, { ids }: Pick<Selection, 'ids'>): Layout =>
  ids === undefined ? layout : upClose(layout);

const blocked = (layout: Layout): string => (layout.has('blocked') ? 'j.blocked' : 'false');
export const future = (layout: Layout): string => `${layout.col('start_after')} > now()`;

/** Boolean SQL over `j`, a row of the job table, for each state. Together they cover every row once. */
export function stateConditions(layout: Layout): Record<JobState, string> {
  const soon = `${early(layout)} AND NOT ${deadLettered(layout)}`;
  const strange = strangeStates(layout);
  const unheard = strange.length === 0 ? '' : ` OR j.state IN ${quotedLiterals(strange)}`;
  const failed = layout.states.includes('expired') ? `j.state IN ('failed', 'expired')` : `j.state = 'failed'`;
  // the first part says nothing new: it is what the index on live states needs to see
  const dead = `(j.state IN ('created', 'retry', 'failed') AND (j.state = 'failed' OR ${deadLettered(layout)}))`;
  return {
    waiting: `(${soon} AND NOT ${blocked(layout)} AND NOT ${future(layout)})`,
    delayed: `(${soon} AND NOT ${blocked(layout)} AND ${future(layout)})`,
    blocked: `((${soon} AND ${blocked(layout)})${unheard})`,
    active: `j.state = 'active'`,
    completed: `j.state = 'completed'`,
    dead: layout.queue === undefined ? failed : dead,
    cancelled: `j.state = 'cancelled'`,
  };
}

/** SQL text of the state of `j`. */
export function stateOf(layout: Layout): string {
  const { waiting: _rest, ...others } = stateConditions(layout);
  return `CASE ${Object.entries(others)
    .map(([state, condition]) => `WHEN ${condition} THEN '${state}'`)
    .join(' ')} ELSE 'waiting' END`;
}

/** The moment the state of `j` began. A dead-letter copy died when it was made. */
export function sinceOf(layout: Layout): string {
  const { col } = layout;
  const held = `${deadLettered(layout)}${layout.has('blocked') ? ' OR j.blocked' : ''}`;
  return `CASE WHEN j.state = 'active' THEN ${col('started_on')}
               WHEN NOT (${early(layout)}) THEN ${col('completed_on')}
               WHEN ${held} THEN ${col('created_on')}
               WHEN ${future(layout)} THEN ${col('start_after')}
               ELSE greatest(${col('created_on')}, ${col('start_after')}) END`;
}

/** How long a run may take, as an interval. */
export const allowance = (layout: Layout): string =>
  layout.has('expire_seconds') ? `j.expire_seconds * interval '1 s'` : layout.col('expire_in');

const stamp = (time: string): string => `to_char((${time}) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')`;

/**
 * Text that proves that the owner of `j` is gone, else null: what the library's own supervisor goes by. A row that is past
 * its time and still active also says that no instance with `supervise` runs.
 */
export function proofOf(layout: Layout): string {
  const end = `${layout.col('started_on')} + ${allowance(layout)}`;
  const beat = `j.heartbeat_on + j.heartbeat_seconds * interval '1 s'`;
  const lost = layout.has('heartbeat_on')
    ? `WHEN ${beat} < now() THEN 'its last heartbeat came at ' || ${stamp('j.heartbeat_on')} || ' UTC, it must come every ' || j.heartbeat_seconds || ' s'`
    : '';
  return `CASE WHEN j.state <> 'active' THEN NULL ${lost}
               WHEN ${end} < now() THEN 'its time ran out at ' || ${stamp(end)} || ' UTC' END`;
}

/** How often the job has run: a claim raises `retry_count` only for a job that ran before. */
export function attemptsOf(layout: Layout): string {
  const ran = `CASE WHEN ${layout.col('started_on')} IS NULL THEN 0 ELSE ${layout.col('retry_count')} + 1 END`;
  if (!layout.has('source_retry_count')) return ran;
  // how often the job ran before it died
  return `CASE WHEN ${restingCopy} THEN coalesce(j.source_retry_count + 1, 0) ELSE ${ran} END`;
}

/** A copy that has not run in its dead-letter queue. */
const restingCopy = 'j.started_on IS NULL AND j.source_id IS NOT NULL';

/** How many retries it has; of a resting copy unknown, since the row holds those of the dead-letter queue. */
export const limitOf = (layout: Layout): string =>
  layout.has('source_retry_count')
    ? `CASE WHEN ${restingCopy} THEN NULL ELSE j.retry_limit END`
    : layout.col('retry_limit');

/** No stack is worth more than this on a screen. */
const ERROR_LENGTH = 8000;

/** The last failure: of a copy that of its original; of a job that runs or will run again the one before. */
export function errorOf(layout: Layout): { message: string; class: string; stack: string } {
  const output = layout.has('source_output') ? 'coalesce(j.source_output, j.output)' : 'j.output';
  const failing = `j.state IN ('failed', 'retry', 'active') OR (${early(layout)} AND ${deadLettered(layout)})${layout.states.includes('expired') ? ` OR j.state = 'expired'` : ''}`;
  const of = (name: string): string => `coalesce(${output} ->> '${name}', ${output} -> 'value' ->> '${name}')`;
  const message = `coalesce(${of('message')}, ${output} ->> 'value', nullif(${output}::text, 'null'))`;
  const cut = (text: string): string => `CASE WHEN ${failing} THEN left(${text}, ${ERROR_LENGTH}) END`;
  return { message: cut(message), class: cut(of('name')), stack: cut(of('stack')) };
}
