import type { JobState } from '../../../domain/job.ts';
import type { Layout } from './layout.ts';

/** After this long the library's own workers take a lock for abandoned. */
export const ABANDONED = `interval '4 hours'`;

/** Where rows come from, and what they are asked by. In each of them `j` is a job. */
export interface Source {
  /** Plain rows, which can be locked. */
  readonly rows: string;
  /** The same with the names `queue` and `lane`, and the payload as text. */
  readonly named: string;
  /** It is not locked, and has an attempt left. */
  readonly available: string;
  /** Another job of the lane runs, or ran when its worker died. Never NULL; decided at once for the most, which have no lane. */
  readonly held: string;
  /** What task and lane are told apart by, and their names over `g`, a group of rows with the same `task` and `lane`. */
  readonly keys: Readonly<Record<'task' | 'lane' | 'taskName' | 'laneName', string>>;
  ofQueues(names: string): string;
  ofLane(name: string): string;
}

export function sourceOf({ sight, jobs, tasks, lanes, view }: Layout): Source {
  if (sight.through === 'view') {
    return {
      rows: `${view} j`,
      named: `(SELECT v.*, v.task_identifier AS queue, v.queue_name AS lane, '' AS text FROM ${view} v) j`,
      available: '(j.locked_at IS NULL AND j.attempts < j.max_attempts)',
      held: `(j.queue_name IS NOT NULL AND j.queue_name IN (SELECT o.queue_name FROM ${view} o WHERE o.locked_at IS NOT NULL AND o.queue_name IS NOT NULL))`,
      keys: { task: 'j.task_identifier', lane: 'j.queue_name', taskName: 'g.task', laneName: 'g.lane' },
      ofQueues: (names) => `j.task_identifier = ANY (${names})`,
      ofLane: (name) => `j.queue_name = ${name}`,
    };
  }
  return {
    rows: `${jobs} j`,
    named: `(SELECT r.*, t.identifier AS queue, q.queue_name AS lane, r.payload::text AS text FROM ${jobs} r
              JOIN ${tasks} t ON t.id = r.task_id LEFT JOIN ${lanes} q ON q.id = r.job_queue_id) j`,
    available: 'j.is_available',
    held: `(j.job_queue_id IS NOT NULL AND j.job_queue_id IN (SELECT q.id FROM ${lanes} q WHERE q.locked_at IS NOT NULL))`,
    keys: {
      task: 'j.task_id',
      lane: 'j.job_queue_id',
      taskName: `(SELECT t.identifier FROM ${tasks} t WHERE t.id = g.task)`,
      laneName: `(SELECT q.queue_name FROM ${lanes} q WHERE q.id = g.lane)`,
    },
    ofQueues: (names) => `j.task_id = ANY (ARRAY(SELECT t.id FROM ${tasks} t WHERE t.identifier = ANY (${names})))`,
    ofLane: (name) => `j.job_queue_id = (SELECT q.id FROM ${lanes} q WHERE q.queue_name = ${name})`,
  };
}

export const isDead = '(j.locked_at IS NULL AND j.attempts >= j.max_attempts)';

/** Boolean SQL for each state. Together they cover every row once: a job that succeeds is deleted, one that is cancelled does not exist. */
export function stateConditions(source: Source): Record<JobState, string> {
  const live = 'j.locked_at IS NULL AND j.attempts < j.max_attempts';
  return {
    waiting: `(${live} AND j.run_at <= now() AND NOT ${source.held})`,
    delayed: `(${live} AND j.run_at > now())`,
    blocked: `(${live} AND j.run_at <= now() AND ${source.held})`,
    active: '(j.locked_at IS NOT NULL)',
    dead: isDead,
    completed: 'false',
    cancelled: 'false',
  };
}

export const stateOf = (
  source: Source,
): string => `CASE WHEN j.locked_at IS NOT NULL THEN 'active' WHEN ${isDead} THEN 'dead'
  WHEN j.run_at > now() THEN 'delayed' WHEN ${source.held} THEN 'blocked' ELSE 'waiting' END`;

/** The library has no word for a state in its tables; these are the words of its documentation. */
export const nativeOf = `CASE WHEN j.locked_at IS NOT NULL THEN 'locked' WHEN ${isDead} THEN 'permanently failed'
  WHEN j.run_at > now() THEN 'scheduled' ELSE 'available' END`;

/**
 * When the last attempt failed. It is not stored, but the backoff is added to the moment of the failure, so it can be
 * taken off again. (`updated_at` does not move when a worker fails a job.)
 */
export const failedAt = `(j.run_at - exp(least(j.attempts, 10)) * interval '1 second')`;

/**
 * When the state began. A job that was failed by hand has no backoff in its `run_at`, but then `updated_at` tells; what
 * lies ahead cannot have happened.
 */
export const since = `CASE WHEN j.locked_at IS NOT NULL THEN j.locked_at
  WHEN ${isDead} THEN CASE WHEN ${failedAt} <= now() THEN greatest(j.updated_at, ${failedAt}) ELSE j.updated_at END
  ELSE greatest(j.run_at, j.created_at) END`;

/**
 * Whether the owner of a lock is gone. The library's own rule: no lock is good for longer than four hours. Under Worker Pro
 * it may last as long as its worker is registered.
 */
export const isAbandoned = ({ workers }: Layout, row: 'j' | 'q'): string =>
  `(${row}.locked_at < now() - ${ABANDONED}${
    workers === undefined ? '' : ` AND NOT EXISTS (SELECT FROM ${workers} w WHERE w.worker_id = ${row}.locked_by)`
  })`;

/** Text that proves that the owner of a job is gone, else null. */
export const proofOf = (layout: Layout): string =>
  `CASE WHEN ${isAbandoned(layout, 'j')} THEN 'locked for more than 4 hours, since ' || to_char(j.locked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' END`;
