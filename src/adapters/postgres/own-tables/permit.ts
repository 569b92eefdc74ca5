import type { Db } from '../connection.ts';
import type { WriteVerb } from '../dialect.ts';
import { type Missing, refuseWithout } from '../rights.ts';
import type { Column, Table } from './catalog.ts';
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
  const missing = await db.query<Missing>(
    `SELECT current_user::text AS role, relation, privilege FROM unnest($1::text[]) AS t (relation), unnest($2::text[]) AS p (privilege)
      WHERE NOT has_table_privilege(relation, privilege) ORDER BY 2, 3`,
    [tables, privileges],
  );
  refuseWithout(missing, verb, where);
}

/** Of tables of which only a few columns are read or written: a grant on these alone is enough. */
export const missingOn = (
  db: Db,
  { sql }: Table,
  needed: Readonly<Partial<Record<'SELECT' | 'UPDATE' | 'INSERT', readonly Column[]>>>,
): Promise<Missing[]> => {
  const pairs = Object.entries(needed).flatMap(([privilege, columns]) =>
    columns.map(({ name }) => [privilege, name] as const),
  );
  return db.query<Missing>(
    `SELECT DISTINCT current_user::text AS role, $1::text AS relation, privilege FROM unnest($2::text[], $3::text[]) AS p (privilege, name)
      WHERE NOT has_column_privilege($1, name, privilege) ORDER BY 3`,
    [sql, pairs.map(([privilege]) => privilege), pairs.map(([, name]) => name)],
  );
};
