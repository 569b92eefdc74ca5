import type { BackendInfo } from '../../../domain/adapter.ts';
import type { Layout } from './layout.ts';

/** What no column is mapped to, neither of the jobs nor of the dead letters. */
export const untoldBy = ({ job, letters }: Layout): BackendInfo['untold'] =>
  Object.fromEntries(
    (['tenant', 'lane'] as const)
      .filter((field) => job[field] === undefined && letters?.columns[field] === undefined)
      .map((field) => [field, { instead: `Is there a column for it? Name it in tables.columns.${field}.` }]),
  );
