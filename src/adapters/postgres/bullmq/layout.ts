import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';

/** The newest migration of the library whose meaning is known here (6.7), and the newest client that it asks for. */
export const KNOWN_SCHEMA = 11;
const KNOWN_MAJOR = 6;

/** What this database has of BullMQ's own backend. All names are qualified and quoted. */
export interface Layout {
  readonly schema: string;
  readonly version: string;
  /** The last migration that was carried out; undefined where this role may not read it. */
  readonly revision: number | undefined;
  /** What is newer than all that is known here: `schema 12`. */
  readonly newer: string | undefined;
  readonly job: string;
  readonly log: string;
  readonly dependency: string;
  readonly dedup: string;
  readonly dedupNext: string;
  readonly meta: string;
  readonly metrics: string;
  readonly scheduler: string;
  readonly event: string;
  readonly rateLimit: string;
  /** Column names of the job table, in its order. */
  readonly columns: readonly string[];
  /** Those of them that hold JSON. */
  readonly json: readonly string[];
  /** The library's own function of this name. */
  readonly call: (name: string) => string;
}

interface Catalog {
  readonly columns: readonly string[];
  readonly json: readonly string[];
  readonly counted: boolean;
  readonly usage: boolean;
  readonly readable: boolean;
  readonly role: string;
}

export async function readLayout(db: Db, schema: string, place: string): Promise<Layout> {
  const name = (table: string): string => `${quoted(schema)}.${table}`;
  const [catalog] = await db.query<Catalog>(
    `WITH r AS (SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1),
          a AS (SELECT a.attname::text AS name, a.attnum, a.atttypid FROM r JOIN pg_attribute a ON a.attrelid = r.oid
                 WHERE r.relname = 'job' AND a.attnum > 0 AND NOT a.attisdropped)
     SELECT ARRAY(SELECT name FROM a ORDER BY attnum) AS columns,
            ARRAY(SELECT name FROM a WHERE atttypid IN ('jsonb'::regtype, 'json'::regtype)) AS json,
            EXISTS (SELECT FROM r WHERE relname = 'migration' AND has_table_privilege(oid, 'SELECT')) AS counted,
            has_schema_privilege($1, 'USAGE') AS usage, current_user::text AS role,
            (SELECT bool_and(has_table_privilege(oid, 'SELECT')) FROM r WHERE relname IN ('job', 'meta')) AS readable`,
    [schema],
  );
  if (catalog === undefined || catalog.columns.length === 0) {
    throw new JobctlError('usage', `At ${place} the schema ${schema} has no jobs of BullMQ.`);
  }
  refuseWhenHidden(catalog, schema, place);
  const [count] = catalog.counted
    ? await db.query<{ revision: number | null; major: number | null }>(
        `SELECT max(version)::int AS revision, max((to_jsonb(m) ->> 'min_client_version')::int) AS major FROM ${name('migration')} m`,
      )
    : [];
  const revision = count?.revision ?? undefined;
  return {
    schema,
    version: revision === undefined ? '6+' : `6+ (schema ${revision})`,
    revision,
    newer: newerThanKnown(revision, count?.major ?? KNOWN_MAJOR),
    job: name('job'),
    log: name('job_log'),
    dependency: name('job_dependency'),
    dedup: name('dedup'),
    dedupNext: name('dedup_next'),
    meta: name('meta'),
    metrics: name('metrics'),
    scheduler: name('scheduler'),
    event: name('event'),
    rateLimit: name('rate_limit'),
    columns: catalog.columns,
    json: catalog.json,
    call: name,
  };
}

function newerThanKnown(revision: number | undefined, major: number): string | undefined {
  if (revision === undefined || revision <= KNOWN_SCHEMA) return undefined;
  return `schema ${revision}${major > KNOWN_MAJOR ? `, for which the library itself asks for BullMQ ${major}` : ''}`;
}

function refuseWhenHidden({ usage, readable, role }: Catalog, schema: string, place: string): void {
  if (usage && readable) return;
  throw new JobctlError('unreachable', `At ${place} the role ${role} may not read the jobs of schema ${schema}.`, {
    next: [
      ...(usage ? [] : [`GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${quoted(role)};`]),
      `GRANT SELECT ON ALL TABLES IN SCHEMA ${quoted(schema)} TO ${quoted(role)};`,
    ],
  });
}

export const warningsOn = ({ newer }: Layout): string[] =>
  newer === undefined
    ? []
    : [`These tables of BullMQ (${newer}) are newer than jobctl knows (schema ${KNOWN_SCHEMA}); check for an update.`];
