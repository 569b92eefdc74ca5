import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import { expectedOf } from './expected.ts';
import { type Layout, NEWEST_SCHEMA } from './layout.ts';

const MIGRATE = 'Start an instance of your pg-boss with migrate on, or: jobctl schema apply --dialect pg-boss';

/** What the version says is there and this database has not: a migration that was cut short, or somebody's DROP. */
export async function drift(db: Db, layout: Layout): Promise<SchemaFinding[]> {
  const expected = expectedOf(Math.min(layout.number, NEWEST_SCHEMA));
  const [there] = await db.query<{ tables: readonly string[]; functions: readonly string[] }>(
    `SELECT ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = n.oid AND relkind IN ('r', 'p')) AS tables,
            ARRAY(SELECT proname::text FROM pg_proc WHERE pronamespace = n.oid) AS functions
       FROM pg_namespace n WHERE n.nspname = $1`,
    [layout.schema],
  );
  const lacks = (what: string): SchemaFinding => ({
    level: 'problem',
    text: `The version says ${layout.number}, but ${what}: a migration was cut short, or it was dropped.`,
    next: MIGRATE,
  });
  return [
    ...expected.tables
      .filter((name) => !there?.tables.includes(name))
      .map((name) => lacks(`there is no table ${name}`)),
    ...expected.columns.filter((name) => !layout.has(name)).map((name) => lacks(`job has no column ${name}`)),
    ...expected.functions
      .filter((name) => !there?.functions.includes(name))
      .map((name) => lacks(`there is no function ${name}`)),
  ];
}
