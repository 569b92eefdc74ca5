import { JobctlError } from '../../../domain/errors.ts';
import { nearest } from '../../../domain/nearest.ts';
import type { Column, ColumnKind, Table } from './catalog.ts';
import type { JobColumn, LetterColumn } from './mapping.ts';

const text: readonly ColumnKind[] = ['text', 'enum'];
const time: readonly ColumnKind[] = ['timestamp', 'timestamptz'];
const name: readonly ColumnKind[] = ['text', 'uuid', 'integer'];

/** What a column may be so that it can be read as what it is mapped to. */
export const jobKinds: Readonly<Record<JobColumn, readonly ColumnKind[]>> = {
  id: name,
  queue: text,
  type: text,
  status: text,
  payload: ['jsonb', 'json', 'text'],
  error: ['text', 'json', 'jsonb'],
  attempts: ['integer'],
  maxAttempts: ['integer'],
  createdAt: time,
  runAt: time,
  startedAt: time,
  finishedAt: time,
  updatedAt: time,
  priority: ['integer'],
  workerId: name,
  dedupeKey: ['text'],
  lane: name,
  tenant: name,
  parentId: name,
  batchId: name,
};

export const letterKinds: Readonly<Record<LetterColumn, readonly ColumnKind[]>> = {
  id: name,
  jobId: name,
  queue: text,
  type: text,
  payload: jobKinds.payload,
  error: jobKinds.error,
  attempts: ['integer'],
  resolved: ['boolean'],
  resolvedAt: time,
  notes: ['text'],
  createdAt: time,
  lane: name,
  tenant: name,
};

export const heartbeatKinds = { worker: name, seenAt: time } as const;
export const pauseKinds = { queue: text, paused: ['boolean'] as readonly ColumnKind[] } as const;

export type Columns<Name extends string> = { readonly [N in Name]?: Column };

/** The columns that the configuration names, which must be there, and those of the preset that are. */
export function findColumns<Name extends string>(
  table: Table,
  key: string,
  kinds: Readonly<Record<Name, readonly ColumnKind[]>>,
  named: { readonly [N in Name]?: string | undefined },
  candidates: { readonly [N in Name]?: readonly string[] },
): Columns<Name> {
  const found: { [N in Name]?: Column } = {};
  for (const one of Object.keys(kinds) as Name[]) {
    const column =
      named[one] === undefined
        ? firstOf(table, candidates[one] ?? [], kinds[one])
        : columnNamed(table, `${key}.${one}`, named[one], kinds[one]);
    if (column !== undefined) found[one] = column;
  }
  return found;
}

const firstOf = (table: Table, candidates: readonly string[], kinds: readonly ColumnKind[]): Column | undefined =>
  candidates
    .map((candidate) => table.columns.find((column) => column.name === candidate && kinds.includes(column.kind)))
    .find((column) => column !== undefined);

export function columnNamed(table: Table, key: string, wanted: string, kinds?: readonly ColumnKind[]): Column {
  const column = table.columns.find((one) => one.name === wanted);
  if (column === undefined) {
    const names = table.columns.map((one) => one.name);
    const close = nearest(wanted, names);
    throw fault(
      key,
      `the table ${table.name} has no column "${wanted}"`,
      close.length > 0 ? `Did you mean ${close.join(' or ')}?` : `It has: ${names.join(', ')}.`,
    );
  }
  if (kinds !== undefined && !kinds.includes(column.kind))
    throw fault(key, `the column "${wanted}" is ${column.type}`, `It must be one of: ${kinds.join(', ')}.`);
  return column;
}

/** A mapping that does not fit the database, with the key that says so. */
export const fault = (key: string, what: string, next: string): JobctlError =>
  new JobctlError('usage', `${key}: ${what}.`, { next: [next] });
