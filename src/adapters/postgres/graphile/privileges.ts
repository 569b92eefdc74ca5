import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import type { WriteVerb } from '../dialect.ts';
import { quoted } from '../sql.ts';
import type { Layout } from './layout.ts';
import { fullSight } from './sight.ts';

type Needs = Partial<Record<'jobs' | 'tasks' | 'lanes', readonly string[]>>;

/** Holding a job locks its row, which takes the right to UPDATE. */
const hold: Needs = { jobs: ['SELECT', 'UPDATE'], tasks: ['SELECT'], lanes: ['SELECT'] };

const needs: Readonly<Record<WriteVerb | 'enqueue', Needs>> = {
  // add_job runs with the caller's rights, and names task and lane whether or not they are new
  enqueue: { jobs: ['SELECT', 'UPDATE', 'INSERT'], tasks: ['SELECT', 'INSERT'], lanes: ['SELECT', 'INSERT'] },
  replay: hold,
  edit: hold,
  cancel: hold,
  reset: { ...hold, lanes: ['SELECT', 'UPDATE'] },
  revert: { ...hold, lanes: ['SELECT', 'UPDATE'] },
  remove: { ...hold, jobs: ['SELECT', 'UPDATE', 'DELETE'] },
  restore: { jobs: ['SELECT', 'UPDATE', 'INSERT'], tasks: ['SELECT', 'INSERT'], lanes: ['SELECT', 'INSERT', 'UPDATE'] },
};

interface Lack {
  readonly role: string;
  readonly relation: string;
  readonly privilege: string;
  readonly sequence: boolean;
}

/** Throws when this role would fail halfway, or would change nothing and not notice. */
export async function permit(db: Db, layout: Layout, verb: WriteVerb | 'enqueue', place: string): Promise<void> {
  if (layout.sight.through === 'view') {
    throw new JobctlError(
      'unreachable',
      `At ${place} the role ${layout.sight.role} sees jobs only through a view, which ${verb} cannot write to.`,
      { next: fullSight(layout.sight) },
    );
  }
  const wanted = Object.entries(needs[verb]).flatMap(([table, privileges]) =>
    privileges.map((privilege) => [layout[table as keyof Needs], privilege] as const),
  );
  const lacking = await db.query<Lack>(
    `WITH n AS (SELECT * FROM unnest($1::text[], $2::text[]) AS n (relation, privilege))
     SELECT current_user::text AS role, relation, privilege, false AS sequence FROM n WHERE NOT has_table_privilege(relation, privilege)
     UNION ALL
     SELECT current_user, s.name, p.privilege, true FROM (SELECT pg_get_serial_sequence($3, 'id') AS name) s, (VALUES ('USAGE'), ('UPDATE')) AS p (privilege)
      WHERE $4 AND NOT has_sequence_privilege(s.name, p.privilege)`,
    [
      wanted.map(([relation]) => relation),
      wanted.map(([, privilege]) => privilege),
      layout.jobs,
      verb === 'restore' || verb === 'enqueue',
    ],
  );
  const [first] = lacking;
  if (first === undefined) return;
  throw new JobctlError(
    'unreachable',
    `At ${place} the role ${first.role} lacks ${first.privilege} on ${first.relation}, which ${verb} needs.`,
    { next: lacking.map(grantOf) },
  );
}

const grantOf = ({ role, relation, privilege, sequence }: Lack): string =>
  `GRANT ${privilege} ON ${sequence ? 'SEQUENCE ' : ''}${relation} TO ${quoted(role)};`;
