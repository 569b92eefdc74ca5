import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import { costOf, invalidIndex, isLarge, type TableSize, tableSize } from '../table-size.ts';
import type { Store as Named } from './expected.ts';
import type { Layout } from './layout.ts';

export interface Store extends Named, TableSize {
  readonly invalid: readonly string[];
  /** Whether finished indexes are there on (name, created_on), on (name, completed_on), and on (name, state) of all but the completed. */
  readonly aged: boolean;
  readonly ended: boolean;
  readonly unfinished: boolean;
}

/** No more tables than this are advised on: with a queue each they can be hundreds. */
const MOST = 5;

export async function readStores(db: Db, layout: Layout): Promise<Store[]> {
  const named = ['table_name', 'partition_name'].find((column) => layout.queueColumns.includes(column));
  const readable =
    named !== undefined &&
    (await db.query<{ yes: boolean }>(`SELECT has_table_privilege($1, 'SELECT') AS yes`, [layout.queue]))[0]?.yes ===
      true;
  const policy = readable
    ? `(SELECT q.policy FROM ${layout.queue} q WHERE q.${named} = c.relname AND c.relname <> 'job_common' LIMIT 1)`
    : 'NULL::text';
  const has = (definition: string): string =>
    `EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisvalid AND pg_get_indexdef(x.indexrelid) LIKE '%${definition}')`;
  return await db.query<Store>(
    `SELECT c.relname::text AS name, ${tableSize}, ${policy} AS policy,
            ARRAY(SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid AND NOT x.indisvalid ORDER BY 1) AS invalid,
            ${has('(name, created_on)')} AS aged, ${has('(name, completed_on)%')} AS ended,
            ${has(`(name, state%WHERE (state <> ''completed''::%`)} AS unfinished
       FROM pg_partition_tree(to_regclass($1)) t JOIN pg_class c ON c.oid = t.relid
      WHERE t.isleaf AND c.relkind = 'r' ORDER BY c.reltuples DESC, 1`,
    [layout.job],
  );
}

/** What was never finished. */
export const invalidIndexes = ({ schema }: Layout, stores: readonly Store[]): SchemaFinding[] =>
  stores.flatMap(({ invalid }) => invalid.map((name) => invalidIndex(`${quoted(schema)}.${quoted(name)}`)));

interface Worth {
  readonly suffix: string;
  /** What is missed without it, of the table `name`. */
  readonly text: (name: string) => string;
  readonly on: string;
  fits(store: Store): boolean;
}

/** What no version brings, or only those since schema 46. */
function worths(layout: Layout): Worth[] {
  const held = ['start_after', 'created_on', 'started_on', 'blocked', 'source_id'].filter((column) =>
    layout.has(column),
  );
  const unfinished: Worth = {
    suffix: '_unfinished',
    text: (name) => `No index of ${name} tells what has not completed from what has: stats reads the whole table.`,
    on: `(name, state) INCLUDE (${held.join(', ')}) WHERE state <> 'completed'`,
    fits: (store) => !store.unfinished,
  };
  if (layout.number >= 46) return [unfinished];
  return [
    unfinished,
    {
      suffix: '_by_age',
      text: (name) => `No index of ${name} finds jobs by their age: dlq list shows them in no order of time.`,
      on: '(name, created_on)',
      fits: ({ aged, name }) => !aged && name === 'job_common',
    },
    {
      suffix: '_by_end',
      text: (name) => `No index of ${name} finds what ended lately: stats tells no rates.`,
      on: '(name, completed_on) WHERE completed_on IS NOT NULL',
      fits: ({ ended }) => !ended,
    },
  ];
}

/** Indexes that large tables would be faster with. */
export function worthHaving(layout: Layout, stores: readonly Store[]): SchemaFinding[] {
  if (layout.queue === undefined) return [];
  const large = stores.filter(isLarge).slice(0, MOST);
  return worths(layout).flatMap(({ suffix, text, on, fits }) =>
    large.filter(fits).map((store): SchemaFinding => {
      const index = quoted(store.name + suffix);
      return {
        level: 'hint',
        text: `${text(store.name)} ${costOf(store)}`,
        next: `CREATE INDEX CONCURRENTLY ${index} ON ${quoted(layout.schema)}.${quoted(store.name)} ${on};`,
      };
    }),
  );
}
