import type { Db } from '../connection.ts';
import type { WriteVerb } from '../dialect.ts';
import { type Missing, missingFunctions, refuseWithout } from '../rights.ts';
import type { Layout } from './layout.ts';

type Table = 'job' | 'log' | 'dependency' | 'dedup' | 'dedupNext' | 'meta' | 'scheduler' | 'event' | 'rateLimit';
/** What a role needs rights for. */
export type Deed = WriteVerb | 'enqueue' | 'pause' | 'schedule' | 'schedule run';
type Need = readonly [table: Table, privileges: string];

/** Holding a job locks its row, which takes the right to UPDATE; what hangs on a job is always looked at. */
const hold: readonly Need[] = [
  ['job', 'SELECT UPDATE'],
  ...(['log', 'dependency', 'dedup', 'dedupNext', 'meta', 'scheduler'] as const).map(
    (table): Need => [table, 'SELECT'],
  ),
];
/** The library's functions run with the caller's rights, and tell of what they do in the list of events. */
const tell: Need = ['event', 'SELECT INSERT DELETE'];
const add: readonly Need[] = [
  ...hold,
  tell,
  ['job', 'INSERT DELETE'],
  ['dedup', 'INSERT UPDATE DELETE'],
  ['dedupNext', 'INSERT UPDATE DELETE'],
];
const putIn: readonly Need[] = [
  ['job', 'INSERT'],
  ['log', 'INSERT'],
  ['dependency', 'INSERT'],
  ['dedup', 'INSERT UPDATE DELETE'],
];

const needs: Readonly<Record<Deed, readonly Need[]>> = {
  replay: [...hold, tell, ['dependency', 'UPDATE'], ['dedup', 'INSERT UPDATE']],
  reset: [...hold, tell, ['rateLimit', 'SELECT']],
  edit: hold,
  remove: [...hold, ['job', 'DELETE'], ['dedup', 'DELETE']],
  cancel: [...hold, ['job', 'DELETE'], ['dedup', 'DELETE']],
  restore: [...hold, ...putIn],
  revert: [...hold, ['dependency', 'UPDATE'], ['dedup', 'INSERT UPDATE DELETE']],
  enqueue: add,
  pause: [tell, ['job', 'SELECT'], ['meta', 'SELECT INSERT UPDATE DELETE']],
  schedule: [
    ...hold,
    tell,
    ...putIn,
    ['scheduler', 'INSERT UPDATE DELETE'],
    ['meta', 'INSERT UPDATE DELETE'],
    ['job', 'DELETE'],
  ],
  // it is held while its run is added, be it at work or paused
  'schedule run': [...add, ['scheduler', 'UPDATE'], ['meta', 'UPDATE']],
};

/** Both what is called and what that calls; a name that a version does not have is never missing. */
const adders = [
  'add_job',
  'add_job_unlocked',
  'lock_producer_queues',
  'deduplicate_job',
  'job_id_seq_name',
  'next_job_id',
  'publish_event',
];
const functions: Partial<Readonly<Record<Deed, readonly string[]>>> = {
  replay: ['reprocess_job', 'publish_event'],
  reset: ['move_active_to_wait', 'publish_event'],
  restore: ['job_id_seq_name', 'next_job_id'],
  enqueue: adders,
  pause: ['pause', 'publish_event'],
  schedule: ['remove_job_scheduler', ...adders],
  'schedule run': adders,
};

/** Of the sequences that all queues share. */
const sequences: Partial<Readonly<Record<Deed, Readonly<Record<string, string>>>>> = {
  replay: { job_seq: 'USAGE', event_seq: 'USAGE' },
  reset: { job_seq: 'USAGE', event_seq: 'USAGE' },
  restore: { job_seq: 'SELECT UPDATE' },
  enqueue: { job_seq: 'USAGE', event_seq: 'USAGE' },
  pause: { event_seq: 'USAGE' },
  schedule: { job_seq: 'SELECT UPDATE USAGE', event_seq: 'USAGE' },
  'schedule run': { job_seq: 'USAGE', event_seq: 'USAGE' },
};

/** Of the sequence that gives the jobs of one queue their ids. */
const counters: Partial<Readonly<Record<Deed, string>>> = {
  restore: 'SELECT UPDATE',
  enqueue: 'USAGE',
  'schedule run': 'USAGE',
};

/**
 * Asked before anything is claimed or written: nothing is then found out halfway. `queue`: one whose counter will be used; the
 * library makes it with the first job that gets its id from it.
 */
export async function permit(db: Db, layout: Layout, deed: Deed, where: string, queue?: string): Promise<void> {
  const lacks = [
    ...(await onTables(db, layout, deed)),
    ...(await onSequences(db, layout, deed)),
    ...(queue === undefined ? [] : await onCounter(db, layout, deed, queue)),
    ...(await missingFunctions(db, layout.schema, functions[deed] ?? [])),
  ];
  refuseWithout(lacks, deed, where);
}

const each = (pairs: readonly (readonly [name: string, privileges: string])[]): [string[], string[]] => {
  const single = pairs.flatMap(([name, privileges]) => privileges.split(' ').map((one) => [name, one] as const));
  return [single.map(([name]) => name), single.map(([, one]) => one)];
};

const onTables = (db: Db, layout: Layout, deed: Deed): Promise<Missing[]> =>
  db.query<Missing>(
    `SELECT DISTINCT current_user::text AS role, relation, privilege FROM unnest($1::text[], $2::text[]) AS n (relation, privilege)
      WHERE NOT has_table_privilege(to_regclass(relation), privilege) ORDER BY 2, 3`,
    each(needs[deed].map(([table, privileges]) => [layout[table], privileges])),
  );

// of a sequence alone it is USAGE: whoever tells of it says so by himself then
const lackOf = `current_user::text AS role, CASE privilege WHEN 'USAGE' THEN name ELSE 'SEQUENCE ' || name END AS relation, privilege`;

const onSequences = (db: Db, { call }: Layout, deed: Deed): Promise<Missing[]> =>
  db.query<Missing>(
    `SELECT ${lackOf} FROM unnest($1::text[], $2::text[]) AS s (name, privilege)
      WHERE NOT has_sequence_privilege(to_regclass(name), privilege) ORDER BY 2, 3`,
    each(Object.entries(sequences[deed] ?? {}).map(([name, privileges]) => [call(name), privileges])),
  );

/** Named as the library's own job_id_seq_name() names it, which this role may not call yet. */
const onCounter = (db: Db, { schema }: Layout, deed: Deed, queue: string): Promise<Missing[]> =>
  db.query<Missing>(
    `WITH s AS (SELECT format('%I.%I', $1::text, 'bullmq_jid_' || md5($2)) AS name)
     SELECT ${lackOf} FROM s, unnest($3::text[]) AS n (privilege) WHERE NOT has_sequence_privilege(to_regclass(name), privilege)
     UNION ALL SELECT current_user, format('SCHEMA %I', $1), 'CREATE' FROM s
      WHERE to_regclass(name) IS NULL AND NOT has_schema_privilege($1, 'CREATE')`,
    [schema, queue, (counters[deed] ?? '').split(' ')],
  );
