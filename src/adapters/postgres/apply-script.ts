import { JobctlError } from '../../domain/errors.ts';
import type { SchemaApplied, SchemaFinding, SchemaScript, SchemaSteps } from '../../domain/schema.ts';
import type { Connections, Db } from './connection.ts';
import { detect, type Found, named } from './detect.ts';
import type { Inspection } from './dialect.ts';
import { codeOf, isServerAnswer, toJobctlError } from './errors.ts';
import { connect, type PostgresOptions } from './index.ts';
import { quoted } from './sql.ts';
import { bare, breaksTransaction, lineAt, type Statement, statementsOf } from './sql-script.ts';
import { begin, type Transaction } from './transaction.ts';

/** Two that apply at once: the second waits, then finds the tables. */
const APPLY_LOCK = `hashtextextended('jobctl schema apply', 0)`;

export function planScript(script: SchemaScript, found: readonly Found[], options: PostgresOptions): SchemaSteps {
  const { inside, outside } = partsOf(script);
  refuseWhereTablesAre(script, found, options);
  if (inside.length === 0) {
    throw new JobctlError('usage', 'The script holds no statement.', {
      next: ['procrastinate schema --read > schema.sql'],
    });
  }
  const breaking = inside.find(breaksTransaction);
  if (breaking !== undefined) {
    throw new JobctlError(
      'usage',
      `Line ${breaking.line}: ${firstWords(breaking)} cannot be part of one transaction.`,
      {
        next: ['Take it out: the whole script is applied in one transaction, or not at all.'],
      },
    );
  }
  return { statements: inside.length + outside.length, outside: outside.length };
}

/** What a library wrote itself begins and ends its own transaction, in place of which ours stands; what follows can be in none. */
function partsOf({ text, library }: SchemaScript): { inside: Statement[]; outside: Statement[] } {
  const all = statementsOf(text);
  if (library === undefined) return { inside: all, outside: [] };
  const is = (word: string) => (statement: Statement) => bare(statement.text).toUpperCase() === word;
  const end = all.findIndex(is('COMMIT'));
  const inside = (end === -1 ? all : all.slice(0, end)).filter((statement) => !is('BEGIN')(statement));
  return { inside, outside: end === -1 ? [] : all.slice(end + 1) };
}

/** One transaction. Whatever happens before its commit leaves nothing behind. */
export async function applyScript(
  connections: Connections,
  options: PostgresOptions,
  script: SchemaScript,
  inspect: (db: Db, found: Found, where: string, coming: string) => Promise<Inspection>,
): Promise<SchemaApplied> {
  const { where } = options;
  const { library } = script;
  const { inside, outside } = partsOf(script);
  const db = await connections.writer();
  const schema = library?.schema ?? (await schemaFor(db, options));
  const transaction = await begin(db, schema);
  try {
    await transaction.query(`SELECT pg_advisory_xact_lock(${APPLY_LOCK})`);
    planScript(script, await detect(transaction), options);
    await refuseWhenMoved(transaction, script, where);
    for (const statement of inside) await run(transaction, statement, where);
    const made = (await detect(transaction)).find((found) => found.schema === schema);
    if (made === undefined) {
      throw new JobctlError('usage', `The script made no queue tables in schema ${schema}. It was rolled back.`, {
        next: ['Is it the schema of a queue library?', 'procrastinate schema --read > schema.sql'],
      });
    }
    const { version, findings } = await inspect(transaction, made, where, outside.map(({ text }) => text).join(' '));
    if (library !== undefined) refuseWhenTorn(findings);
    await commit(transaction, where);
    await after(options, outside);
    return { backend: `postgres/${made.dialect}`, version, where };
  } finally {
    await transaction.rollback();
  }
}

/** The version of a library's tables, as the library counts it. */
export async function numberOf(db: Db, dialect: string, schema: string): Promise<number | undefined> {
  const count: Readonly<Record<string, string>> = {
    'pg-boss': `SELECT version AS number FROM ${quoted(schema)}.version`,
    'graphile-worker': `SELECT max(id)::int AS number FROM ${quoted(schema)}.migrations`,
  };
  const query = count[dialect];
  return query === undefined ? undefined : ((await db.query<{ number: number }>(query))[0]?.number ?? undefined);
}

/** Another may have migrated since the plan was made: the lock is held from here on. */
async function refuseWhenMoved(db: Db, { library }: SchemaScript, where: string): Promise<void> {
  if (library?.from === undefined) return;
  const { dialect, schema, from } = library;
  const now = await numberOf(db, dialect, schema);
  if (now === from) return;
  throw new JobctlError('stale', `${where} is at version ${now} of ${dialect} by now, not at ${from} any more.`, {
    next: ['jobctl schema check', 'Run it again to see what is left to do.'],
  });
}

/** A migration that was not made for these tables leaves gaps, and says nothing. */
function refuseWhenTorn(findings: readonly SchemaFinding[]): void {
  const torn = findings.find(({ level }) => level === 'problem');
  if (torn === undefined) return;
  throw new JobctlError('refused', `After it the tables would not be whole: ${torn.text} It was rolled back.`, {
    next: ['jobctl schema check', "Go by the library's release notes for this version."],
  });
}

/** An index that is built beside the workers takes as long as it takes; this only keeps a forgotten one from staying for ever. */
const INDEX_TIMEOUT_MS = 6 * 3_600_000;

async function after(options: PostgresOptions, statements: readonly Statement[]): Promise<void> {
  if (statements.length === 0) return;
  const patient = connect({ ...options, timeoutMs: INDEX_TIMEOUT_MS });
  try {
    const db = await patient.writer();
    for (const [index, statement] of statements.entries()) {
      await db.query(statement.text).catch((error: Error) => {
        const left = statements.slice(index).map(({ text }) => `${bare(text)};`);
        throw new JobctlError(
          'partial',
          `The tables at ${options.where} are migrated, but ${firstWords(statement)} failed: ${error.message}.`,
          { next: [...left, 'jobctl schema check   # an index that was cut short is named there'], cause: error },
        );
      });
    }
  } finally {
    await patient.close();
  }
}

async function schemaFor(db: Db, { schema, where }: PostgresOptions): Promise<string> {
  const [row] = await db.query<{ schema: string | null }>(
    `SELECT coalesce((SELECT nspname::text FROM pg_namespace WHERE nspname = $1), CASE WHEN $1::text IS NULL THEN current_schema()::text END) AS schema`,
    [schema ?? null],
  );
  if (row?.schema) return row.schema;
  throw new JobctlError('usage', `${where} has no schema ${schema ?? 'to create tables in'}.`, {
    next: [schema === undefined ? 'Name one: --schema NAME' : `CREATE SCHEMA "${schema.replaceAll('"', '""')}";`],
  });
}

async function run(transaction: Transaction, statement: Statement, where: string): Promise<void> {
  try {
    await transaction.query(statement.text);
  } catch (error) {
    if (!isServerAnswer(error)) throw error;
    const known = toJobctlError(error, where);
    const { message, position, detail } = error as Error & { position?: string; detail?: string };
    const line = statement.line - 1 + lineAt(statement.text, Number(position ?? 1) - 1 + leading(statement, position));
    throw new JobctlError(
      known instanceof JobctlError ? known.kind : 'usage',
      `Line ${line}, ${firstWords(statement)}: ${message} (${codeOf(error)}).${detail === undefined ? '' : ` ${detail}`} All of it was rolled back.`,
      {
        next: [...(known instanceof JobctlError ? known.next : ['Correct the script and apply it again.'])],
        cause: error,
      },
    );
  }
}

/** Without a position the statement itself is meant, not the comment above it. */
const leading = ({ text }: Statement, position: string | undefined): number =>
  position === undefined ? text.length - bare(text).length : 0;

async function commit(transaction: Transaction, where: string): Promise<void> {
  try {
    await transaction.commit();
  } catch (error) {
    if (isServerAnswer(error)) throw error;
    throw new JobctlError('unreachable', `${where} never answered the COMMIT: it may or may not have been applied.`, {
      next: ['jobctl schema check'],
      cause: error,
    });
  }
}

const firstWords = ({ text }: Statement): string =>
  bare(text)
    .split(/[\s(]+/)
    .slice(0, 3)
    .join(' ');

/** Where queue tables are, nothing is applied but what the library wrote for them. */
function refuseWhereTablesAre(
  { library }: SchemaScript,
  found: readonly Found[],
  { schema: wanted, where }: PostgresOptions,
): void {
  const schema = library?.schema ?? wanted;
  const there = found.filter(
    (one) => one.schema === (schema ?? one.schema) && !(library?.from !== undefined && one.dialect === library.dialect),
  );
  const [first] = there;
  if (first === undefined) return;
  throw new JobctlError('refused', `${where} has queue tables already: ${named(there)}. Nothing was changed.`, {
    next: [
      'jobctl schema check   # are they whole?',
      library === undefined && ['pg-boss', 'graphile-worker'].includes(first.dialect)
        ? `jobctl schema apply --dialect ${first.dialect}   # the migrations of the library that is installed here`
        : "An older version? Apply the library's own migrations.",
    ],
  });
}
