import { JobctlError } from '../../domain/errors.ts';
import type { SchemaAdmin, SchemaCheck, SchemaFinding } from '../../domain/schema.ts';
import { applyScript, planScript } from './apply-script.ts';
import type { Connections, Db } from './connection.ts';
import { detect, type Found, named } from './detect.ts';
import type { Inspection } from './dialect.ts';
import { toJobctlError } from './errors.ts';
import { connect, type PostgresOptions } from './index.ts';

type Inspect = (db: Db, schema: string, options: { readonly writes: boolean }) => Promise<Inspection>;

/** By dialect. What is not here is found and named, and not looked into. */
const inspectors: Readonly<Record<string, Inspect>> = {
  procrastinate: async (...given) => (await import('./procrastinate/schema.ts')).inspect(...given),
  'pg-boss': async (...given) => (await import('./pgboss/schema.ts')).inspect(...given),
};

/** Opens without tables, too: that there are none is the first thing to be found. */
export function openSchemaAdmin(options: PostgresOptions): SchemaAdmin {
  const connections = connect(options);
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toJobctlError(error, options.where);
    }
  };
  const find = (): Promise<Found[]> => detect(connections.reader);
  return {
    where: options.where,
    check: ({ writes }) => asked(async () => check(connections, options, await find(), writes)),
    plan: (script) =>
      asked(async () => {
        const plan = planScript(script, await find(), options);
        await refuseOnReplica(connections.reader, options.where);
        return plan;
      }),
    apply: (script) => asked(async () => applyScript(connections, options, script, versionOf)),
    close: () => connections.close(),
  };
}

async function check(
  connections: Connections,
  options: PostgresOptions,
  found: readonly Found[],
  writes: boolean,
): Promise<SchemaCheck> {
  const db = connections.reader;
  const meant = found.filter(
    ({ schema, dialect }) => schema === (options.schema ?? schema) && dialect === (options.dialect ?? dialect),
  );
  const [only] = meant;
  const inspections = await Promise.all(meant.map((one) => inspect(db, one, writes)));
  return {
    backend: only !== undefined && meant.length === 1 ? `postgres/${only.dialect}` : 'postgres',
    version:
      inspections.length === 1 ? (inspections[0] as Inspection).version : only === undefined ? 'none' : 'several',
    where: options.where,
    findings: [
      ...(only === undefined ? [missing(found, options)] : []),
      ...inspections.flatMap(({ findings }) => findings),
      ...(meant.length > 1 ? [ambiguous(meant)] : []),
      ...(await standing(db, writes)),
    ],
  };
}

async function inspect(db: Db, { dialect, schema }: Found, writes: boolean): Promise<Inspection> {
  const look = inspectors[dialect];
  try {
    if (look !== undefined) return await look(db, schema, { writes });
  } catch (error) {
    // tables of that name which are not the library's: the others are looked at all the same
    if (!(error instanceof JobctlError) || error.kind !== 'usage') throw error;
    return { version: 'unknown', findings: [{ level: 'problem', text: error.message, next: error.next[0] }] };
  }
  const text = `The tables of ${dialect} are in schema ${schema}; jobctl does not look into them.`;
  return { version: 'unknown', findings: [{ level: 'hint', text }] };
}

async function versionOf(db: Db, { dialect, schema }: Found): Promise<string> {
  return (await inspectors[dialect]?.(db, schema, { writes: false }))?.version ?? 'unknown';
}

function missing(found: readonly Found[], { schema, dialect }: PostgresOptions): SchemaFinding {
  if (found.length === 0)
    return { level: 'problem', text: 'There are no queue tables in this database.', next: 'jobctl schema apply' };
  const wanted = [dialect && `of ${dialect}`, schema && `in schema ${schema}`].filter(Boolean).join(' ');
  return {
    level: 'problem',
    text: `There are no queue tables ${wanted}; there is ${named(found)}.`,
    next: 'Correct --schema or --dialect, or what the context says.',
  };
}

const ambiguous = (found: readonly Found[]): SchemaFinding => ({
  level: 'warning',
  text: `There are several queues: ${named(found)}. Every other command asks which is meant.`,
  next: 'Say --schema NAME or --dialect NAME, or write it into the context.',
});

/** What the server itself allows. */
async function standing(db: Db, writes: boolean): Promise<SchemaFinding[]> {
  const [row] = await db.query<{ replica: boolean; frozen: boolean }>(
    `SELECT pg_is_in_recovery() AS replica, EXISTS (
       SELECT FROM pg_db_role_setting
        WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
          AND 'default_transaction_read_only=on' = ANY (setconfig)) AS frozen`,
  );
  const level = writes ? 'warning' : 'hint';
  if (row?.replica)
    return [{ level, text: 'This server is a read-only replica.', next: 'Point the context at the primary to write.' }];
  if (row?.frozen)
    return [
      {
        level,
        text: 'Transactions are read-only here (default_transaction_read_only): every write is refused.',
        next: 'Point the context at a database, or a role, that may write.',
      },
    ];
  return [];
}

async function refuseOnReplica(db: Db, where: string): Promise<void> {
  const [row] = await db.query<{ replica: boolean }>('SELECT pg_is_in_recovery() AS replica');
  if (row?.replica === true) {
    throw new JobctlError('refused', `${where} is a read-only replica: nothing can be made there.`, {
      next: ['Point the context at the primary.'],
    });
  }
}
