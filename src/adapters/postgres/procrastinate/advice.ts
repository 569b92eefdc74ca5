import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import { costOf, isLarge, tableFacts } from '../table-size.ts';
import type { Layout } from './layout.ts';

/** The index that the library lacks, as columns of its jobs table; with the others in it what is in line is counted without a look at the table. */
const UNFINISHED = {
  name: 'procrastinate_jobs_unfinished_idx',
  columns: ['queue_name', 'status', 'id'],
  others: ['scheduled_at', 'lock'],
} as const;

/** Of the library's own indexes none tells a failed job from one that succeeded: to count the dead is to read the whole table. */
export async function worthHaving(
  db: Db,
  layout: Layout,
  indexes: readonly { readonly table: string; readonly columns: readonly string[] }[],
): Promise<SchemaFinding[]> {
  const there = indexes.some(
    ({ table, columns }) =>
      table === 'procrastinate_jobs' && UNFINISHED.columns.every((column, place) => columns[place] === column),
  );
  const size = (await tableFacts(db, [layout.jobs])).get(layout.jobs);
  if (there || size === undefined || !isLarge(size)) return [];
  return [
    {
      level: 'hint',
      text: `No index finds failed jobs: stats and the lists of the dead read the whole table. ${costOf(size)}`,
      next: `CREATE INDEX CONCURRENTLY ${quoted(UNFINISHED.name)} ON ${layout.jobs} (${UNFINISHED.columns.join(', ')}) INCLUDE (${UNFINISHED.others.join(', ')}) WHERE status <> 'succeeded';`,
    },
  ];
}
