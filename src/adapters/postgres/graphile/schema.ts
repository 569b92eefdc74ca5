import { JobctlError } from '../../../domain/errors.ts';
import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import type { Inspection, WriteVerb } from '../dialect.ts';
import { addColumn, createIndex, type Lacking, lackingOf } from '../lacking.ts';
import { nothing, planAt, type Standing, tablesOf } from '../made.ts';
import { deedsFinding } from '../rights.ts';
import { costOf, invalidIndex, isLarge, type TableFacts, tableFacts } from '../table-size.ts';
import { worthHaving } from './advice.ts';
import { freedBy, lockedAlone, plight } from './lanes.ts';
import { definitions, KNOWN_REVISION, type Layout, readLayout } from './layout.ts';
import { plan } from './plan.ts';
import { permit } from './privileges.ts';

/** A migration is carried out once: what was dropped since, none brings back. */
const COMPARE =
  'Let the library make its tables in an empty database (`graphile-worker --schema-only`), and take over what is missing here.';

const verbs: readonly WriteVerb[] = ['replay', 'reset', 'remove', 'edit', 'restore', 'revert'];

interface Catalog {
  readonly view: boolean;
  /** An index that finds the dead, under whatever name. */
  readonly deadIndex: boolean;
  /** Of the indexes on the jobs. */
  readonly definitions: readonly string[];
}

/** Whether everything is there that the library's migrations bring, and whether this role may use it. */
export async function inspect(
  db: Db,
  schema: string,
  { writes }: { readonly writes: boolean },
  place: string,
): Promise<Inspection> {
  const layout = await seen(db, schema, place);
  if ('findings' in layout) return layout;
  const catalog = await readCatalog(db, layout);
  const there = await tablesOf(db, schema);
  const expected = layout.newer === undefined ? planAt(plan, layout.revision ?? KNOWN_REVISION) : nothing;
  const lacks = lackingOf(expected, there);
  const facts = (await tableFacts(db, [layout.jobs])).get(layout.jobs);
  const faults = [
    ...drift(lacks, there, catalog),
    ...(await gaps(db, layout)),
    ...(facts?.invalid ?? []).map(invalidIndex),
    ...indexFaults(lacks, there, facts),
  ];
  const fine: SchemaFinding = {
    level: 'ok',
    text: `graphile-worker ${layout.version} in schema ${schema}${faults.length === 0 && layout.newer === undefined ? ': its tables, functions and indexes are all there.' : '.'}`,
  };
  const lanes = await lanesLeft(db, layout, there);
  const advice = facts === undefined || !isLarge(facts) ? [] : worthHaving(layout, catalog, costOf(facts));
  const rights = writes
    ? await deedsFinding(verbs, (verb) => permit(db, layout, verb, place))
    : layout.sight.warnings.map((text): SchemaFinding => ({ level: 'hint', text }));
  return { version: layout.version, findings: [fine, ...faults, ...unheard(layout), ...lanes, ...advice, ...rights] };
}

/** That a role sees nothing is a finding, not a failure. */
async function seen(db: Db, schema: string, place: string): Promise<Layout | Inspection> {
  try {
    return await readLayout(db, schema, place);
  } catch (error) {
    if (!(error instanceof JobctlError) || error.kind !== 'unreachable') throw error;
    const finding: SchemaFinding = { level: 'problem', text: error.message, next: error.next.join(' ') };
    return { version: 'unknown', findings: [finding] };
  }
}

async function readCatalog(db: Db, { schema, jobs }: Layout): Promise<Catalog> {
  const [catalog] = await db.query<Catalog>(
    `SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relkind = 'v' AND relname = 'jobs') AS view,
            EXISTS (SELECT FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid WHERE c.relnamespace = n.oid AND c.relname = '_private_jobs'
                       AND x.indisvalid AND pg_get_expr(x.indpred, x.indrelid) LIKE '%attempts >= max_attempts%') AS "deadIndex",
            ${definitions} AS definitions
       FROM pg_namespace n WHERE n.nspname = $1`,
    [schema, jobs],
  );
  if (catalog === undefined) throw new Error('The catalog did not answer.');
  return catalog;
}

function drift({ tables, columns, functions }: Lacking, there: Standing, { view }: Catalog): SchemaFinding[] {
  const problem = (text: string, next = COMPARE): SchemaFinding => ({ level: 'problem', text, next });
  return [
    ...tables.map((name) => problem(`The table ${name} is missing.`)),
    ...(view ? [] : [problem('The view jobs is missing: it is what the library offers for looking.')]),
    ...columns.map((column) => {
      const also = column.indexes.length === 0 ? '' : `, and no index ${column.indexes.join(', ')}, which needs it`;
      return problem(`${column.table} has no column ${column.name}${also}.`, addColumn(there, column));
    }),
    ...functions.map((name) => problem(`The function ${name} is missing: workers or applications will fail.`)),
  ];
}

const SLOW_FETCH = 'workers search all jobs for the next one';

/** By the name of an index: what is missed without it. */
const without: Readonly<Record<string, string>> = {
  jobs_main_index: SLOW_FETCH,
  jobs_no_queue_index: SLOW_FETCH,
  jobs_key_key1: 'add_job fails for jobs with a key',
  job_queues_queue_name_key: 'add_job fails for jobs of a named queue',
  tasks_identifier_key: 'add_job fails for every job',
  known_crontabs_pkey: 'workers with a crontab fail',
};

function indexFaults({ indexes }: Lacking, there: Standing, facts: TableFacts | undefined): SchemaFinding[] {
  return indexes.map((index) => {
    const { table, name, sql, instead } = index;
    const unique = sql.startsWith('UNIQUE ');
    const cost = facts === undefined || table !== '_private_jobs' ? '' : ` ${costOf(facts)}`;
    const missed = without[name] ?? 'rows that must differ may stand side by side';
    return {
      level: unique ? 'problem' : 'warning',
      text: `The index ${name} of ${table} is ${instead === undefined ? 'missing' : `not the library's, but ${instead}`}: ${missed}.${cost}`,
      next: createIndex(there, index),
    };
  });
}

/** Each migration notes its number; one that is not there was never carried out, or somebody took the note away. */
async function gaps(db: Db, { schema, revision }: Layout): Promise<SchemaFinding[]> {
  if (revision === undefined) return [];
  const [row] = await db.query<{ missing: readonly number[] }>(
    `SELECT ARRAY(SELECT n FROM generate_series(1, $1::int) n WHERE NOT EXISTS (SELECT FROM ${migrations(schema)} m WHERE m.id = n)) AS missing`,
    [Math.min(revision, KNOWN_REVISION)],
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

const migrations = (schema: string): string => `"${schema.replaceAll('"', '""')}".migrations`;

/** What is seen is a lock that no job goes with; where a table is missing that is finding enough. */
async function lanesLeft(db: Db, layout: Layout, { tables }: Standing): Promise<SchemaFinding[]> {
  if (!tables.includes('_private_job_queues')) return [];
  return (await lockedAlone(db, layout)).map((held): SchemaFinding => {
    const statement = freedBy(layout, held.worker);
    return {
      level: 'warning',
      text: plight(held),
      ...(statement === undefined ? {} : { next: `${statement} -- once that worker is gone` }),
    };
  });
}

/** What a newer version may have brought. */
const unheard = ({ newer }: Layout): SchemaFinding[] =>
  newer === undefined
    ? []
    : [
        {
          level: 'warning',
          text: `This graphile-worker is newer than jobctl knows (${newer}).`,
          next: 'Look for an update of jobctl before you write.',
        },
      ];
