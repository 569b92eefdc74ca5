import { JobctlError } from '../../../domain/errors.ts';
import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import type { Inspection } from '../dialect.ts';
import { invalidIndex, tableFacts } from '../table-size.ts';
import { missingIndexes } from './advice.ts';
import type { Table } from './catalog.ts';
import { keylessOf, keylessWarning } from './keyless.ts';
import { type Layout, readLayout } from './layout.ts';
import type { TablesMapping } from './mapping.ts';
import { namelessWarnings } from './nameless.ts';
import { rightsOf } from './schema-rights.ts';

/** Whether the mapping fits the tables, what in them would surprise, and which indexes its reads would go by. */
export async function inspect(
  db: Db,
  mapping: TablesMapping,
  schemaFlag: string | undefined,
  { writes }: { readonly writes: boolean },
  place: string,
): Promise<Inspection> {
  const version = mapping.preset ?? 'mapped';
  const layout = await readLayout(db, mapping, schemaFlag).catch(asFinding);
  if ('level' in layout) return { version, findings: [layout] };
  const tables = [layout.jobs, ...(layout.letters === undefined ? [] : [layout.letters.table])];
  const facts = await tableFacts(
    db,
    tables.map(({ sql }) => sql),
  );
  const asked = writes && layout.write;
  return {
    version,
    findings: [
      {
        level: 'ok',
        text: `The mapping fits ${tables.map(({ name }) => name).join(', ')} in schema ${layout.schema}.`,
      },
      ...tables.flatMap((table) => facts.get(table.sql)?.invalid ?? []).map(invalidIndex),
      ...missingIndexes(layout, facts),
      ...tables.flatMap((table) => cascades(table, asked)),
      ...surprises(layout),
      ...(await unmapped(db, layout)),
      ...(await namelessWarnings(db, layout)).map((text): SchemaFinding => ({ level: 'warning', text })),
      ...layout.warnings.map((text): SchemaFinding => ({ level: 'hint', text })),
      ...(await rightsOf(db, layout, asked, place)),
    ],
  };
}

function asFinding(error: unknown): SchemaFinding {
  if (!(error instanceof JobctlError) || error.kind !== 'usage') throw error;
  return { level: 'problem', text: error.message, next: error.next.join(' ') };
}

/** Rows that would go with a job are in no backup. */
const cascades = ({ name, incoming }: Table, writes: boolean): SchemaFinding[] =>
  incoming
    .filter(({ onDelete }) => onDelete !== 'restrict')
    .map(({ name: key, from, onDelete }) =>
      onDelete === 'cascade'
        ? {
            level: writes ? 'warning' : 'hint',
            text: `Deleting from ${name} deletes rows of ${from} with it (${key}): jobctl never removes from ${name}.`,
            next: `To let it: make that foreign key ON DELETE RESTRICT.`,
          }
        : {
            level: 'hint',
            text: `Deleting from ${name} changes columns of ${from} (${key}, ON DELETE ${onDelete.toUpperCase()}), for good: jobctl leaves what rows refer to by it.`,
          },
    );

/** What makes a column mean something else than one would think. */
function surprises(layout: Layout): SchemaFinding[] {
  const { jobs, job, letters, labels } = layout;
  const zoneless = [
    ...Object.values(job).map((column) => ({ table: jobs.name, column })),
    ...Object.values(letters?.columns ?? {}).map((column) => ({ table: letters?.table.name, column })),
  ].flatMap(({ table, column }) => (column?.kind === 'timestamp' ? [`${table}.${column.name}`] : []));
  const hint = (text: string): SchemaFinding => ({ level: 'hint', text });
  return [
    ...keylessOf(layout).map(
      (keyless): SchemaFinding => ({ level: 'problem', text: keylessWarning(keyless), next: keyless.index }),
    ),
    ...(zoneless.length === 0
      ? []
      : [hint(`Times without a time zone are read and written as UTC: ${zoneless.join(', ')}.`)]),
    ...(job.status.type === 'character'
      ? [hint(`${jobs.name}.${job.status.name} is a char(n): it is read without the blanks that fill it up.`)]
      : []),
    ...(job.status.notNull
      ? []
      : [hint(`${jobs.name}.${job.status.name} may be NULL: such jobs are shown as blocked.`)]),
    ...(job.payload?.kind === 'text'
      ? [hint(`${jobs.name}.${job.payload.name} is text: the database does not see to it that it is JSON.`)]
      : []),
    ...(labels.completed.length === 0 ? [hint('No status means completed: what is done is not counted.')] : []),
  ];
}

/** Of a text column only its statistics tell cheaply what is in it. */
async function unmapped(db: Db, { schema, jobs, job, labels }: Layout): Promise<SchemaFinding[]> {
  if (job.status.kind !== 'text') return [];
  const rows = await db.query<{ label: string }>(
    `SELECT DISTINCT rtrim(label) AS label FROM pg_stats, unnest(most_common_vals::text::text[]) AS label
      WHERE schemaname = $1 AND tablename = $2 AND attname = $3 AND rtrim(label) <> ALL ($4::text[]) ORDER BY 1`,
    [schema, jobs.name, job.status.name, Object.values(labels).flat()],
  );
  return rows.map(({ label }) => ({
    level: 'warning',
    text: `${jobs.name} has jobs with the status "${label}", which tables.statuses does not map: they are shown as blocked.`,
    next: `Say what it means, for example: statuses: { ${label}: waiting }`,
  }));
}
