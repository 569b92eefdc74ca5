import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import { look, type Sight } from './sight.ts';

/** The newest revision whose meaning is known here, and the first one of 0.17. */
export const KNOWN_REVISION = 20;
const POOLS_REVISION = 19;

/** What this database has of graphile-worker's layout. All names are qualified and quoted. */
export interface Layout {
  readonly schema: string;
  readonly version: string;
  /** Of the library's own count of migrations; undefined where this role may not read it. */
  readonly revision: number | undefined;
  /** What is newer than all that is known here: `revision 21`. */
  readonly newer: string | undefined;
  readonly jobs: string;
  readonly tasks: string;
  /** The named queues: jobs in one of them run one after the other. */
  readonly lanes: string;
  /** The one public relation. It has every column but the payload. */
  readonly view: string;
  /** Worker Pro's list of workers, where it is installed. */
  readonly workers: string | undefined;
  readonly sight: Sight;
  /** Whether finished indexes hold what waits by task and time, and what does not; and the last VACUUM saw nearly all pages. */
  readonly byTask: boolean;
  /** Column names of the jobs table, in its order. */
  readonly columns: readonly string[];
  /** Those that can be written. */
  readonly writable: readonly string[];
}

interface Catalog {
  readonly columns: readonly string[];
  readonly generated: readonly string[];
  readonly workers: boolean;
  readonly counted: boolean;
  readonly swept: number;
  readonly indexes: readonly string[];
}

const NEARLY_ALL = 0.9;

/** The indexes that `schema check` advises, as Postgres writes what they are on. */
export const WAITING = '(task_id, run_at) WHERE (is_available = true)';
export const UNAVAILABLE = '(id) INCLUDE (task_id, locked_at) WHERE (is_available = false)';

/** The definitions of the finished indexes of the table $2. */
export const definitions = `ARRAY(SELECT pg_get_indexdef(x.indexrelid) FROM pg_index x WHERE x.indrelid = to_regclass($2) AND x.indisvalid)`;
export const isAmong = (indexes: readonly string[], wanted: string): boolean =>
  indexes.some((definition) => definition.endsWith(wanted));

export async function readLayout(db: Db, schema: string, place: string): Promise<Layout> {
  const table = (name: string): string => `${quoted(schema)}.${name}`;
  const sight = await look(db, schema, place);
  const [catalog] = await db.query<Catalog>(
    `WITH r AS (SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1),
          a AS (SELECT a.attname::text AS name, a.attnum, a.attgenerated <> '' AS generated FROM r JOIN pg_attribute a ON a.attrelid = r.oid
                 WHERE r.relname = '_private_jobs' AND a.attnum > 0 AND NOT a.attisdropped)
     SELECT ARRAY(SELECT name FROM a ORDER BY attnum) AS columns, ARRAY(SELECT name FROM a WHERE generated) AS generated,
            EXISTS (SELECT FROM r JOIN pg_attribute w ON w.attrelid = r.oid WHERE r.relname = '_private_pro_workers'
                       AND w.attname = 'worker_id' AND has_table_privilege(r.oid, 'SELECT')) AS workers,
            EXISTS (SELECT FROM r WHERE r.relname = 'migrations' AND has_table_privilege(r.oid, 'SELECT')) AS counted,
            ${definitions} AS indexes,
            coalesce((SELECT c.relallvisible / nullif(greatest(c.relpages, 0), 0)::float8 FROM pg_class c WHERE c.oid = to_regclass($2)), 0) AS swept`,
    [schema, table('_private_jobs')],
  );
  if (catalog === undefined || catalog.columns.length === 0) {
    throw new JobctlError('usage', `At ${place} the schema ${schema} has no jobs of graphile-worker.`);
  }
  const [count] = catalog.counted
    ? await db.query<{ revision: number | null; strange: number | null }>(
        `SELECT max(id)::int AS revision, (max(id) FILTER (WHERE breaking AND id > ${KNOWN_REVISION}))::int AS strange FROM ${table('migrations')}`,
      )
    : [];
  const revision = count?.revision ?? undefined;
  const breaking = count?.strange === null ? '' : ', which the library calls a breaking change';
  return {
    schema,
    version: versionOf(revision),
    revision,
    newer: revision !== undefined && revision > KNOWN_REVISION ? `revision ${revision}${breaking}` : undefined,
    jobs: table('_private_jobs'),
    tasks: table('_private_tasks'),
    lanes: table('_private_job_queues'),
    view: table('jobs'),
    workers: catalog.workers ? table('_private_pro_workers') : undefined,
    sight,
    byTask:
      sight.through === 'tables' &&
      [WAITING, UNAVAILABLE].every((one) => isAmong(catalog.indexes, one)) &&
      catalog.swept > NEARLY_ALL,
    columns: catalog.columns,
    writable: catalog.columns.filter((column) => !catalog.generated.includes(column)),
  };
}

function versionOf(revision: number | undefined): string {
  if (revision === undefined) return '0.16+';
  const release = revision > KNOWN_REVISION ? 'newer than 0.18' : revision >= POOLS_REVISION ? '0.17+' : '0.16';
  return `${release} (revision ${revision})`;
}

export const warningsOn = ({ sight, newer }: Layout): string[] => [
  ...sight.warnings,
  ...(newer === undefined
    ? []
    : [
        `This graphile-worker schema (${newer}) is newer than jobctl knows (up to ${KNOWN_REVISION}); check for an update.`,
      ]),
];
