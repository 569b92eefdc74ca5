import type { Db } from '../connection.ts';
import type { WriteVerb } from '../dialect.ts';
import { type Missing, refuseWithout } from '../rights.ts';
import type { Layout } from './layout.ts';

type Needs = readonly (readonly [relation: string, privilege: string])[];

/** Every claim locks the rows of its jobs, which takes the right to UPDATE. Rights on the parent table cover its partitions. */
export const writes: Readonly<Record<WriteVerb, readonly string[]>> = {
  replay: ['SELECT', 'UPDATE'],
  reset: ['SELECT', 'UPDATE', 'INSERT'], // the copy in a dead-letter queue
  cancel: ['SELECT', 'UPDATE'],
  edit: ['SELECT', 'UPDATE'],
  remove: ['SELECT', 'UPDATE', 'DELETE'],
  restore: ['SELECT', 'UPDATE', 'INSERT'],
  revert: ['SELECT', 'UPDATE'],
};

export const reads = (layout: Layout): Needs =>
  [layout.job, layout.queue, layout.dependency].flatMap((table) =>
    table === undefined ? [] : [[table, 'SELECT'] as const],
  );

/** What this role lacks. */
export async function missingPrivileges(db: Db, needs: Needs): Promise<Missing[]> {
  return await db.query<Missing>(
    `SELECT current_user::text AS role, relation, privilege
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n (relation, privilege, nth)
      WHERE NOT has_table_privilege(to_regclass(relation), privilege) ORDER BY nth`,
    [needs.map(([relation]) => relation), needs.map(([, privilege]) => privilege)],
  );
}

/** Asked once for each verb, before anything is claimed: nothing is then found out halfway. */
export async function permit(db: Db, layout: Layout, verb: WriteVerb | 'enqueue', where: string): Promise<void> {
  // what a child waits for is put back with it
  const onLinks = verb === 'restore' && layout.dependency !== undefined ? [[layout.dependency, 'INSERT'] as const] : [];
  const onJobs = (verb === 'enqueue' ? ['SELECT', 'INSERT'] : writes[verb]).map(
    (privilege) => [layout.job, privilege] as const,
  );
  refuseWithout(await missingPrivileges(db, [...onJobs, ...reads(layout), ...onLinks]), verb, where);
}
