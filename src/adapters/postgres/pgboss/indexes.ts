import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import { costOf, invalidIndex, isLarge, type TableSize, tableSize } from '../table-size.ts';
import { expectedOf, ofPolicy } from './expected.ts';
import { type Layout, NEWEST_SCHEMA } from './layout.ts';

/** A table that holds jobs: the common one, or that of a single queue. */
interface Store extends TableSize {
  readonly name: string;
  /** Of the queue that has the table to itself. */
  readonly policy: string | null;
  readonly indexes: readonly string[];
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
  const names = (condition: string): string =>
    `ARRAY(SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid AND ${condition} ORDER BY 1)`;
  const has = (definition: string): string =>
    `EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisvalid AND pg_get_indexdef(x.indexrelid) LIKE '%${definition}')`;
  return await db.query<Store>(
    `SELECT c.relname::text AS name, ${tableSize}, ${policy} AS policy, ${names('true')} AS indexes, ${names('NOT x.indisvalid')} AS invalid,
            ${has('(name, created_on)')} AS aged, ${has('(name, completed_on)%')} AS ended,
            ${has(`(name, state%WHERE (state <> ''completed''::%`)} AS unfinished
       FROM pg_partition_tree(to_regclass($1)) t JOIN pg_class c ON c.oid = t.relid
      WHERE t.isleaf AND c.relkind = 'r' ORDER BY c.reltuples DESC, 1`,
    [layout.job],
  );
}

/** What the library made and is gone, or was never finished. While it still builds in the background, that is no fault. */
export function indexFaults(layout: Layout, stores: readonly Store[], building: boolean): SchemaFinding[] {
  const schema = quoted(layout.schema);
  const { indexes } = expectedOf(Math.min(layout.number, NEWEST_SCHEMA));
  const invalid = stores.flatMap((store) => store.invalid).map((name) => invalidIndex(`${schema}.${quoted(name)}`));
  const missing = stores.flatMap((store) =>
    indexes
      .filter((index) => {
        const policy = ofPolicy(index);
        return policy === undefined || store.name === 'job_common' || store.policy === policy;
      })
      .filter(({ suffix }) => !store.indexes.some((name) => name.endsWith(suffix)))
      .map(
        ({ suffix, unique, on, without }): SchemaFinding => ({
          level: unique ? 'problem' : building ? 'hint' : 'warning',
          text: `${store.name} has no index ${suffix.slice(1)}: ${without}. ${costOf(store)}`,
          next: `CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${quoted(store.name + suffix)} ON ${schema}.${quoted(store.name)} ${on};`,
        }),
      ),
  );
  return [...invalid, ...missing];
}

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
