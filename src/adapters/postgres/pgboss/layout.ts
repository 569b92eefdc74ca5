import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';

/** The newest schema number that this program has been tried with: pg-boss 12.38. */
export const NEWEST_SCHEMA = 46;

/** What this database has of pg-boss. The schema number names it; what is asked for is told by the columns that exist. */
export interface Layout {
  readonly schema: string;
  /** The one row of the library's table `version`. */
  readonly number: number;
  /** `12 (schema 46)`. */
  readonly version: string;
  /** Qualified and quoted. */
  readonly job: string;
  /** Undefined before 10, which has queue names but no queues. */
  readonly queue: string | undefined;
  /** Parents and children of jobs, since 12.20. */
  readonly dependency: string | undefined;
  /** The registry of live processes, since schema 44. */
  readonly instances: string | undefined;
  /** Column names of the job table, in its order. */
  readonly columns: readonly string[];
  /** Columns that hold jsonb: a JSON null in them reads like no value at all. */
  readonly jsonColumns: readonly string[];
  /** Labels of the enum of states, in its order. */
  readonly states: readonly string[];
  readonly queueColumns: readonly string[];
  /** What sends jobs by the clock: every version has the table. */
  readonly schedule: string;
  readonly scheduleColumns: readonly string[];
  /** True before 10: `retrylimit` where later versions have `retry_limit`. */
  readonly squashed: boolean;
  /** Whether an index on (name, created_on) is there and finished, so that jobs can be listed by their age. */
  readonly byAge: boolean;
  /** Whether what ended lately is cheap to find: tables without a finished index on (name, completed_on) are small. */
  readonly byEnd: boolean;
  /** Whether the last VACUUM saw nearly all pages as they are, so that an index alone tells how many rows there are. */
  readonly swept: boolean;
  /** About how many rows lie in the library's archive: null without one, -1 where nobody has counted yet. */
  readonly archived: number | null;
  /** Copies in dead-letter queues that only single jobs name are looked for as well. */
  readonly close?: true;
  has(column: string): boolean;
  /** SQL of a column of `j`, under the name that this version gives it. */
  col(column: string): string;
}

interface Catalog {
  /** What the library's table `version` says. */
  readonly stored: number | null;
  readonly archived: number | null;
  readonly columns: readonly string[];
  readonly json_columns: readonly string[];
  readonly queue_columns: readonly string[];
  readonly schedule_columns: readonly string[];
  readonly states: readonly string[];
  readonly dependency: boolean;
  readonly instances: boolean;
  /** The columns of each finished index on the jobs of all queues that have no table of their own, unless it covers only some. */
  readonly indexes: readonly string[];
  /** Bytes of the tables in which no index finds what ended lately, and the part of all pages that a VACUUM has seen through. */
  readonly unended: number;
  readonly swept: number;
}

/** What is read through in no time. */
const SMALL = 16 * 1024 * 1024;
const NEARLY_ALL = 0.9;

const columnsOf = (table: string, also = ''): string =>
  `ARRAY(SELECT attname::text FROM pg_attribute
          WHERE attrelid = to_regclass(${table}) AND attnum > 0 AND NOT attisdropped ${also} ORDER BY attnum)`;

/** True of a finished index `i` that finds jobs of the table `c` by when they ended. Of hundreds of tables few are looked into. */
const ENDS = `i.indrelid = c.oid AND i.indisvalid AND NOT i.indisunique AND i.indnkeyatts >= 2
   AND pg_get_indexdef(i.indexrelid, 2, true) = 'completed_on' AND pg_get_indexdef(i.indexrelid, 1, true) = 'name'
   AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = '(completed_on IS NOT NULL)')`;

const rowsOf = (table: string): string =>
  `(SELECT CASE WHEN pg_relation_size(c.oid) = 0 THEN 0 ELSE c.reltuples END::float8 FROM pg_class c WHERE c.oid = to_regclass(${table}))`;

/** Looks into the catalog and at the version. Nothing of the library runs, and nothing is ever migrated. */
export async function readLayout(db: Db, schema: string, place: string): Promise<Layout> {
  const table = (name: string): string => `${quoted(schema)}.${name}`;
  const [catalog] = await db.query<Catalog>(
    `SELECT ${columnsOf('$2')} AS columns, ${columnsOf('$2', `AND atttypid = 'jsonb'::regtype`)} AS json_columns,
            ${columnsOf('$3')} AS queue_columns, ${columnsOf('$7')} AS schedule_columns,
            ARRAY(SELECT e.enumlabel::text FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace
                   WHERE n.nspname = $1 AND t.typname = 'job_state' ORDER BY e.enumsortorder) AS states,
            to_regclass($4) IS NOT NULL AS dependency, to_regclass($6) IS NOT NULL AS instances,
            ARRAY(SELECT string_agg(a.attname, ' ' ORDER BY k.place)
                    FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (num, place) JOIN pg_attribute a ON a.attnum = k.num
                   WHERE i.indrelid = to_regclass($5) AND a.attrelid = i.indrelid AND i.indisvalid
                     AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = '(completed_on IS NOT NULL)')
                   GROUP BY i.indexrelid) AS indexes, ${rowsOf('$8')} AS archived, (SELECT version FROM ${table('version')} LIMIT 1) AS stored, leaves.*
       FROM (SELECT coalesce(sum(pg_relation_size(c.oid)) FILTER (WHERE NOT EXISTS (SELECT FROM pg_index i WHERE ${ENDS})), 0)::float8 AS unended,
                    coalesce(sum(c.relallvisible) / nullif(sum(greatest(c.relpages, 0)), 0), 0)::float8 AS swept
               FROM pg_class c WHERE c.relkind = 'r' AND c.oid IN (SELECT to_regclass($2)::oid UNION SELECT relid FROM pg_partition_tree(to_regclass($2)))) leaves`,
    [
      schema,
      table('job'),
      table('queue'),
      table('job_dependency'),
      table('job_common'),
      table('instance'),
      table('schedule'),
      table('archive'),
    ],
  );
  const { stored = null } = catalog ?? {};
  if (catalog === undefined || stored === null || catalog.states.length === 0) {
    throw new JobctlError('usage', `The schema ${schema} at ${place} has a table named job, but it is not pg-boss'.`, {
      next: ['Another queue in the same database? Choose it with --schema or --dialect.'],
    });
  }
  const { columns, states, queue_columns: queueColumns, json_columns: jsonColumns, indexes } = catalog;
  const known = new Set(columns);
  const squashed = known.has('retrylimit');
  return {
    schema,
    number: stored,
    version: `${releaseOf(stored, squashed, known)} (schema ${stored})`,
    job: table('job'),
    queue: queueColumns.length === 0 ? undefined : table('queue'),
    dependency: catalog.dependency && known.has('blocked') ? table('job_dependency') : undefined,
    instances: catalog.instances ? table('instance') : undefined,
    columns,
    jsonColumns,
    states,
    queueColumns,
    schedule: table('schedule'),
    scheduleColumns: catalog.schedule_columns,
    squashed,
    byAge: indexes.some((names) => names.startsWith('name created_on')),
    byEnd: !squashed && catalog.unended < SMALL,
    swept: catalog.swept > NEARLY_ALL,
    archived: catalog.archived,
    has: (column) => known.has(column),
    col: (column) => `j.${squashed ? column.replaceAll('_', '') : column}`,
  };
}

/** Which release wrote the layout; the same number may be that of several. */
function releaseOf(number: number, squashed: boolean, columns: ReadonlySet<string>): string {
  if (squashed) return '9 or older';
  if (columns.has('expire_in')) return '10';
  return number <= 26 ? '11 or 12.0 to 12.5' : '12';
}
