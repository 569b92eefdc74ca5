import { JobctlError } from '../../domain/errors.ts';
import type { SchemaAdmin, SchemaCheck, SchemaFinding } from '../../domain/schema.ts';
import { applyScript, numberOf, planScript } from './apply-script.ts';
import type { Connections, Db } from './connection.ts';
import { detect, type Found, named, onlyOwn } from './detect.ts';
import type { Inspection, InspectOptions } from './dialect.ts';
import { toJobctlError } from './errors.ts';
import { connect, type PostgresOptions } from './index.ts';
import type { TablesMapping } from './own-tables/mapping.ts';

type Inspect = (db: Db, schema: string, options: InspectOptions, where: string) => Promise<Inspection>;

/** By dialect. What is not here is found and named, and not looked into. */
const inspectors: Readonly<Record<string, Inspect>> = {
  procrastinate: async (db, schema, options) =>
    (await import('./procrastinate/schema.ts')).inspect(db, schema, options),
  'pg-boss': async (db, schema, options) => (await import('./pgboss/schema.ts')).inspect(db, schema, options),
  'graphile-worker': async (...given) => (await import('./graphile/schema.ts')).inspect(...given),
  bullmq: async (...given) => (await import('./bullmq/schema.ts')).inspect(...given),
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
    check: ({ writes }) =>
      asked(async () =>
        options.tables === undefined
          ? check(connections, options, await find(), writes)
          : checkOwn(connections.reader, options.tables, options, writes),
      ),
    present: (dialect, schema) => asked(async () => present(connections.reader, options, dialect, schema)),
    plan: (script) =>
      asked(async () => {
        const plan = planScript(script, await find(), options);
        await refuseOnReplica(connections.reader, options.where);
        return plan;
      }),
    apply: (script) => asked(async () => applyScript(connections, options, script, inspected)),
    carryOut: ({ library, run }) =>
      asked(async () => {
        await refuseOnReplica(connections.reader, options.where);
        await run().catch((error: Error) => {
          throw toLibraryError(error, library.dialect, options.where);
        });
        const { version } = await inspected(connections.reader, library, options.where);
        return { backend: `postgres/${library.dialect}`, version, where: options.where };
      }),
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
  const inspections = await Promise.all(meant.map((one) => inspect(db, one, writes, options.where)));
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

async function checkOwn(
  db: Db,
  tables: TablesMapping,
  options: PostgresOptions,
  writes: boolean,
): Promise<SchemaCheck> {
  onlyOwn(options);
  const { schema, where } = options;
  const { inspect } = await import('./own-tables/schema.ts');
  const { version, findings } = await inspect(db, tables, schema, { writes }, where);
  const all = [...findings, ...(await standing(db, writes))];
  return { backend: 'postgres/own-tables', version, where, findings: all };
}

async function inspect(db: Db, { dialect, schema }: Found, writes: boolean, where: string): Promise<Inspection> {
  const look = inspectors[dialect];
  try {
    if (look !== undefined) return await look(db, schema, { writes }, where);
  } catch (error) {
    // tables of that name which are not the library's: the others are looked at all the same
    if (!(error instanceof JobctlError) || error.kind !== 'usage') throw error;
    return { version: 'unknown', findings: [{ level: 'problem', text: error.message, next: error.next[0] }] };
  }
  const text = `The tables of ${dialect} are in schema ${schema}; jobctl does not look into them.`;
  return { version: 'unknown', findings: [{ level: 'hint', text }] };
}

const inspected = async (db: Db, { dialect, schema }: Found, where: string, coming = ''): Promise<Inspection> =>
  (await inspectors[dialect]?.(db, schema, { writes: false, coming }, where)) ?? { version: 'unknown', findings: [] };

async function present(
  db: Db,
  { tables, where, schema: wanted }: PostgresOptions,
  dialect: string,
  schema: string,
): Promise<number | undefined> {
  if (tables !== undefined) {
    const { inspect } = await import('./own-tables/schema.ts');
    const { findings } = await inspect(db, tables, wanted, { writes: false }, where);
    const statements = findings.flatMap(({ next }) => (next?.startsWith('CREATE ') ? [next] : []));
    throw new JobctlError(
      'unsupported',
      `These tables are your own (tables: in the configuration): jobctl does not change them${statements.length === 0 ? '.' : ', and names the indexes they lack.'}`,
      { next: statements.length === 0 ? ["Use your application's own migrations."] : statements },
    );
  }
  if (!(await detect(db)).some((found) => found.dialect === dialect && found.schema === schema)) return undefined;
  return await numberOf(db, dialect, schema);
}

/** What a library that failed said, in the middle of its work. */
function toLibraryError(error: Error, dialect: string, where: string): Error {
  const known = toJobctlError(error, where);
  if (known instanceof JobctlError) return known;
  return new JobctlError('partial', `The migrations of ${dialect} stopped: ${error.message}`, {
    next: ['Those before it are done, and stay.', 'jobctl schema check', 'Mend the cause, then apply it again.'],
    cause: error,
  });
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
