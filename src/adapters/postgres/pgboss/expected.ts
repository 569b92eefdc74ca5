/** What a schema number has, as far as operators and workers would miss it. `since` and `until` are schema numbers. */
interface Span {
  readonly since?: number;
  /** The last number that has it. */
  readonly until?: number;
}

export interface ExpectedIndex extends Span {
  /** The library names them by their table and this. */
  readonly suffix: string;
  readonly unique?: true;
  /** Behind ON: what CREATE INDEX needs. */
  readonly on: string;
  /** What is missed without it. */
  readonly without: string;
}

interface Named extends Span {
  readonly name: string;
}

const tables: readonly Named[] = [
  { name: 'schedule' },
  { name: 'subscription' },
  { name: 'archive', until: 24 },
  { name: 'queue', since: 21 },
  { name: 'job_common', since: 26 },
  { name: 'bam', since: 27 },
  { name: 'warning', since: 29 },
  { name: 'job_dependency', since: 31 },
  { name: 'queue_stats', since: 35 },
  { name: 'instance', since: 44 },
];

const functions: readonly Named[] = [
  { name: 'create_queue', since: 21 },
  { name: 'delete_queue', since: 21 },
  { name: 'job_table_run', since: 27 },
  { name: 'job_table_run_async', since: 27 },
  { name: 'job_now', since: 42 },
];

/** Columns of the jobs, by the number that brought them. */
const columns: readonly (readonly [since: number, ...names: string[]])[] = [
  [21, 'dead_letter', 'policy'],
  [25, 'expire_seconds', 'deletion_seconds', 'retry_delay_max'],
  [27, 'group_id', 'group_tier'],
  [30, 'heartbeat_on', 'heartbeat_seconds'],
  [31, 'blocked', 'blocking', 'pending_dependencies'],
  [34, 'source_name', 'source_id', 'source_retry_count'],
  [43, 'source_output', 'source_root_id'],
  [45, 'upsert_by_key'],
];

const SLOW_FETCH = 'workers search all jobs for the next one';
const key = `(name, COALESCE(singleton_key, ''))`;
const policy = (name: string, when: string) => `${key} WHERE state ${when} AND policy = '${name}'`;

/** On each table that holds jobs. */
const indexes: readonly ExpectedIndex[] = [
  { suffix: '_i1', since: 21, unique: true, on: policy('short', `= 'created'`), without: twoOf('short') },
  { suffix: '_i2', since: 21, unique: true, on: policy('singleton', `= 'active'`), without: twoOf('singleton') },
  {
    suffix: '_i3',
    since: 21,
    unique: true,
    on: `(name, state, COALESCE(singleton_key, '')) WHERE state <= 'active' AND policy = 'stately'`,
    without: twoOf('stately'),
  },
  {
    suffix: '_i4',
    since: 21,
    unique: true,
    on: `(name, singleton_on, COALESCE(singleton_key, '')) WHERE state <> 'cancelled' AND singleton_on IS NOT NULL`,
    without: 'jobs that are throttled may be sent twice',
  },
  { suffix: '_i6', since: 26, unique: true, on: policy('exclusive', `<= 'active'`), without: twoOf('exclusive') },
  {
    suffix: '_i5',
    since: 21,
    until: 30,
    on: `(name, start_after) INCLUDE (priority, created_on, id) WHERE state < 'active'`,
    without: SLOW_FETCH,
  },
  {
    suffix: '_i5',
    since: 31,
    until: 39,
    on: `(name, start_after) WHERE state < 'active' AND NOT blocked`,
    without: SLOW_FETCH,
  },
  {
    suffix: '_i11',
    since: 40,
    on: `(name, priority DESC, created_on, start_after) WHERE state < 'active' AND NOT blocked`,
    without: SLOW_FETCH,
  },
  {
    suffix: '_i14',
    since: 46,
    on: `(name, state, blocked, start_after) WHERE state IN ('created', 'retry', 'active', 'failed')`,
    without: 'every count of live jobs reads the whole table',
  },
  { suffix: '_i15', since: 46, on: '(name, created_on)', without: 'lists of jobs are in no order of time' },
  {
    suffix: '_i16',
    since: 46,
    on: '(name, completed_on) WHERE completed_on IS NOT NULL',
    without: 'maintenance, and what ended lately, read the whole table',
  },
];

function twoOf(name: string): string {
  return `jobs that the policy ${name} keeps apart may stand side by side`;
}

export interface Expected {
  readonly tables: readonly string[];
  readonly functions: readonly string[];
  readonly columns: readonly string[];
  readonly indexes: readonly ExpectedIndex[];
}

export function expectedOf(number: number): Expected {
  const has = ({ since = 0, until = Number.POSITIVE_INFINITY }: Span): boolean => since <= number && number <= until;
  const names = (all: readonly Named[]): string[] => all.filter(has).map(({ name }) => name);
  return {
    tables: names(tables),
    functions: names(functions),
    columns: columns.filter(([since]) => since <= number).flatMap(([, ...brought]) => brought),
    indexes: indexes.filter(has),
  };
}

/** The indexes that only matter to queues of one policy; a queue with a table of its own has them where it has the policy. */
export const ofPolicy = ({ on }: ExpectedIndex): string | undefined => /policy = '(\w+)'/.exec(on)?.[1];
