import type { Db } from '../connection.ts';
import type { Column, Table } from './catalog.ts';
import {
  type Columns,
  columnNamed,
  fault,
  findColumns,
  heartbeatKinds,
  jobKinds,
  letterKinds,
  pauseKinds,
} from './columns.ts';
import { type Labels, labelsOf } from './labels.ts';
import { furtherNames, type Tables, tablesOf } from './mapped-tables.ts';
import type { JobColumn, LetterColumn, RetryValue, TablesMapping } from './mapping.ts';
import { type Preset, presets } from './preset.ts';

/** The mapping as this database bears it out. */
export interface Layout {
  readonly schema: string;
  readonly jobs: Table;
  readonly job: Columns<JobColumn> & { readonly id: Column; readonly status: Column };
  readonly queueName: string;
  readonly labels: Labels;
  readonly letters: Letters | undefined;
  readonly heartbeats: Heartbeats | undefined;
  readonly pause: { readonly table: Table; readonly queue: Column; readonly paused: Column } | undefined;
  readonly stuckAfter: Readonly<Record<string, number>>;
  readonly onRetry: Readonly<Record<string, RetryValue>>;
  readonly notify: TablesMapping['notify'];
  readonly largerFirst: boolean;
  readonly write: boolean;
  /** By creation where an index has it, else by id, which always has one. */
  readonly pageBy: 'createdAt' | 'id';
  readonly warnings: readonly string[];
}

export interface Letters {
  readonly table: Table;
  readonly columns: Columns<LetterColumn> & { readonly id: Column };
}

export interface Heartbeats {
  readonly table: Table;
  readonly worker: Column;
  readonly seenAt: Column;
  readonly staleAfter: number;
  /** It is certain that jobs name their workers as this table does: one that is not in it is gone. */
  readonly certain: boolean;
}

const HOUR = 3600;
const TWO_MINUTES = 120;

/** Checks every name of the mapping against the catalog. Throws `usage`, naming the key, at the first that does not fit. */
export async function readLayout(db: Db, mapping: TablesMapping, schemaFlag: string | undefined): Promise<Layout> {
  const preset = mapping.preset === undefined ? undefined : presets[mapping.preset];
  const schema = schemaFlag ?? mapping.schema ?? 'public';
  const warnings: string[] = [];
  const tableName = mapping.table ?? preset?.table;
  if (tableName === undefined)
    throw fault('tables.table', 'it is missing', 'Name the table that holds the jobs, or take a preset.');
  const tables = await tablesOf(db, schema, [tableName, ...furtherNames(mapping, preset)]);
  const jobs = await tables.required('tables.table', tableName);
  const columns = findColumns(jobs, 'tables.columns', jobKinds, mapping.columns ?? {}, preset?.columns ?? {});
  const { id, status } = columns;
  if (id === undefined)
    throw fault('tables.columns.id', `no column of ${jobs.name} is mapped`, 'Name the column that holds the id.');
  if (status === undefined)
    throw fault(
      'tables.columns.status',
      `no column of ${jobs.name} is mapped`,
      'Name the column that holds the status.',
    );
  const labels = labelsOf(mapping, preset, status, warnings);
  for (const name of Object.keys(mapping.onRetry ?? {})) columnNamed(jobs, `tables.onRetry.${name}`, name);
  const letters = await lettersOf(tables, mapping, preset, id, warnings);
  for (const one of [jobs, ...(letters === undefined ? [] : [letters.table])])
    if (one.triggers.length > 0)
      warnings.push(`${one.name} has triggers that run with every write: ${one.triggers.join(', ')}.`);
  return {
    schema,
    jobs,
    job: { ...columns, id, status },
    queueName: mapping.queueName ?? 'jobs',
    labels,
    letters,
    heartbeats: await heartbeatsOf(tables, mapping, preset, jobs, columns.workerId, warnings),
    pause: await pauseOf(tables, mapping),
    stuckAfter: { default: HOUR, ...mapping.stuckAfter },
    onRetry: mapping.onRetry ?? {},
    notify: mapping.notify,
    largerFirst: mapping.priority !== 'smaller-first',
    write: mapping.write === true,
    pageBy:
      columns.createdAt?.notNull &&
      isLed(jobs, columns.createdAt.name, status.name) &&
      (letters === undefined || letters.columns.createdAt?.notNull)
        ? 'createdAt'
        : 'id',
    warnings,
  };
}

/** True when an index begins with these columns, in this order. */
export const begins = ({ indexed }: Table, names: readonly string[]): boolean =>
  indexed.some((columns) => names.every((name, place) => columns[place] === name));

/** True when a unique index over the whole table is of this column alone. */
export const hasKey = ({ uniques }: Table, name: string): boolean =>
  uniques.some(
    ({ keys, predicate, valid }) =>
      valid && predicate === null && keys.length === 1 && keys[0]?.replaceAll('"', '') === name,
  );

/** True when an index begins with the column, or with the status and then the column. */
const isLed = ({ indexed }: Table, column: string, status: string): boolean =>
  indexed.some(([first, second]) => first === column || (first === status && second === column));

async function lettersOf(
  tables: Tables,
  { deadLetter }: TablesMapping,
  preset: Preset | undefined,
  jobId: Column,
  warnings: string[],
): Promise<Letters | undefined> {
  const name = deadLetter?.table ?? preset?.deadLetter.table;
  if (name === undefined) return undefined;
  const table = deadLetter === undefined ? tables.named(name) : await tables.required('tables.deadLetter.table', name);
  if (table === undefined) {
    warnings.push(`There is no table ${name}: the failed jobs themselves are the dead ones.`);
    return undefined;
  }
  const key = 'tables.deadLetter.columns';
  const columns = findColumns(table, key, letterKinds, deadLetter?.columns ?? {}, preset?.deadLetter.columns ?? {});
  const { id, jobId: link, resolved, resolvedAt } = columns;
  if (id === undefined)
    throw fault(`${key}.id`, `no column of ${table.name} is mapped`, 'Name the column that holds the id.');
  if (resolved === undefined && resolvedAt === undefined)
    throw fault(
      `${key}.resolved`,
      `nothing in ${table.name} tells what is resolved`,
      'Map resolved (boolean) or resolvedAt (a time).',
    );
  const naming = link ?? id;
  if (naming.type !== jobId.type)
    throw fault(
      `${key}.jobId`,
      link === undefined
        ? `${table.name} does not name its jobs, and its own ids (${id.type}) cannot be theirs (${jobId.type})`
        : `"${link.name}" is ${link.type}, the id of a job is ${jobId.type}`,
      'Map the column that holds the id of the job.',
    );
  return { table, columns: { ...columns, id } };
}

async function heartbeatsOf(
  tables: Tables,
  { heartbeats, columns }: TablesMapping,
  preset: Preset | undefined,
  jobs: Table,
  owner: Column | undefined,
  warnings: string[],
): Promise<Heartbeats | undefined> {
  const name = heartbeats?.table ?? preset?.heartbeats.table;
  if (name === undefined) return undefined;
  const table = heartbeats === undefined ? tables.named(name) : await tables.required('tables.heartbeats.table', name);
  if (table === undefined) {
    warnings.push(`There is no table ${name}: nothing proves that a worker is gone.`);
    return undefined;
  }
  const named = { worker: heartbeats?.worker, seenAt: heartbeats?.seenAt };
  const { table: _, ...candidates } = { table: '', ...preset?.heartbeats };
  const { worker, seenAt } = findColumns(table, 'tables.heartbeats', heartbeatKinds, named, candidates);
  for (const [key, column] of Object.entries({ worker, seenAt }))
    if (column === undefined)
      throw fault(`tables.heartbeats.${key}`, `no column of ${table.name} is mapped`, 'Name the column.');
  const told = heartbeats?.worker !== undefined && columns?.workerId !== undefined;
  const certain = owner !== undefined && (told || sameName(owner, worker as Column));
  if (owner !== undefined && !certain)
    warnings.push(
      `${jobs.name}.${owner.name} and ${table.name}.${worker?.name} may not name a worker alike: that it has no heartbeat proves nothing. Name the two columns that do: tables.columns.workerId and tables.heartbeats.worker.`,
    );
  return {
    table,
    worker: worker as Column,
    seenAt: seenAt as Column,
    staleAfter: heartbeats?.staleAfter ?? TWO_MINUTES,
    certain,
  };
}

/** `workerId` and `worker_id` are one name. */
const sameName = (...columns: readonly [Column, Column]): boolean => {
  const [one, other] = columns.map(({ name }) => name.replaceAll('_', '').toLowerCase());
  return one === other;
};

async function pauseOf(tables: Tables, { pause }: TablesMapping): Promise<Layout['pause']> {
  if (pause === undefined) return undefined;
  const table = await tables.required('tables.pause.table', pause.table);
  return {
    table,
    queue: columnNamed(table, 'tables.pause.queue', pause.queue, pauseKinds.queue),
    paused: columnNamed(table, 'tables.pause.paused', pause.paused, pauseKinds.paused),
  };
}
