import { type JobState, jobStates } from '../../../domain/job.ts';
import { nearest } from '../../../domain/nearest.ts';
import type { Db } from '../connection.ts';
import { type Column, readTable, type Table, tableNames } from './catalog.ts';
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
import type { JobColumn, LetterColumn, RetryValue, TablesMapping } from './mapping.ts';
import { type Preset, presets } from './preset.ts';

/** The mapping as this database bears it out. */
export interface Layout {
  readonly schema: string;
  readonly jobs: Table;
  readonly job: Columns<JobColumn> & { readonly id: Column; readonly status: Column };
  readonly queueName: string;
  /** The labels of each state, the one to write first. */
  readonly labels: Readonly<Record<JobState, readonly string[]>>;
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
}

const HOUR = 3600;
const TWO_MINUTES = 120;

/** Checks every name of the mapping against the catalog. Throws `usage`, naming the key, at the first that does not fit. */
export async function readLayout(db: Db, mapping: TablesMapping, schemaFlag: string | undefined): Promise<Layout> {
  const preset = mapping.preset === undefined ? undefined : presets[mapping.preset];
  const schema = schemaFlag ?? mapping.schema ?? 'public';
  const warnings: string[] = [];
  const table = (key: string, name: string): Promise<Table> => required(db, schema, key, name);
  const tableName = mapping.table ?? preset?.table;
  if (tableName === undefined)
    throw fault('tables.table', 'it is missing', 'Name the table that holds the jobs, or take a preset.');
  const jobs = await table('tables.table', tableName);
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
  const letters = await lettersOf(db, schema, mapping, preset, id, warnings);
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
    heartbeats: await heartbeatsOf(db, schema, mapping, preset, warnings),
    pause: await pauseOf(db, schema, mapping),
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
    ({ keys, predicate }) => predicate === null && keys.length === 1 && keys[0]?.replaceAll('"', '') === name,
  );

/** True when an index begins with the column, or with the status and then the column. */
const isLed = ({ indexed }: Table, column: string, status: string): boolean =>
  indexed.some(([first, second]) => first === column || (first === status && second === column));

async function required(db: Db, schema: string, key: string, name: string): Promise<Table> {
  const found = await readTable(db, schema, name);
  if (found !== undefined) return found;
  const names = await tableNames(db, schema);
  const close = nearest(name, names);
  throw fault(
    key,
    `there is no table "${name}" in the schema ${schema}`,
    close.length > 0
      ? `Did you mean ${close.join(' or ')}?`
      : names.length > 0
        ? `There are: ${names.slice(0, 10).join(', ')}.`
        : 'Is it another schema? Set tables.schema.',
  );
}

function labelsOf(
  { statuses, write }: TablesMapping,
  preset: Preset | undefined,
  status: Column,
  warnings: string[],
): Layout['labels'] {
  const known = status.kind === 'enum' ? status.labels : undefined;
  for (const label of Object.keys(statuses ?? {}))
    if (known !== undefined && !known.includes(label))
      throw fault(`tables.statuses.${label}`, `${status.type} has no such label`, `It has: ${known.join(', ')}.`);
  const likely = preset === undefined ? [] : fromPreset(preset, known);
  const all = { ...Object.fromEntries(likely), ...statuses };
  const unmapped = known?.filter((label) => all[label] === undefined) ?? [];
  if (unmapped.length > 0)
    warnings.push(`tables.statuses does not map ${unmapped.join(', ')}: shown as blocked, and never written to.`);
  // what the configuration says itself comes first: that is the label that is written
  const ordered = [...Object.keys(statuses ?? {}), ...likely.map(([label]) => label)];
  const labels = Object.fromEntries(
    jobStates.map((state) => [state, [...new Set(ordered)].filter((label) => all[label] === state)]),
  ) as Record<JobState, string[]>;
  for (const state of ['waiting', 'active', 'dead'] as const)
    if (labels[state].length === 0 && (write || state === 'waiting'))
      throw fault('tables.statuses', `no status means ${state}`, `Say which one does, for example: failed: dead.`);
  return labels;
}

/** The preset's labels as the enum spells them; of a text column any spelling in small letters is taken. */
const fromPreset = ({ statuses }: Preset, known: readonly string[] | undefined): [string, JobState][] =>
  (known ?? Object.keys(statuses)).flatMap((label) => {
    const state = statuses[label.toLowerCase()];
    return state === undefined ? [] : [[label, state]];
  });

async function lettersOf(
  db: Db,
  schema: string,
  { deadLetter }: TablesMapping,
  preset: Preset | undefined,
  jobId: Column,
  warnings: string[],
): Promise<Letters | undefined> {
  const name = deadLetter?.table ?? preset?.deadLetter.table;
  if (name === undefined) return undefined;
  const table =
    deadLetter === undefined
      ? await readTable(db, schema, name)
      : await required(db, schema, 'tables.deadLetter.table', name);
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
  db: Db,
  schema: string,
  { heartbeats }: TablesMapping,
  preset: Preset | undefined,
  warnings: string[],
): Promise<Heartbeats | undefined> {
  const name = heartbeats?.table ?? preset?.heartbeats.table;
  if (name === undefined) return undefined;
  const table =
    heartbeats === undefined
      ? await readTable(db, schema, name)
      : await required(db, schema, 'tables.heartbeats.table', name);
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
  return {
    table,
    worker: worker as Column,
    seenAt: seenAt as Column,
    staleAfter: heartbeats?.staleAfter ?? TWO_MINUTES,
  };
}

async function pauseOf(db: Db, schema: string, { pause }: TablesMapping): Promise<Layout['pause']> {
  if (pause === undefined) return undefined;
  const table = await required(db, schema, 'tables.pause.table', pause.table);
  return {
    table,
    queue: columnNamed(table, 'tables.pause.queue', pause.queue, pauseKinds.queue),
    paused: columnNamed(table, 'tables.pause.paused', pause.paused, pauseKinds.paused),
  };
}
