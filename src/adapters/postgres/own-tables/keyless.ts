import { quoted } from '../sql.ts';
import type { Column, Table } from './catalog.ts';
import { hasKey, type Layout } from './layout.ts';

/** An id that rows may share: by it a write could hit a row that nobody chose and no backup holds. */
export interface Keyless {
  readonly what: string;
  readonly index: string;
  /** The key of the configuration that maps it. */
  readonly mapped: string;
}

/** Of the ids that writes go by, those that nothing keeps unique over the whole table. */
export function keylessOf({ jobs, job, letters }: Layout): Keyless[] {
  const ids: readonly (readonly [Table, Column, string])[] = [
    [jobs, job.id, 'tables.columns.id'],
    ...(letters === undefined ? [] : [[letters.table, letters.columns.id, 'tables.deadLetter.columns.id'] as const]),
  ];
  return ids
    .filter(([table, id]) => !hasKey(table, id.name))
    .map(([table, id, mapped]) => ({
      what: `no unique index is of ${table.name}.${id.name} alone`,
      index: `CREATE UNIQUE INDEX CONCURRENTLY ON ${table.sql} (${quoted(id.name)});`,
      mapped,
    }));
}

export const keylessWarning = ({ what }: Keyless): string =>
  `N${what.slice(1)}: rows that share an id cannot be told apart, so lists may show the one for the other, and nothing is written.`;
