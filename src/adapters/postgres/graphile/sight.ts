import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';

/**
 * What this role can truly see. The library turns row-level security on for its tables and writes no policies: to any
 * role but their owner they look empty, without an error. Its view `jobs` reads with its owner's rights, and shows all.
 */
export interface Sight {
  readonly through: 'tables' | 'view';
  readonly warnings: readonly string[];
  readonly role: string;
  readonly owner: string;
}

interface Rights {
  readonly role: string;
  readonly owner: string;
  readonly usage: boolean;
  /** The three tables may be read, and … */
  readonly readable: boolean;
  /** … row-level security holds for this role on one of them, and … */
  readonly guarded: boolean;
  /** … someone wrote a policy wherever it does. */
  readonly policies: boolean;
  readonly view: boolean;
  /** The view's owner sees every row of the tables, and lends that to whoever reads the view. */
  readonly honest: boolean;
}

const tables = `('_private_jobs', '_private_tasks', '_private_job_queues')`;

export async function look(db: Db, schema: string, place: string): Promise<Sight> {
  const [rights] = await db.query<Rights>(
    `WITH r AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1),
          t AS (SELECT * FROM r WHERE relname IN ${tables}),
          v AS (SELECT * FROM r WHERE relname = 'jobs' AND relkind = 'v')
     SELECT current_user::text AS role, (SELECT pg_get_userbyid(relowner)::text FROM t WHERE relname = '_private_jobs') AS owner,
            has_schema_privilege($1, 'USAGE') AS usage, t.readable, t.guarded, t.policies,
            coalesce((SELECT has_table_privilege(oid, 'SELECT') FROM v), false) AS view,
            coalesce((SELECT NOT coalesce('security_invoker=true' = ANY (v.reloptions) OR 'security_invoker=on' = ANY (v.reloptions), false)
                             AND (o.rolsuper OR o.rolbypassrls OR t.owners = ARRAY[v.relowner] AND NOT t.forced)
                        FROM v JOIN pg_roles o ON o.oid = v.relowner), false) AS honest
       FROM (SELECT bool_and(has_table_privilege(oid, 'SELECT')) AS readable, bool_or(row_security_active(oid)) AS guarded,
                    bool_and(NOT row_security_active(oid) OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid)) AS policies,
                    array_agg(DISTINCT relowner) AS owners, bool_or(relforcerowsecurity) AS forced FROM t) t`,
    [schema],
  );
  if (rights === undefined) throw new Error('The catalog did not answer.');
  const { role, owner, usage, guarded } = rights;
  if (usage && rights.readable && rights.policies) {
    const warnings = guarded
      ? [`Row-level policies decide which jobs the role ${role} sees; what they hide is not counted.`]
      : [];
    return { through: 'tables', warnings, role, owner };
  }
  if (usage && rights.view && rights.honest) {
    return { through: 'view', warnings: [blindness(role)], role, owner };
  }
  const hidden = usage && rights.readable;
  throw new JobctlError(
    'unreachable',
    hidden
      ? `At ${place} row-level security hides every job of schema ${schema} from the role ${role}: it would look empty.`
      : `At ${place} the role ${role} may not read the jobs of schema ${schema}.`,
    {
      next: [
        ...(usage ? [] : [`GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${quoted(role)};`]),
        ...(rights.honest
          ? [`GRANT SELECT ON ${quoted(schema)}.jobs TO ${quoted(role)}; -- to read all but payloads`]
          : []),
        ...fullSight({ role, owner }),
      ],
    },
  );
}

const blindness = (role: string): string =>
  `Row-level security or a missing privilege hides the tables of graphile-worker from the role ${role}: jobs are read through the view "jobs", without their payloads, and cannot be changed.`;

/** What gives a role the rights of the tables' owner. */
export const fullSight = ({ role, owner }: Pick<Sight, 'role' | 'owner'>): string[] => [
  `Use the role that owns the tables (${owner}) in the URL.`,
  `GRANT ${quoted(owner)} TO ${quoted(role)}; -- to read and write all`,
];
