import { JobctlError } from '../../domain/errors.ts';
import type { SchemaApplied } from '../../domain/schema.ts';
import type { Connections, Db } from './connection.ts';
import { detect, type Found, named } from './detect.ts';
import { codeOf, isServerAnswer, toJobctlError } from './errors.ts';
import type { PostgresOptions } from './index.ts';
import { bare, breaksTransaction, lineAt, type Statement, statementsOf } from './sql-script.ts';
import { begin, type Transaction } from './transaction.ts';

/** Two that apply at once: the second waits, then finds the tables. */
const APPLY_LOCK = `hashtextextended('jobctl schema apply', 0)`;

export function planScript(
  script: string,
  found: readonly Found[],
  options: PostgresOptions,
): { readonly statements: number } {
  refuseWhereTablesAre(found, options);
  const statements = statementsOf(script);
  if (statements.length === 0) {
    throw new JobctlError('usage', 'The script holds no statement.', {
      next: ['procrastinate schema --read > schema.sql'],
    });
  }
  const breaking = statements.find(breaksTransaction);
  if (breaking !== undefined) {
    throw new JobctlError(
      'usage',
      `Line ${breaking.line}: ${firstWords(breaking)} cannot be part of one transaction.`,
      {
        next: ['Take it out: the whole script is applied in one transaction, or not at all.'],
      },
    );
  }
  return { statements: statements.length };
}

/** One transaction. Whatever happens before its commit leaves nothing behind. */
export async function applyScript(
  connections: Connections,
  options: PostgresOptions,
  script: string,
  versionOf: (db: Db, found: Found) => Promise<string>,
): Promise<SchemaApplied> {
  const { where } = options;
  const db = await connections.writer();
  const schema = await schemaFor(db, options);
  const transaction = await begin(db, schema);
  try {
    await transaction.query(`SELECT pg_advisory_xact_lock(${APPLY_LOCK})`);
    planScript(script, await detect(transaction), options);
    for (const statement of statementsOf(script)) await run(transaction, statement, where);
    const made = (await detect(transaction)).find((found) => found.schema === schema);
    if (made === undefined) {
      throw new JobctlError('usage', `The script made no queue tables in schema ${schema}. It was rolled back.`, {
        next: ['Is it the schema of a queue library?', 'procrastinate schema --read > schema.sql'],
      });
    }
    const applied = { backend: `postgres/${made.dialect}`, version: await versionOf(transaction, made), where };
    await commit(transaction, where);
    return applied;
  } finally {
    await transaction.rollback();
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

/** Where queue tables are, nothing is applied: the library's script is for an empty place only. */
function refuseWhereTablesAre(found: readonly Found[], { schema, where }: PostgresOptions): void {
  const there = found.filter((one) => one.schema === (schema ?? one.schema));
  if (there.length === 0) return;
  throw new JobctlError('refused', `${where} has queue tables already: ${named(there)}. Nothing was changed.`, {
    next: ['jobctl schema check   # are they whole?', "An older version? Apply the library's own migrations."],
  });
}
