import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import type { LibraryTarget, SchemaAdmin, SchemaProgram, SchemaScript } from '../domain/schema.ts';
import { type InstalledLibrary, installedLibrary } from './installed-library.ts';

export interface LibraryRequest {
  readonly admin: SchemaAdmin;
  /** With its secrets: the library connects by itself. */
  readonly url: string;
  readonly schema: string | undefined;
  readonly folder: string;
}

type Library = (request: LibraryRequest) => Promise<SchemaScript | SchemaProgram>;

/** Libraries whose own migrations lie in the project that uses them. */
export const libraries: Readonly<Record<string, Library>> = {
  'pg-boss': pgBoss,
  'graphile-worker': graphileWorker,
};

/** The library tells its SQL, and that is applied here: all of it or nothing, to the database of the context. */
async function pgBoss({ admin, schema = 'pgboss', folder }: LibraryRequest): Promise<SchemaScript> {
  const library = await installedLibrary('pg-boss', folder);
  const from = await admin.present('pg-boss', schema);
  const whole = printed(library, 'getConstructionPlans', schema);
  const to = Number(/INSERT INTO \S+\.version\s*\(version\)\s*VALUES\s*\('?(\d+)/i.exec(whole)?.[1] ?? Number.NaN);
  const target: LibraryTarget = { dialect: 'pg-boss', schema, from, to: Number.isNaN(to) ? undefined : to };
  if (from === undefined) return { source: library.name, text: whole, library: target };
  refuseUnlessOlder(library, target);
  return { source: library.name, text: printed(library, 'getMigrationPlans', schema, from), library: target };
}

function printed({ name, module }: InstalledLibrary, what: string, ...given: readonly unknown[]): string {
  const plans = module[what];
  try {
    if (typeof plans !== 'function') throw new Error(`it has no ${what}`);
    return plans(...given) as string;
  } catch (cause) {
    throw new JobctlError('refused', `${name}, has no migration for these tables: ${(cause as Error).message}`, {
      next: ['Go by its release notes: some versions must be passed one after the other.', 'jobctl schema check'],
      cause,
    });
  }
}

interface GraphileModule {
  readonly runMigrations?: (options: object) => Promise<void>;
  readonly Logger?: new (factory: () => () => void) => object;
}

/** The library carries its migrations out itself, each in a transaction of its own. */
async function graphileWorker({
  admin,
  url,
  schema = 'graphile_worker',
  folder,
}: LibraryRequest): Promise<SchemaProgram> {
  const library = await installedLibrary('graphile-worker', folder);
  const from = await admin.present('graphile-worker', schema);
  const to = await newestMigration(library);
  const target: LibraryTarget = { dialect: 'graphile-worker', schema, from, to };
  if (from !== undefined) refuseUnlessOlder(library, target);
  const { runMigrations, Logger } = library.module as GraphileModule;
  if (runMigrations === undefined || Logger === undefined) {
    throw new JobctlError(
      'unsupported',
      `${library.name}, cannot be asked for its migrations: it has no runMigrations.`,
      {
        next: ['Run it yourself: npx graphile-worker --schema-only'],
      },
    );
  }
  const logger = new Logger(() => () => {}); // stdout is for results
  return {
    source: library.name,
    library: target,
    steps: (to ?? 0) - (from ?? 0),
    run: () => runMigrations({ connectionString: url, schema, logger }),
  };
}

/** Its package holds the migrations as files, numbered. */
async function newestMigration({ path }: InstalledLibrary): Promise<number | undefined> {
  const files = await readdir(join(dirname(path), 'sql')).catch(() => []);
  const numbers = files.flatMap((file) => (/^\d{6}\.sql$/.test(file) ? [Number.parseInt(file, 10)] : []));
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

function refuseUnlessOlder({ name }: InstalledLibrary, { dialect, schema, from, to }: LibraryTarget): void {
  if (from === undefined || to === undefined || from < to) return;
  throw new JobctlError(
    'refused',
    from === to
      ? `The tables of ${dialect} in schema ${schema} are at version ${from} already, as ${name}, has them. Nothing was changed.`
      : `The tables of ${dialect} in schema ${schema} are at version ${from}, newer than those of ${name} (${to}). Nothing was changed.`,
    {
      next:
        from === to
          ? ['jobctl schema check   # are they whole?']
          : [`Run jobctl where the newer ${dialect} is installed.`],
    },
  );
}
