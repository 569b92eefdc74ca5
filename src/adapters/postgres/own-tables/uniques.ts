import type { Db } from '../connection.ts';
import { savedValue } from '../saved-rows.ts';
import { quoted, quotedLiterals } from '../sql.ts';
import type { Column } from './catalog.ts';
import { literal } from './column-sql.ts';
import { idType } from './conditions.ts';
import type { Layout } from './layout.ts';
import { savedAs } from './snapshot.ts';

interface Rule {
  readonly name: string;
  readonly keys: readonly string[];
  readonly predicate: string;
}

/** Why a job may not become what it would: the rule it would break, and who stands in its place. */
export interface Twin {
  readonly rule: string;
  readonly holder: string;
}

/** What no two rows may share: the unique indexes of the table, and the idempotency key among waiting jobs. */
function rulesOf({ jobs, job, labels }: Layout): Rule[] {
  const indexes = jobs.uniques
    .filter(({ primary }) => !primary)
    .map(({ name, keys, predicate }) => ({ name, keys, predicate: predicate ?? 'true' }));
  const { dedupeKey } = job;
  if (dedupeKey === undefined || indexes.some(({ keys }) => keys.length === 1 && keys[0] === bare(dedupeKey)))
    return indexes;
  const waiting = `${quoted(job.status.name)} IN ${quotedLiterals(labels.waiting)}`;
  const { name } = dedupeKey;
  return [...indexes, { name, keys: [quoted(name)], predicate: waiting }];
}

/** As Postgres writes it in an index: in quotes only where they are needed. */
const bare = ({ name }: Column): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quoted(name));

/**
 * The jobs that would clash with another row, or with an earlier one among themselves, if they became what `next` gives:
 * a query for rows of the jobs table. Found before the write, so that one clash does not take the whole batch with it.
 */
export async function twins(
  db: Db,
  layout: Layout,
  next: (filter: string) => string,
  parameters: readonly unknown[],
): Promise<Map<string, Twin>> {
  const found = new Map<string, Twin>();
  for (const rule of rulesOf(layout)) {
    const rows = await db.query<{ id: string; holder: string }>(clashQuery(layout, rule, next), parameters);
    for (const { id, holder } of rows) if (!found.has(id)) found.set(id, { rule: rule.name, holder });
  }
  return found;
}

/** The keys and the condition of a rule are texts over bare column names, so each is read where only one table is in sight. */
function clashQuery({ jobs, job }: Layout, { keys, predicate }: Rule, next: (filter: string) => string): string {
  const id = quoted(job.id.name);
  const names = keys.map((_, index) => quoted(`key ${index}`));
  const named = keys.map((key, index) => `${key} AS ${names[index]}`);
  const filled = keys.map((key) => `(${key}) IS NOT NULL`).join(' AND ');
  return `
    WITH n AS (SELECT ${id}::text AS "next id", ${named.join(', ')} FROM (${next(filled)}) t
                WHERE (${predicate}) AND ${filled}),
    c AS (SELECT "next id", (SELECT ${id}::text FROM ${jobs.sql}
                              WHERE (${predicate}) AND ${keys.map((key, index) => `(${key}) = n.${names[index]}`).join(' AND ')} AND ${id}::text <> n."next id" LIMIT 1) AS holder,
                 first_value("next id") OVER (PARTITION BY ${names.join(', ')} ORDER BY "next id") AS "first id" FROM n)
    SELECT "next id" AS id, coalesce(holder, "first id") AS holder FROM c WHERE holder IS NOT NULL OR "first id" <> "next id"`;
}

/** The rows of these jobs as they would be in another status. Parameter $1: the ids. */
export const inStatus =
  ({ jobs, job }: Layout, label: string) =>
  (filter: string): string =>
    `SELECT r.* FROM (SELECT * FROM ${jobs.sql} WHERE ${quoted(job.id.name)} = ANY ($1::${idType(job.id)}[]) AND ${filter}) j,
            LATERAL jsonb_populate_record(j::${jobs.sql}, jsonb_build_object(${literal(job.status.name)}, ${literal(label)})) r`;

/** Rows from their JSON text. Parameter $1: the texts. */
export function fromText({ jobs }: Layout): () => string {
  const saved = savedAs(jobs);
  const values = saved.columns.map((column) => `${savedValue(saved, column)} AS ${quoted(column)}`);
  return () =>
    `SELECT ${values.join(', ')} FROM unnest($1::text[]) AS s (row), json_populate_record(NULL::${jobs.sql}, s.row::json) r`;
}
