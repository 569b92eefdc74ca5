import { JobctlError } from '../../domain/errors.ts';
import { nearest } from '../../domain/nearest.ts';
import type { Db } from './connection.ts';

export interface Found {
  readonly dialect: string;
  readonly schema: string;
}

/** What stands side by side in a schema of this library, and of no team's: tables by their names, enums by `enum NAME`. */
const markers: readonly (readonly [dialect: string, ...names: string[]])[] = [
  ['procrastinate', 'procrastinate_jobs'],
  ['pg-boss', 'job', 'version', 'enum job_state'],
  ['graphile-worker', '_private_jobs', 'migrations'],
  ['bullmq', 'job_dependency', 'dedup_next'],
  ['river', 'river_job', 'river_migration'],
  ['oban', 'oban_jobs'],
  ['solid-queue', 'solid_queue_jobs'],
  ['good-job', 'good_jobs'],
];

const dialects = markers.map(([dialect]) => dialect);

/** Every queue library's tables in this database, in any schema. Asks the catalog only: no privilege on the tables is needed. */
export async function detect(db: Db): Promise<Found[]> {
  const rows = await db.query<{ schema: string; names: string[] }>(
    `SELECT n.nspname AS schema, array_agg(there.name) AS names
       FROM (SELECT relnamespace, relname::text FROM pg_class WHERE relkind IN ('r', 'p')
             UNION ALL SELECT typnamespace, 'enum ' || typname FROM pg_type WHERE typtype = 'e') AS there (namespace, name)
       JOIN pg_namespace n ON n.oid = there.namespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND there.name = ANY ($1)
      GROUP BY n.nspname ORDER BY n.nspname`,
    [markers.flatMap(([, ...names]) => names)],
  );
  return rows.flatMap(({ schema, names: there }) =>
    markers
      .filter(([, ...names]) => names.every((name) => there.includes(name)))
      .map(([dialect]) => ({ dialect, schema })),
  );
}

export const named = (found: readonly Found[]): string =>
  found.map(({ dialect, schema }) => `${dialect} in schema ${schema}`).join(', ');

export interface Wanted {
  readonly schema?: string | undefined;
  readonly dialect?: string | undefined;
}

/** Throws `usage` where the tables of a team are meant and a library's are asked for: neither must pass for the other. */
export function onlyOwn({ dialect }: Wanted): void {
  if (dialect === undefined || dialect === 'own-tables') return;
  if (!dialects.includes(dialect)) throw noDialect(dialect);
  throw new JobctlError('usage', `The context maps tables of its own (tables:), which are not those of ${dialect}.`, {
    next: ['Leave out the dialect, or take a context without tables.'],
  });
}

/** The one that is meant. Throws `usage` when there is none, or more than one and nothing says which. */
export function choose(found: readonly Found[], wanted: Wanted, where: string): Found {
  if (wanted.dialect !== undefined && !dialects.includes(wanted.dialect)) throw noDialect(wanted.dialect);
  const fitting = found.filter(
    (one) => (wanted.schema ?? one.schema) === one.schema && (wanted.dialect ?? one.dialect) === one.dialect,
  );
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const list = named(found);
  if (fitting.length > 1) {
    // only what tells them apart helps
    const told = (key: keyof Found): boolean => new Set(fitting.map((one) => one[key])).size > 1;
    const flags = [...(told('schema') ? ['--schema NAME'] : []), ...(told('dialect') ? ['--dialect NAME'] : [])];
    throw new JobctlError('usage', `${where} holds several queues: ${named(fitting)}`, {
      next: [`Say which: ${flags.join(' or ')} (or in the context).`],
    });
  }
  if (found.length > 0) {
    throw new JobctlError(
      'usage',
      `${where} has no ${wanted.dialect ?? 'queue'} tables${wanted.schema === undefined ? '' : ` in schema ${wanted.schema}`}; it has ${list}`,
      {
        next: ['Correct --schema or --dialect.'],
      },
    );
  }
  throw new JobctlError('usage', `${where} has no queue tables`, {
    next: ['Is this the right database? (jobctl context show)', 'New environment? jobctl schema apply'],
  });
}

function noDialect(name: string): JobctlError {
  const begun = dialects.filter((dialect) => dialect.startsWith(name));
  const close = begun.length > 0 ? begun : nearest(name, dialects);
  const hint = close.length > 0 ? ` Did you mean ${close.join(' or ')}?` : '';
  return new JobctlError('usage', `There is no dialect "${name}".${hint}`, {
    next: [`One of ${dialects.join(', ')}.`],
  });
}
