import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import type { WriteVerb } from '../dialect.ts';
import type { Layout } from './layout.ts';

/** Besides SELECT and UPDATE, without which no row can be locked. */
const more: Readonly<Partial<Record<WriteVerb, string>>> = { remove: 'DELETE', restore: 'INSERT' };

/** Asked once for each verb, before anything is claimed: nothing is then found out halfway. */
export async function permit(
  db: Db,
  { jobs, letters }: Layout,
  verb: WriteVerb | 'enqueue',
  where: string,
): Promise<void> {
  const adds = verb === 'enqueue'; // a new row, in the table of the jobs alone
  const privileges = adds
    ? ['SELECT', 'INSERT']
    : ['SELECT', 'UPDATE', ...(more[verb] === undefined ? [] : [more[verb]])];
  const tables = [jobs.sql, ...(letters === undefined || adds ? [] : [letters.table.sql])];
  const missing = await db.query<{ role: string; relation: string; privilege: string }>(
    `SELECT current_user::text AS role, relation, privilege FROM unnest($1::text[]) AS t (relation), unnest($2::text[]) AS p (privilege)
      WHERE NOT has_table_privilege(relation, privilege) ORDER BY 2, 3`,
    [tables, privileges],
  );
  const [first] = missing;
  if (first === undefined) return;
  throw new JobctlError(
    'unreachable',
    `At ${where} the role ${first.role} lacks ${first.privilege} on ${first.relation}, which ${verb} needs.`,
    { next: missing.map(({ role, relation, privilege }) => `GRANT ${privilege} ON ${relation} TO "${role}";`) },
  );
}
