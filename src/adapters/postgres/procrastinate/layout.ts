import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';

/** What this database has of Procrastinate's layout. There is no version table, so it is told by what exists. */
export interface Layout {
  readonly schema: string;
  /** `3.4+` and so on: the newest layout whose marks are all there. */
  readonly version: string;
  /** Qualified and quoted. */
  readonly jobs: string;
  readonly events: string;
  readonly periodicDefers: string;
  /** Undefined before 3.1: then no worker can be told from a dead one. */
  readonly workers: string | undefined;
  /** A worker whose last sign of life is older counts as gone. */
  readonly staleSeconds: number;
  readonly priority: boolean;
  readonly abortRequested: boolean;
  readonly statusType: string;
  /** Labels of the status enum, in its order. */
  readonly statuses: readonly string[];
  /** Labels of the enum of events: an unknown one in a condition would be refused. */
  readonly eventTypes: readonly string[];
  /** Column names of the jobs table, in its order. */
  readonly columns: readonly string[];
  /** Since 3.0 channels carry `_v1` and the notification is JSON; before, it was the task's name. */
  readonly channels: 'v1' | 'plain';
  /** What is of a version that this program has not seen: functions, and states of jobs. */
  readonly newer: string | undefined;
}

/** A worker beats every 10 s and counts as stalled after 30 s: https://procrastinate.readthedocs.io (stalled_worker_timeout). */
const STALE_SECONDS = 30;

/** The highest version of each versioned function up to 3.9. */
const knownFunctions: Readonly<Record<string, number>> = {
  procrastinate_defer_job: 1,
  procrastinate_defer_jobs: 1,
  procrastinate_defer_periodic_job: 2,
  procrastinate_fetch_job: 2,
  procrastinate_finish_job: 1,
  procrastinate_cancel_job: 1,
  procrastinate_retry_job: 2,
};

interface Catalog {
  readonly columns: readonly string[];
  readonly statuses: readonly string[];
  readonly event_types: readonly string[];
  readonly functions: readonly string[];
  readonly workers: boolean;
}

const labelsOf = (type: string): string =>
  `ARRAY(SELECT e.enumlabel::text FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace
          WHERE n.nspname = $1 AND t.typname = '${type}' ORDER BY e.enumsortorder)`;

/** One look into the catalog; needs no privilege on the tables. */
export async function readLayout(db: Db, schema: string, staleSeconds = STALE_SECONDS): Promise<Layout> {
  const [catalog] = await db.query<Catalog>(
    `SELECT ARRAY(SELECT attname::text FROM pg_attribute
                   WHERE attrelid = to_regclass($2) AND attnum > 0 AND NOT attisdropped ORDER BY attnum) AS columns,
            ${labelsOf('procrastinate_job_status')} AS statuses, ${labelsOf('procrastinate_job_event_type')} AS event_types,
            ARRAY(SELECT DISTINCT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                   WHERE n.nspname = $1 AND p.proname LIKE 'procrastinate\\_%') AS functions,
            to_regclass($3) IS NOT NULL AS workers`,
    [schema, `${quoted(schema)}.procrastinate_jobs`, `${quoted(schema)}.procrastinate_workers`],
  );
  if (catalog === undefined) throw new Error('The catalog did not answer.');
  const table = (name: string): string => `${quoted(schema)}.${name}`;
  return {
    schema,
    version: versionOf(catalog),
    jobs: table('procrastinate_jobs'),
    events: table('procrastinate_events'),
    periodicDefers: table('procrastinate_periodic_defers'),
    workers: catalog.workers && catalog.columns.includes('worker_id') ? table('procrastinate_workers') : undefined,
    staleSeconds,
    priority: catalog.columns.includes('priority'),
    abortRequested: catalog.columns.includes('abort_requested'),
    statusType: table('procrastinate_job_status'),
    statuses: catalog.statuses,
    eventTypes: catalog.event_types,
    columns: catalog.columns,
    channels: catalog.columns.includes('abort_requested') ? 'v1' : 'plain',
    newer: newerThanKnown(catalog),
  };
}

/** Newest first; the first whose mark is there names the layout. */
function versionOf({ columns, statuses, functions, workers }: Catalog): string {
  const ladder: readonly (readonly [version: string, mark: boolean])[] = [
    ['3.4+', functions.includes('procrastinate_retry_job_v2')],
    ['3.2', functions.includes('procrastinate_defer_jobs_v1')],
    ['3.1', workers],
    ['3.0', columns.includes('abort_requested')],
    ['2.6+', statuses.includes('cancelled')],
    ['2.x', columns.includes('priority')],
  ];
  return ladder.find(([, mark]) => mark)?.[0] ?? '1.x';
}

const knownStatuses = ['todo', 'doing', 'aborting', 'succeeded', 'failed', 'cancelled', 'aborted'];

function newerThanKnown({ functions, statuses }: Catalog): string | undefined {
  const states = statuses.filter((status) => !knownStatuses.includes(status)).map((status) => `state ${status}`);
  const marks = [...functions.filter(isUnknown).sort(), ...states];
  return marks.length === 0 ? undefined : marks.join(', ');
}

function isUnknown(name: string): boolean {
  const versioned = /^(.+)_v(\d+)$/.exec(name);
  const known = versioned?.[1] === undefined ? undefined : knownFunctions[versioned[1]];
  return known !== undefined && Number(versioned?.[2]) > known;
}
