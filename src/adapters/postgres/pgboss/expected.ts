import { type Made, planAt, type Tables } from '../made.ts';
import { plan } from './plan.ts';

/** A table that holds jobs: the common one, or that of a single queue. */
export interface Store {
  readonly name: string;
  /** Of the queue that has the table to itself. */
  readonly policy: string | null;
}

/** What the library makes for this number; the indexes of jobs for each table that holds some. */
export function expectedOf(number: number, stores: readonly Store[]): Tables {
  const { indexes, ...tables } = planAt(plan, number);
  return {
    ...tables,
    indexes: indexes.flatMap((index) => (index.table === 'job' ? ofStores(index, stores) : [index])),
  };
}

/** The indexes that only matter to queues of one policy: a queue with a table of its own has them where it has the policy. */
function ofStores(index: Made, stores: readonly Store[]): Made[] {
  const policy = /policy = '(\w+)'/.exec(index.sql)?.[1];
  return stores
    .filter((store) => policy === undefined || store.name === 'job_common' || store.policy === policy)
    .map(({ name }) => ({ ...index, table: name, name: `${name}_${index.name}` }));
}

const SLOW_FETCH = 'workers search all jobs for the next one';
const twoOf = (policy: string): string => `jobs that the policy ${policy} keeps apart may stand side by side`;

const missed: Readonly<Record<string, string>> = {
  i1: twoOf('short'),
  i2: twoOf('singleton'),
  i3: twoOf('stately'),
  i4: 'jobs that are throttled may be sent twice',
  i5: SLOW_FETCH,
  i6: twoOf('exclusive'),
  i7: 'workers search all jobs for those of a group that run',
  i8: twoOf('key_strict_fifo'),
  i9: 'maintenance searches all jobs for parents that have completed',
  i10: 'workers of the policy key_strict_fifo search all jobs for the first of each key',
  i11: SLOW_FETCH,
  i12: 'the copies of a dead job are searched in the whole table',
  i13: 'a job that is updated by its key may stand twice',
  i14: 'every count of live jobs reads the whole table',
  i15: 'lists of jobs are in no order of time',
  i16: 'maintenance, and what ended lately, read the whole table',
  i17: 'jobs that wait under a key are searched in the whole table',
  pkey: 'one id may stand twice, and a job by its id is searched in the whole table',
};

/** What is missed without an index. */
export function without({ table, name, sql }: Made, stores: readonly Store[]): string {
  const known = stores.some((store) => store.name === table) ? missed[name.slice(table.length + 1)] : undefined;
  if (known !== undefined) return known;
  return sql.startsWith('UNIQUE ') ? 'rows that must differ may stand side by side' : 'the whole table is searched';
}
