import type { Db } from '../connection.ts';
import type { WriteVerb } from '../dialect.ts';
import { type Missing, missingFunctions, refuseWithout } from '../rights.ts';
import type { Layout } from './layout.ts';

type Table = 'job' | 'log' | 'dependency' | 'dedup' | 'dedupNext' | 'meta' | 'scheduler' | 'event';
/** What a role needs rights for. */
export type Deed = WriteVerb | 'enqueue' | 'schedule';
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

const needs: Readonly<Record<Deed, readonly Need[]>> = {
  replay: [...hold, tell, ['dependency', 'UPDATE'], ['dedup', 'INSERT UPDATE']],
  reset: [...hold, tell],
  edit: hold,
  remove: [...hold, ['job', 'DELETE'], ['dedup', 'DELETE']],
  cancel: [...hold, ['job', 'DELETE'], ['dedup', 'DELETE']],
  restore: [...hold, ['job', 'INSERT'], ['log', 'INSERT'], ['dependency', 'INSERT'], ['dedup', 'INSERT UPDATE DELETE']],
  revert: [...hold, ['dependency', 'UPDATE'], ['dedup', 'INSERT UPDATE DELETE']],
  enqueue: [
    ...hold,
    tell,
    ['job', 'INSERT DELETE'],
    ['dedup', 'INSERT UPDATE DELETE'],
    ['dedupNext', 'INSERT UPDATE DELETE'],
  ],
  schedule: [
    ...hold,
    tell,
    ['scheduler', 'INSERT UPDATE DELETE'],
    ['meta', 'INSERT UPDATE DELETE'],
    ['job', 'INSERT DELETE'],
    ['log', 'INSERT'],
    ['dependency', 'INSERT'],
    ['dedup', 'INSERT UPDATE DELETE'],
  ],
};

const functions: Partial<Readonly<Record<Deed, readonly string[]>>> = {
  replay: ['reprocess_job', 'publish_event'],
  reset: ['move_active_to_wait', 'publish_event'],
  restore: ['job_id_seq_name', 'next_job_id'],
  enqueue: ['add_job', 'next_job_id', 'publish_event'],
  schedule: ['remove_job_scheduler', 'add_job', 'job_id_seq_name', 'next_job_id', 'publish_event'],
};

const sequences: Partial<Readonly<Record<Deed, readonly (readonly [name: string, right: string])[]>>> = {
  replay: [
    ['job_seq', 'USAGE'],
    ['event_seq', 'USAGE'],
  ],
  reset: [
    ['job_seq', 'USAGE'],
    ['event_seq', 'USAGE'],
  ],
  restore: [
    ['job_seq', 'UPDATE'],
    ['job_seq', 'SELECT'],
  ],
  enqueue: [
    ['job_seq', 'USAGE'],
    ['event_seq', 'USAGE'],
  ],
  schedule: [
    ['job_seq', 'USAGE'],
    ['job_seq', 'UPDATE'],
    ['job_seq', 'SELECT'],
    ['event_seq', 'USAGE'],
  ],
};

/** Asked once for each verb, before anything is claimed: nothing is then found out halfway. */
export async function permit(db: Db, layout: Layout, verb: Deed, where: string): Promise<void> {
  const wanted = needs[verb].flatMap(([table, privileges]) =>
    privileges.split(' ').map((privilege) => [layout[table], privilege] as const),
  );
  const counters = (sequences[verb] ?? []).map(([name, right]) => [layout.call(name), right] as const);
  // of a sequence alone it is USAGE: whoever tells of it says so by himself then
  const missing = await db.query<Missing>(
    `SELECT DISTINCT current_user::text AS role, relation, privilege FROM unnest($1::text[], $2::text[]) AS n (relation, privilege)
      WHERE NOT has_table_privilege(to_regclass(relation), privilege)
     UNION SELECT current_user, CASE privilege WHEN 'USAGE' THEN name ELSE 'SEQUENCE ' || name END, privilege FROM unnest($3::text[], $4::text[]) AS s (name, privilege)
      WHERE NOT has_sequence_privilege(to_regclass(name), privilege) ORDER BY 2, 3`,
    [
      wanted.map(([relation]) => relation),
      wanted.map(([, privilege]) => privilege),
      counters.map(([name]) => name),
      counters.map(([, right]) => right),
    ],
  );
  const uncallable = await missingFunctions(db, layout.schema, functions[verb] ?? []);
  refuseWithout([...missing, ...uncallable], verb, where);
}
