import type { Db } from '../connection.ts';
import type { WriteVerb } from '../dialect.ts';
import { type Missing, missingFunctions, refuseWithout } from '../rights.ts';
import type { Layout } from './layout.ts';

type Table = 'jobs' | 'events' | 'periodicDefers';
type Needs = readonly (readonly [table: Table, privilege: string])[];

/** Every claim locks the rows of its jobs, which takes the right to UPDATE. */
const lock: Needs = [
  ['jobs', 'SELECT'],
  ['jobs', 'UPDATE'],
];
/** What the library's triggers write on a change of state; they run with the caller's rights. */
const log: Needs = [['events', 'INSERT']];
const unlink: Needs = [
  ['periodicDefers', 'SELECT'],
  ['periodicDefers', 'UPDATE'],
];
const rewrite: Needs = [
  ['events', 'INSERT'],
  ['events', 'DELETE'],
];

export const reads: Needs = [
  ['jobs', 'SELECT'],
  ['events', 'SELECT'],
  ['periodicDefers', 'SELECT'],
];

export const writes: Readonly<Record<WriteVerb, Needs>> = {
  replay: [...lock, ...log],
  reset: [...lock, ...log],
  cancel: [...lock, ...log],
  edit: lock,
  remove: [...lock, ['jobs', 'DELETE'], ...unlink],
  restore: [...lock, ['jobs', 'INSERT'], ...rewrite, ...unlink],
  revert: [...lock, ...rewrite],
};

/** The functions that add jobs run with the caller's rights, and so do their triggers. */
const adding: Needs = [['jobs', 'SELECT'], ['jobs', 'INSERT'], ...log];
const adders = ['procrastinate_defer_jobs_v1', 'procrastinate_defer_job_v1', 'procrastinate_defer_job'];

/** What this role lacks. Triggers that run with their owner's rights need none of the caller's. */
export async function missingPrivileges(db: Db, layout: Layout, needs: Needs): Promise<Missing[]> {
  return await db.query<Missing>(
    `WITH need AS (SELECT DISTINCT relation, privilege FROM unnest($1::text[], $2::text[]) AS n (relation, privilege)),
     lack AS (
       SELECT relation, privilege FROM need WHERE NOT has_table_privilege(to_regclass(relation), privilege)
       UNION ALL
       SELECT s.name, 'USAGE' FROM need, LATERAL (SELECT pg_get_serial_sequence(relation, 'id') AS name) s
        WHERE privilege = 'INSERT' AND s.name IS NOT NULL AND NOT has_sequence_privilege(s.name, 'USAGE'))
     SELECT current_user::text AS role, relation, privilege FROM lack
      WHERE relation NOT LIKE '%procrastinate_events%' OR privilege = 'SELECT' OR NOT EXISTS (
        SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = to_regclass($3) AND p.prosecdef)
      ORDER BY 2, 3`,
    [needs.map(([table]) => layout[table]), needs.map(([, privilege]) => privilege), layout.jobs],
  );
}

/** Asked once for each verb, before anything is claimed: nothing is then found out halfway. */
export async function permit(db: Db, layout: Layout, verb: WriteVerb | 'enqueue', where: string): Promise<void> {
  refuseWithout(await missingPrivileges(db, layout, verb === 'enqueue' ? adding : writes[verb]), verb, where);
  if (verb === 'enqueue') refuseWithout(await missingFunctions(db, layout.schema, adders), verb, where);
}
