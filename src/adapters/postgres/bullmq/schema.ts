import { JobctlError } from '../../../domain/errors.ts';
import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import type { Inspection } from '../dialect.ts';
import { deedsFinding } from '../rights.ts';
import { quotedLiterals } from '../sql.ts';
import { invalidIndex, tableFacts } from '../table-size.ts';
import { KNOWN_SCHEMA, type Layout, readLayout } from './layout.ts';
import { type Deed, permit } from './privileges.ts';

const MIGRATE = 'Let the library do it once: a connection with `migrate: true`, or its runMigrations().';

const tables = [
  'job',
  'job_log',
  'job_dependency',
  'event',
  'metrics',
  'rate_limit',
  'dedup',
  'dedup_next',
  'scheduler',
];
const functions = [
  'add_job',
  'move_to_active',
  'move_to_completed',
  'move_to_failed',
  'reprocess_job',
  'pause',
  'remove',
];
/** What the library's own workers look for jobs by, and we for those that have ended. */
const indexes = ['job_ready_idx', 'job_delayed_idx', 'job_active_idx', 'job_finished_idx'];
const verbs: readonly Deed[] = ['replay', 'reset', 'remove', 'cancel', 'edit', 'restore', 'revert', 'schedule'];

/** Whether everything is there that the library's migrations bring, and whether this role may use it. */
export async function inspect(
  db: Db,
  schema: string,
  { writes }: { readonly writes: boolean },
  place: string,
): Promise<Inspection> {
  const layout = await seen(db, schema, place);
  if ('findings' in layout) return layout;
  const facts = (await tableFacts(db, [layout.job])).get(layout.job);
  const faults = [
    ...(await drift(db, schema)),
    ...(await gaps(db, layout)),
    ...(facts?.invalid ?? []).map(invalidIndex),
  ];
  const fine: SchemaFinding = {
    level: 'ok',
    text: `BullMQ ${layout.version} in schema ${schema}${faults.length === 0 ? ': its tables, functions and indexes are all there.' : '.'}`,
  };
  const rights = writes ? await deedsFinding(verbs, (verb) => permit(db, layout, verb, place)) : [];
  return { version: layout.version, findings: [fine, ...faults, ...age(layout), ...rights] };
}

/** That a role sees nothing is a finding, not a failure. */
async function seen(db: Db, schema: string, place: string): Promise<Layout | Inspection> {
  try {
    return await readLayout(db, schema, place);
  } catch (error) {
    if (!(error instanceof JobctlError) || error.kind !== 'unreachable') throw error;
    return {
      version: 'unknown',
      findings: [{ level: 'problem', text: error.message, next: error.next.join(' ') }],
    };
  }
}

async function drift(db: Db, schema: string): Promise<SchemaFinding[]> {
  const missing = await db.query<{ what: string; name: string }>(
    `WITH r AS (SELECT c.relname::text AS name, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1),
          f AS (SELECT p.proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1)
     SELECT 'table' AS what, w.name FROM unnest($2::text[]) AS w (name) WHERE w.name NOT IN (SELECT name FROM r WHERE relkind IN ${quotedLiterals(['r', 'p'])})
     UNION ALL SELECT 'function', w.name FROM unnest($3::text[]) AS w (name) WHERE w.name NOT IN (SELECT name FROM f)
     UNION ALL SELECT 'index', w.name FROM unnest($4::text[]) AS w (name) WHERE w.name NOT IN (SELECT name FROM r WHERE relkind = 'i')`,
    [schema, tables, functions, indexes],
  );
  return missing.map(({ what, name }) => ({
    level: what === 'index' ? 'warning' : 'problem',
    text: `The ${what} ${name} is missing: ${what === 'index' ? 'workers search all jobs for the next one' : 'workers or applications will fail'}.`,
    next: MIGRATE,
  }));
}

/** Each migration notes its number; one that is not there was never carried out, or somebody took the note away. */
async function gaps(db: Db, { call, revision }: Layout): Promise<SchemaFinding[]> {
  if (revision === undefined) return [];
  const [row] = await db.query<{ missing: readonly number[] }>(
    `SELECT ARRAY(SELECT n FROM generate_series(1, $1::int) n WHERE NOT EXISTS (SELECT FROM ${call('migration')} m WHERE m.version = n)) AS missing`,
    [Math.min(revision, KNOWN_SCHEMA)],
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

/** What a newer version may have brought, and what an older one lacks. */
function age({ newer, revision }: Layout): SchemaFinding[] {
  if (newer !== undefined) {
    const text = `These tables of BullMQ are newer than jobctl knows (${newer}).`;
    return [{ level: 'warning', text, next: 'Look for an update of jobctl before you write.' }];
  }
  if (revision === undefined || revision === KNOWN_SCHEMA) return [];
  return [
    {
      level: 'hint',
      text: `The tables are at migration ${revision}; BullMQ 6.7 has ${KNOWN_SCHEMA}, mostly corrections to its functions.`,
    },
  ];
}
