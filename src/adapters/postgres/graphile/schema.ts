import { JobctlError } from '../../../domain/errors.ts';
import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import type { Inspection, WriteVerb } from '../dialect.ts';
import { deedsFinding } from '../rights.ts';
import { costOf, invalidIndex, isLarge, tableFacts } from '../table-size.ts';
import { worthHaving } from './advice.ts';
import { definitions, KNOWN_REVISION, type Layout, readLayout } from './layout.ts';
import { permit } from './privileges.ts';

const MIGRATE =
  'Run the library itself once (`graphile-worker --schema-only`), or: jobctl schema apply --dialect graphile-worker';

const tables = ['_private_jobs', '_private_job_queues', '_private_tasks', '_private_known_crontabs', 'migrations'];
const columns = [
  ...['id', 'job_queue_id', 'task_id', 'payload', 'priority', 'run_at', 'attempts', 'max_attempts', 'last_error'],
  ...['created_at', 'updated_at', 'key', 'locked_at', 'locked_by', 'revision', 'flags', 'is_available'],
];
const functions = [
  ...['add_job', 'add_jobs', 'complete_jobs', 'force_unlock_workers', 'permanently_fail_jobs', 'remove_job'],
  'reschedule_jobs',
];
const verbs: readonly WriteVerb[] = ['replay', 'reset', 'remove', 'edit', 'restore', 'revert'];

/** What the library's own workers look for jobs by. */
const indexes = [
  { name: 'jobs_main_index', on: '(priority, run_at) INCLUDE (id, task_id, job_queue_id) WHERE is_available = true' },
  {
    name: 'jobs_no_queue_index',
    on: '(priority, run_at) INCLUDE (id, task_id) WHERE is_available = true AND job_queue_id IS NULL',
  },
];

interface Catalog {
  readonly tables: readonly string[];
  readonly functions: readonly string[];
  readonly indexes: readonly string[];
  readonly view: boolean;
  /** An index that finds the dead, under whatever name. */
  readonly deadIndex: boolean;
  /** Of the indexes on the jobs. */
  readonly definitions: readonly string[];
}

/** Whether everything is there that the library's migrations bring, and whether this role may use it. */
export async function inspect(
  db: Db,
  schema: string,
  { writes }: { readonly writes: boolean },
  place: string,
): Promise<Inspection> {
  const layout = await seen(db, schema, place);
  if ('findings' in layout) return layout;
  const catalog = await readCatalog(db, layout);
  const facts = (await tableFacts(db, [layout.jobs])).get(layout.jobs);
  const faults = [
    ...drift(layout, catalog),
    ...(await gaps(db, layout)),
    ...(facts?.invalid ?? []).map(invalidIndex),
    ...indexes
      .filter(({ name }) => !catalog.indexes.includes(name))
      .map(
        ({ name, on }): SchemaFinding => ({
          level: 'warning',
          text: `The index ${name} is missing: workers search all jobs for the next one. ${facts === undefined ? '' : costOf(facts)}`,
          next: `CREATE INDEX CONCURRENTLY ${name} ON ${layout.jobs} ${on};`,
        }),
      ),
  ];
  const fine: SchemaFinding = {
    level: 'ok',
    text: `graphile-worker ${layout.version} in schema ${schema}${faults.length === 0 ? ': its tables, functions and indexes are all there.' : '.'}`,
  };
  const advice = facts === undefined || !isLarge(facts) ? [] : worthHaving(layout, catalog, costOf(facts));
  const rights = writes
    ? await deedsFinding(verbs, (verb) => permit(db, layout, verb, place))
    : layout.sight.warnings.map((text): SchemaFinding => ({ level: 'hint', text }));
  return { version: layout.version, findings: [fine, ...faults, ...unheard(layout), ...advice, ...rights] };
}

/** That a role sees nothing is a finding, not a failure. */
async function seen(db: Db, schema: string, place: string): Promise<Layout | Inspection> {
  try {
    return await readLayout(db, schema, place);
  } catch (error) {
    if (!(error instanceof JobctlError) || error.kind !== 'unreachable') throw error;
    const finding: SchemaFinding = { level: 'problem', text: error.message, next: error.next.join(' ') };
    return { version: 'unknown', findings: [finding] };
  }
}

async function readCatalog(db: Db, { schema, jobs }: Layout): Promise<Catalog> {
  const [catalog] = await db.query<Catalog>(
    `SELECT ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = n.oid AND relkind IN ('r', 'p')) AS tables,
            ARRAY(SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = n.oid) AS functions,
            ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = n.oid AND relkind = 'i') AS indexes,
            EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relkind = 'v' AND relname = 'jobs') AS view,
            EXISTS (SELECT FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid WHERE c.relnamespace = n.oid AND c.relname = '_private_jobs'
                       AND x.indisvalid AND pg_get_expr(x.indpred, x.indrelid) LIKE '%attempts >= max_attempts%') AS "deadIndex",
            ${definitions} AS definitions
       FROM pg_namespace n WHERE n.nspname = $1`,
    [schema, jobs],
  );
  if (catalog === undefined) throw new Error('The catalog did not answer.');
  return catalog;
}

function drift(layout: Layout, catalog: Catalog): SchemaFinding[] {
  const missing = [
    ...tables.filter((name) => !catalog.tables.includes(name)).map((name) => `The table ${name} is missing.`),
    ...(catalog.view ? [] : ['The view jobs is missing: it is what the library offers for looking.']),
    ...columns.filter((name) => !layout.columns.includes(name)).map((name) => `_private_jobs has no column ${name}.`),
    ...functions
      .filter((name) => !catalog.functions.includes(name))
      .map((name) => `The function ${name} is missing: workers or applications will fail.`),
  ];
  return missing.map((text) => ({ level: 'problem', text, next: MIGRATE }));
}

/** Each migration notes its number; one that is not there was never carried out, or somebody took the note away. */
async function gaps(db: Db, { schema, revision }: Layout): Promise<SchemaFinding[]> {
  if (revision === undefined) return [];
  const [row] = await db.query<{ missing: readonly number[] }>(
    `SELECT ARRAY(SELECT n FROM generate_series(1, $1::int) n WHERE NOT EXISTS (SELECT FROM ${migrations(schema)} m WHERE m.id = n)) AS missing`,
    [Math.min(revision, KNOWN_REVISION)],
  );
  if (row === undefined || row.missing.length === 0) return [];
  return [
    {
      level: 'warning',
      text: `The library's list of migrations lacks ${row.missing.join(', ')}, and has later ones.`,
      next: 'Was a backup put back in part? Compare the tables with a new database of the same version.',
    },
  ];
}

const migrations = (schema: string): string => `"${schema.replaceAll('"', '""')}".migrations`;

/** What a newer version may have brought. */
const unheard = ({ newer }: Layout): SchemaFinding[] =>
  newer === undefined
    ? []
    : [
        {
          level: 'warning',
          text: `This graphile-worker is newer than jobctl knows (${newer}).`,
          next: 'Look for an update of jobctl before you write.',
        },
      ];
