import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import type { Inspection, InspectOptions, WriteVerb } from '../dialect.ts';
import { lackingOf } from '../lacking.ts';
import { nothing, tablesOf } from '../made.ts';
import { grantOf, type Missing, rightsFinding } from '../rights.ts';
import { quoted } from '../sql.ts';
import { readBackground } from './background.ts';
import { drift, indexFaults } from './drift.ts';
import { expectedOf } from './expected.ts';
import { newerThanKnown } from './expressions.ts';
import { invalidIndexes, readStores, worthHaving } from './indexes.ts';
import { type Layout, readLayout } from './layout.ts';
import { missingPrivileges, reads, writes } from './privileges.ts';

/** Whether the tables are those of their version, what the library left undone, and whether this role may use them. */
export async function inspect(db: Db, schema: string, options: InspectOptions): Promise<Inspection> {
  const closed = await closedSchema(db, schema);
  if (closed !== undefined) return { version: 'unknown', findings: [closed] };
  const layout = await readLayout(db, schema, 'this database');
  const stores = await readStores(db, layout);
  const background = await readBackground(db, layout, options.coming);
  const newer = newerThanKnown(layout) !== undefined;
  const there = await tablesOf(db, schema);
  const lacks = lackingOf(newer ? nothing : expectedOf(layout.number, stores), there);
  const faults = [
    ...drift(layout, lacks, there),
    ...invalidIndexes(layout, stores),
    ...indexFaults(lacks, there, stores, background.builds),
    ...background.findings,
  ];
  const fine: SchemaFinding = {
    level: 'ok',
    text: `pg-boss ${layout.version} in schema ${schema}${faults.length === 0 && !newer ? ': its tables are those of that version.' : '.'}`,
  };
  return {
    version: layout.version,
    findings: [
      fine,
      ...faults,
      ...unheard(layout),
      ...worthHaving(layout, stores),
      ...(await lacking(db, layout, options.writes)),
    ],
  };
}

/** What a newer version may have brought. */
function unheard(layout: Layout): SchemaFinding[] {
  if (layout.queue === undefined) {
    return [{ level: 'hint', text: `pg-boss ${layout.version} is only read by jobctl, not written.` }];
  }
  const newer = newerThanKnown(layout);
  if (newer === undefined) return [];
  return [
    {
      level: 'warning',
      text: `This pg-boss is newer than jobctl knows (${newer}).`,
      next: 'Look for an update of jobctl before you write.',
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
