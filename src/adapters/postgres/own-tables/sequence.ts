import type { Db } from '../connection.ts';
import { grantOf, type Missing } from '../rights.ts';
import type { Layout } from './layout.ts';

/** What it takes to see how far the sequence of the ids has come, and to raise it behind ids that come back. */
export const missingOnSequence = async (db: Db, { jobs, job: { id } }: Layout): Promise<Missing[]> =>
  id.kind === 'integer'
    ? await db.query<Missing>(
        `SELECT current_user::text AS role, name AS relation, privilege
           FROM pg_get_serial_sequence($1, $2) AS name, (VALUES ('USAGE', 'USAGE, SELECT'), ('UPDATE', 'UPDATE')) AS p (privilege, of)
          WHERE name IS NOT NULL AND NOT has_sequence_privilege(name, of) ORDER BY 3 DESC`,
        [jobs.sql, id.name],
      )
    : [];

/** Jobs come back under their own ids whether or not that can be seen. */
export async function unseenSequence(db: Db, layout: Layout): Promise<string | undefined> {
  const missing = await missingOnSequence(db, layout);
  const unread = missing.find(({ privilege }) => privilege === 'USAGE');
  if (unread === undefined) return undefined;
  return `The role ${unread.role} cannot read ${unread.relation}: should it lie behind the ids that come back, as in a database made anew, the next new job clashes with one of them. ${missing.map(grantOf).join(' ')}`;
}
