import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import type { Inspection, WriteVerb } from '../dialect.ts';
import { grantOf, type Missing, rightsFinding } from '../rights.ts';
import { quoted } from '../sql.ts';
import { worthHaving } from './advice.ts';
import { type ExpectedIndex, expectedOf, stem } from './expected.ts';
import { type Layout, readLayout } from './layout.ts';
import { missingPrivileges, reads, writes } from './privileges.ts';

const MIGRATE = 'Apply the migrations that are missing; `procrastinate schema --migrations-path` tells where they lie.';

interface Index {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly valid: boolean;
}

interface Catalog {
  readonly tables: Readonly<Record<string, string>>;
  readonly functions: readonly string[];
  readonly triggers: Readonly<Record<string, boolean>>;
  readonly indexes: readonly Index[];
}

/** Whether everything is there that this version of Procrastinate brings, and whether this role may use it. */
export async function inspect(db: Db, schema: string, options: { readonly writes: boolean }): Promise<Inspection> {
  const closed = await closedSchema(db, schema);
  if (closed !== undefined) return { version: 'unknown', findings: [closed] };
  const layout = await readLayout(db, schema);
  const catalog = await readCatalog(db, schema);
  const faults = [...drift(layout, catalog), ...indexFaults(layout, catalog), ...halfway(layout, catalog)];
  const fine: SchemaFinding = {
    level: 'ok',
    text: `Procrastinate ${layout.version} in schema ${schema}${faults.length === 0 ? ': all its tables, functions, triggers and indexes are there.' : '.'}`,
  };
  const rights = faults.some(({ text }) => text.startsWith('The table'))
    ? []
    : [...(await worthHaving(db, layout, catalog.indexes)), ...(await lacking(db, layout, options.writes))];
  return { version: layout.version, findings: [fine, ...faults, ...unheard(layout), ...rights] };
}

async function readCatalog(db: Db, schema: string): Promise<Catalog> {
  const [catalog] = await db.query<Catalog>(
    `SELECT coalesce((SELECT json_object_agg(relname, pg_size_pretty(pg_total_relation_size(c.oid)))
                        FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND relname LIKE 'procrastinate\\_%'), '{}') AS tables,
            ARRAY(SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = n.oid) AS functions,
            coalesce((SELECT json_object_agg(t.tgname, t.tgenabled <> 'D') FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                       WHERE c.relnamespace = n.oid AND c.relname = 'procrastinate_jobs' AND NOT t.tgisinternal), '{}') AS triggers,
            coalesce((SELECT json_agg(json_build_object('name', i.relname, 'table', c.relname, 'unique', x.indisunique, 'valid', x.indisvalid,
                       'columns', ARRAY(SELECT a.attname FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (num, place)
                                          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num ORDER BY k.place)))
                       FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
                      WHERE c.relnamespace = n.oid AND c.relname LIKE 'procrastinate\\_%'), '[]') AS indexes
       FROM pg_namespace n WHERE n.nspname = $1`,
    [schema],
  );
  if (catalog === undefined) throw new Error('The catalog did not answer.');
  return catalog;
}

/** What the version has and this database has not. */
function drift(layout: Layout, catalog: Catalog): SchemaFinding[] {
  const expected = expectedOf(layout);
  const problem = (text: string, next = MIGRATE): SchemaFinding => ({ level: 'problem', text, next });
  const versioned =
    layout.channels === 'v1' ? catalog.functions.filter((name) => name !== stem(name)) : catalog.functions;
  const functions = new Set(versioned.map(stem));
  const triggers = Object.entries(catalog.triggers);
  return [
    ...expected.tables
      .filter((name) => catalog.tables[name] === undefined)
      .map((name) => problem(`The table ${name} is missing.`)),
    ...expected.columns
      .filter((name) => !layout.columns.includes(name))
      .map((name) => problem(`procrastinate_jobs has no column ${name}.`)),
    ...expected.functions
      .filter((name) => !functions.has(name))
      .map((name) => problem(`The function ${name} is missing: workers or applications will fail.`)),
    ...Object.entries(expected.triggers).flatMap(([name, without]) => {
      const [found, enabled] = triggers.find(([one]) => stem(one) === name) ?? [];
      if (found === undefined) return [problem(`The trigger ${name} is missing: ${without}.`)];
      if (enabled === true) return [];
      return [
        problem(
          `The trigger ${found} is disabled: ${without}.`,
          `ALTER TABLE ${layout.jobs} ENABLE TRIGGER ${quoted(found)};`,
        ),
      ];
    }),
  ];
}

/** An index of another name does as well, when it begins with the same columns. */
function indexFaults(layout: Layout, { indexes, tables }: Catalog): SchemaFinding[] {
  const suffix = layout.channels === 'v1' ? '_v1' : '';
  const invalid = indexes
    .filter(({ valid }) => !valid)
    .map(
      ({ name }): SchemaFinding => ({
        level: 'warning',
        text: `The index ${name} is invalid: building it was cut short, and it is only written to.`,
        next: `REINDEX INDEX CONCURRENTLY ${quoted(layout.schema)}.${quoted(name)};`,
      }),
    );
  const serves =
    (wanted: ExpectedIndex) =>
    (one: Index): boolean =>
      one.table === wanted.table &&
      (one.unique || !wanted.unique) &&
      wanted.columns.every((column, place) => one.columns[place] === column) &&
      // the primary key alone begins with id
      (!wanted.unique || one.columns.length === wanted.columns.length);
  const missing = expectedOf(layout)
    .indexes.filter((wanted) => tables[wanted.table] !== undefined && !indexes.some(serves(wanted)))
    .map(
      (wanted): SchemaFinding => ({
        level: wanted.unique ? 'problem' : 'warning',
        text: `The index ${wanted.name}${suffix} is missing: ${wanted.without}. Building it reads ${wanted.table} once (${tables[wanted.table]}).`,
        next: `CREATE ${wanted.unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${wanted.name}${suffix} ON ${quoted(layout.schema)}.${wanted.table} ${wanted.on};`,
      }),
    );
  return [...invalid, ...missing];
}

/** Between the two halves of a migration the old functions stand beside the new. */
function halfway(layout: Layout, { functions }: Catalog): SchemaFinding[] {
  const old = functions.filter((name) => /^procrastinate_\w+_job$/.test(name));
  if (layout.channels !== 'v1' || old.length === 0) return [];
  return [
    {
      level: 'hint',
      text: `Functions from before 3.0 are still there (${old.sort().join(', ')}): the second half of a migration, named _post_, was not applied.`,
      next: MIGRATE,
    },
  ];
}

/** What a newer version may have brought. */
function unheard({ newer }: Layout): SchemaFinding[] {
  if (newer === undefined) return [];
  return [
    {
      level: 'warning',
      text: `This Procrastinate is newer than jobctl knows (${newer}).`,
      next: 'Look for an update of jobctl before you write.',
    },
  ];
}

/** Without USAGE on the schema not even the names of its tables can be used. */
async function closedSchema(db: Db, schema: string): Promise<SchemaFinding | undefined> {
  const [row] = await db.query<{ open: boolean; role: string }>(
    `SELECT has_schema_privilege($1, 'USAGE') AS open, current_user::text AS role`,
    [schema],
  );
  if (row?.open !== false) return undefined;
  return {
    level: 'problem',
    text: `The role ${row.role} cannot look into schema ${schema}, where procrastinate is: it lacks USAGE.`,
    next: `GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${quoted(row.role)};`,
  };
}

/** Row-level security hides rows without a word. */
async function hidden(db: Db, layout: Layout): Promise<SchemaFinding[]> {
  const [row] = await db.query<{ hides: boolean; role: string }>(
    `SELECT row_security_active($1::regclass) OR row_security_active($2::regclass) AS hides, current_user::text AS role`,
    [layout.jobs, layout.events],
  );
  if (row?.hides !== true) return [];
  return [
    {
      level: 'warning',
      text: `Row-level security applies to the role ${row.role}: it may see and change only some of the jobs.`,
      next: 'Use the role that owns the tables, or one with BYPASSRLS.',
    },
  ];
}

async function lacking(db: Db, layout: Layout, askWrites: boolean): Promise<SchemaFinding[]> {
  const unread = await missingPrivileges(db, layout, reads);
  if (unread.length > 0) return [rightsFinding('problem', unread, 'read the jobs')];
  const unseen = await hidden(db, layout);
  if (!askWrites) return unseen;
  const blocked: WriteVerb[] = [];
  const missing = new Map<string, Missing>();
  for (const verb of Object.keys(writes) as WriteVerb[]) {
    const lacks = await missingPrivileges(db, layout, writes[verb]);
    if (lacks.length > 0) blocked.push(verb);
    for (const lack of lacks) missing.set(grantOf(lack), lack);
  }
  return blocked.length === 0
    ? unseen
    : [...unseen, rightsFinding('warning', [...missing.values()], blocked.join(', '))];
}
