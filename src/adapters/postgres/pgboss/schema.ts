import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import type { Inspection, WriteVerb } from '../dialect.ts';
import { grantOf, type Missing, rightsFinding } from '../rights.ts';
import { quoted } from '../sql.ts';
import { strangeStates } from './expressions.ts';
import { type Layout, NEWEST_SCHEMA, readLayout } from './layout.ts';
import { missingPrivileges, reads, writes } from './privileges.ts';

const MIGRATE = 'Start an instance of your pg-boss with migrate on, or run its own `npx pg-boss migrate`.';

/** The job columns that each schema number brought; a number without its columns is a migration that was cut short. */
const brought: readonly (readonly [number: number, ...columns: string[]])[] = [
  [21, 'dead_letter', 'policy'],
  [25, 'expire_seconds', 'deletion_seconds', 'retry_delay_max'],
  [27, 'group_id', 'group_tier'],
  [30, 'heartbeat_on', 'heartbeat_seconds'],
  [31, 'blocked', 'blocking', 'pending_dependencies'],
  [34, 'source_name', 'source_id', 'source_retry_count'],
  [43, 'source_output', 'source_root_id'],
  [45, 'upsert_by_key'],
];

/** Whether the tables are those of their version, what the library left undone, and whether this role may use them. */
export async function inspect(db: Db, schema: string, options: { readonly writes: boolean }): Promise<Inspection> {
  const closed = await closedSchema(db, schema);
  if (closed !== undefined) return { version: 'unknown', findings: [closed] };
  const layout = await readLayout(db, schema, 'this database');
  const faults = [...drift(layout), ...(await invalidIndexes(db, layout)), ...(await undone(db, layout))];
  const fine: SchemaFinding = {
    level: 'ok',
    text: `pg-boss ${layout.version} in schema ${schema}${faults.length === 0 ? ': its tables are those of that version.' : '.'}`,
  };
  return {
    version: layout.version,
    findings: [
      fine,
      ...faults,
      ...unheard(layout),
      ...(await worthHaving(db, layout)),
      ...(await lacking(db, layout, options.writes)),
    ],
  };
}

function drift(layout: Layout): SchemaFinding[] {
  return brought
    .filter(([number]) => number <= layout.number)
    .flatMap(([, ...columns]) => columns.filter((column) => !layout.has(column)))
    .map((column) => ({
      level: 'problem',
      text: `The version says ${layout.number}, but job has no column ${column}: a migration was cut short.`,
      next: MIGRATE,
    }));
}

/** What a newer version may have brought. */
function unheard(layout: Layout): SchemaFinding[] {
  if (layout.queue === undefined) {
    return [{ level: 'hint', text: `pg-boss ${layout.version} is only read by jobctl, not written.` }];
  }
  const states = strangeStates(layout);
  if (layout.number <= NEWEST_SCHEMA && states.length === 0) return [];
  const names = [
    layout.number > NEWEST_SCHEMA ? `schema ${layout.number}` : '',
    ...states.map((state) => `state ${state}`),
  ];
  return [
    {
      level: 'warning',
      text: `This pg-boss is newer than jobctl knows (${names.filter((name) => name !== '').join(', ')}).`,
      next: 'Look for an update of jobctl before you write.',
    },
  ];
}

async function invalidIndexes(db: Db, layout: Layout): Promise<SchemaFinding[]> {
  const rows = await db.query<{ name: string }>(
    `SELECT i.relname::text AS name FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
      WHERE NOT x.indisvalid AND i.relnamespace = $1::regnamespace ORDER BY 1`,
    [quoted(layout.schema)],
  );
  return rows.map(({ name }) => ({
    level: 'warning',
    text: `The index ${name} is invalid: building it was cut short, and it is only written to.`,
    next: `REINDEX INDEX CONCURRENTLY ${quoted(layout.schema)}.${quoted(name)};`,
  }));
}

/** Since 12 the library builds indexes in the background, and notes in `bam` how far it has come. */
async function undone(db: Db, layout: Layout): Promise<SchemaFinding[]> {
  const bam = `${quoted(layout.schema)}.bam`;
  const [there] = await db.query<{ readable: boolean }>(
    `SELECT coalesce(has_table_privilege(to_regclass($1), 'SELECT'), false) AS readable`,
    [bam],
  );
  if (there?.readable !== true) return [];
  const rows = await db.query<{ status: string; count: number; error: string | null }>(
    `SELECT status, count(*)::int AS count, max(left(error, 200)) AS error FROM ${bam} WHERE status <> 'completed' GROUP BY status ORDER BY 1`,
  );
  return rows.map(({ status, count, error }) =>
    status === 'failed'
      ? {
          level: 'warning',
          text: `${count} of the library's background migrations failed: ${error ?? 'no reason was stored'}.`,
          next: 'Look at the table bam; an instance with migrate on tries again.',
        }
      : {
          level: 'hint',
          text: `${count} of the library's background migrations are ${status}: until they are done some reads are slower.`,
        },
  );
}

/** Before schema 46 nothing finds jobs by their age: a list with the newest first reads the whole table. */
async function worthHaving(db: Db, layout: Layout): Promise<SchemaFinding[]> {
  if (layout.byAge || layout.queue === undefined || layout.has('expire_in')) return [];
  const [size] = await db.query<{ size: string; rows: number }>(
    `SELECT pg_size_pretty(pg_relation_size(c.oid)) AS size, c.reltuples::float8 AS rows
       FROM pg_class c WHERE c.oid = to_regclass($1)`,
    [`${quoted(layout.schema)}.job_common`],
  );
  if (size === undefined || size.rows < 100_000) return [];
  return [
    {
      level: 'hint',
      text: `No index finds jobs by their age: dlq list shows them in no order of time. One costs a read of job_common (${size.size}) and a write with every new job.`,
      next: `CREATE INDEX CONCURRENTLY job_common_by_age ON ${quoted(layout.schema)}.job_common (name, created_on);`,
    },
  ];
}

/** Without USAGE on the schema not even the names of its tables can be used. */
async function closedSchema(db: Db, schema: string): Promise<SchemaFinding | undefined> {
  const [row] = await db.query<{ open: boolean; role: string }>(
    `SELECT CASE WHEN has_schema_privilege($1, 'USAGE') THEN coalesce(has_table_privilege(to_regclass($2), 'SELECT'), true) ELSE false END AS open, current_user::text AS role`,
    [schema, `${quoted(schema)}.version`],
  );
  if (row?.open !== false) return undefined;
  return {
    level: 'problem',
    text: `The role ${row.role} cannot look into schema ${schema}, where pg-boss is.`,
    next: `GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${quoted(row.role)}; GRANT SELECT ON ALL TABLES IN SCHEMA ${quoted(schema)} TO ${quoted(row.role)};`,
  };
}

async function lacking(db: Db, layout: Layout, askWrites: boolean): Promise<SchemaFinding[]> {
  const unread = await missingPrivileges(db, reads(layout));
  if (unread.length > 0) return [rightsFinding('problem', unread, 'read the jobs')];
  if (!askWrites || layout.queue === undefined) return [];
  const blocked: WriteVerb[] = [];
  const missing = new Map<string, Missing>();
  for (const verb of Object.keys(writes) as WriteVerb[]) {
    const lacks = await missingPrivileges(db, [...writes[verb].map((privilege) => [layout.job, privilege] as const)]);
    if (lacks.length > 0) blocked.push(verb);
    for (const lack of lacks) missing.set(grantOf(lack), lack);
  }
  return blocked.length === 0 ? [] : [rightsFinding('warning', [...missing.values()], blocked.join(', '))];
}
