import type { BackendInfo } from '../../../domain/adapter.ts';
import type { Layout } from './layout.ts';

/** What no column is mapped to, neither of the jobs nor of the dead letters, and what no status means. */
export const untoldBy = ({ job, letters, labels }: Layout): BackendInfo['untold'] => ({
  ...Object.fromEntries(
    (['tenant', 'lane'] as const)
      .filter((field) => job[field] === undefined && letters?.columns[field] === undefined)
      .map((field) => [field, { instead: `Is there a column for it? Name it in tables.columns.${field}.` }]),
  ),
  states: Object.fromEntries(
    (['completed', 'cancelled'] as const)
      .filter((state) => labels[state].length === 0)
      .map((state) => [
        state,
        { why: `no status means ${state}`, instead: `Is there one? Say so in tables.statuses: { done: ${state} }.` },
      ]),
  ),
});
