import type { Layout } from './layout.ts';

/** A name without the version that the library hangs on it. */
export const stem = (name: string): string => name.replace(/_v\d+$/, '');

export interface ExpectedIndex {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** Behind ON: what CREATE INDEX needs. */
  readonly on: string;
  readonly unique: boolean;
  /** What is missed without it. */
  readonly without: string;
}

export interface Expected {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
  /** Stems. */
  readonly functions: readonly string[];
  /** By stem: what is missed without it. */
  readonly triggers: Readonly<Record<string, string>>;
  readonly indexes: readonly ExpectedIndex[];
}

const ladder = ['1.x', '2.x', '2.6+', '3.0', '3.1', '3.2', '3.4+'] as const;
type Version = (typeof ladder)[number];

/** What all versions that go by this name have. */
export function expectedOf(layout: Layout): Expected {
  const rank = ladder.indexOf(layout.version as Version);
  const since = <T>(version: Version, ...things: T[]): T[] => (rank >= ladder.indexOf(version) ? things : []);
  const until = <T>(version: Version, ...things: T[]): T[] => (rank < ladder.indexOf(version) ? things : []);
  const prefixed = (names: readonly string[]): string[] => names.map((name) => `procrastinate_${name}`);
  return {
    tables: prefixed(['jobs', 'events', 'periodic_defers', ...since('3.1', 'workers')]),
    columns: [
      ...['id', 'queue_name', 'task_name', 'lock', 'queueing_lock', 'args', 'status', 'scheduled_at', 'attempts'],
      ...since('2.x', 'priority'),
      ...since('3.0', 'abort_requested'),
      ...since('3.1', 'worker_id'),
    ],
    functions: prefixed([
      ...['fetch_job', 'finish_job', 'retry_job', 'defer_periodic_job'],
      ...until('3.2', 'defer_job'),
      ...since('2.6+', 'cancel_job'),
      ...since('3.1', 'register_worker', 'unregister_worker', 'update_heartbeat', 'prune_stalled_workers'),
      ...since('3.2', 'defer_jobs'),
    ]),
    triggers: Object.fromEntries([
      ['procrastinate_trigger_status_events_insert', NO_TIMES],
      ['procrastinate_trigger_status_events_update', NO_TIMES],
      ['procrastinate_trigger_scheduled_events', 'planned times are not recorded'],
      ['procrastinate_trigger_delete_jobs', 'jobs of a schedule cannot be deleted'],
      ...until('3.0', ['procrastinate_jobs_notify_queue', NO_WAKE]),
      ...since(
        '3.0',
        ['procrastinate_jobs_notify_queue_job_inserted', NO_WAKE],
        ['procrastinate_jobs_notify_queue_job_aborted', 'workers are not told to abort'],
        ['procrastinate_trigger_abort_requested_events', 'requests to abort are not recorded'],
      ),
    ]),
    indexes: [
      {
        ...JOBS,
        ...index('jobs_queueing_lock_idx', ['queueing_lock'], `WHERE status = 'todo'`),
        ...UNIQUE,
        without: 'two waiting jobs may hold one queueing lock',
      },
      {
        ...JOBS,
        ...index('jobs_lock_idx', ['lock'], `WHERE status = 'doing'`),
        ...UNIQUE,
        without: 'two jobs may run under one lock',
      },
      {
        ...JOBS,
        ...index('jobs_queue_name_idx', ['queue_name']),
        without: 'every look at a queue reads the whole table',
      },
      {
        ...JOBS,
        ...index('jobs_id_lock_idx', ['id', 'lock'], `WHERE status IN ('todo', 'doing')`),
        without: 'workers search long for jobs with a lock',
      },
      ...since('2.x', {
        ...JOBS,
        ...index('jobs_priority_idx', ['priority', 'id'], `WHERE status = 'todo'`),
        on: `(priority DESC, id) WHERE status = 'todo'`,
        without: 'workers search long for the next job',
      }),
      {
        ...index('events_job_id_fkey', ['job_id']),
        table: 'procrastinate_events',
        unique: false,
        without: 'every look at a job reads all events',
      },
      {
        ...index('periodic_defers_job_id_fkey', ['job_id']),
        table: 'procrastinate_periodic_defers',
        unique: false,
        without: 'deleting a job reads all of the table',
      },
    ],
  };
}

const NO_TIMES = 'the times and the history of jobs are not recorded';
const NO_WAKE = 'workers are not woken: a new job waits for their next poll';
const JOBS = { table: 'procrastinate_jobs', unique: false };
const UNIQUE = { unique: true };

const index = (name: string, columns: readonly string[], where = '') => ({
  name: `procrastinate_${name}`,
  columns,
  on: `(${columns.join(', ')})${where === '' ? '' : ` ${where}`}`,
});
