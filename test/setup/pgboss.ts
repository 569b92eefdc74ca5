import PgBoss9 from 'pg-boss9';
import PgBoss10 from 'pg-boss10';
import PgBoss11 from 'pg-boss11';
import { getConstructionPlans, PgBoss as PgBoss12 } from 'pg-boss12';
import { createFilled, type SchemaDatabase } from './databases.ts';

export type PgBossVersion = '9' | '10' | '11' | '12';
export const writtenVersions = ['10', '11', '12'] as const satisfies readonly PgBossVersion[];

export interface PgBossDatabase extends SchemaDatabase {
  readonly version: PgBossVersion;
}

const plans: Readonly<Record<PgBossVersion, (schema: string) => string>> = {
  9: (schema) => PgBoss9.getConstructionPlans(schema),
  10: (schema) => PgBoss10.getConstructionPlans(schema),
  11: (schema) => PgBoss11.getConstructionPlans(schema),
  12: (schema) => getConstructionPlans(schema),
};

/** A database with the tables that this version of the package makes. */
export async function createPgBoss(version: PgBossVersion, schema = 'pgboss'): Promise<PgBossDatabase> {
  const database = await createFilled(`pgboss_${version}`, schema, ({ pool }) => pool.query(plans[version](schema)));
  return { ...database, version };
}

/** What the tests use of the packages, in the words that 9 to 12 share. */
export interface Boss {
  start(): Promise<unknown>;
  stop(options: { graceful: boolean; wait?: boolean; destroy?: boolean; timeout?: number }): Promise<void>;
  createQueue(name: string, options?: Readonly<Record<string, unknown>>): Promise<void>;
  send(name: string, data: object, options?: Readonly<Record<string, unknown>>): Promise<string | null>;
  fetch(name: string, options?: object): Promise<readonly { readonly id: string; readonly data: unknown }[] | null>;
  complete(name: string, id: string): Promise<unknown>;
  fail(name: string, id: string, data?: object): Promise<unknown>;
  work(name: string, options: object, handler: (jobs: readonly WorkedJob[]) => Promise<unknown>): Promise<string>;
  retry(name: string, id: string): Promise<unknown>;
  cancel(name: string, id: string): Promise<unknown>;
  schedule(name: string, cron: string, data?: object, options?: object): Promise<unknown>;
  /** One pass of maintenance and monitoring: in 10 under the first name, since 11 under the second. */
  maintain?(): Promise<unknown>;
  supervise?(name: string): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface WorkedJob {
  readonly id: string;
  readonly data: { readonly n?: number };
}

/** The package itself, connected but without timers of its own unless asked for. It never migrates. Stop it. */
export async function startBoss(
  { version, url, schema }: PgBossDatabase,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Boss> {
  const settings = {
    connectionString: url,
    schema,
    migrate: false,
    supervise: false,
    schedule: false,
    max: 3,
    ...options,
  };
  const made =
    version === '12'
      ? new PgBoss12({ createSchema: false, registerInstance: false, ...settings })
      : version === '11'
        ? new PgBoss11(settings)
        : version === '10'
          ? new PgBoss10(settings)
          : new PgBoss9({ ...settings, noSupervisor: true, noScheduling: true });
  const boss = version === '9' ? withNames(made) : (made as unknown as Boss);
  boss.on('error', () => {}); // a connection that the server ended at the end of a test
  await boss.start();
  return boss;
}

/** In 9 a job is ended by its id alone, and a fetch of one gives no list. */
function withNames(made: object): Boss {
  const boss = made as Boss & Record<'failById' | 'completeById', (...given: unknown[]) => Promise<unknown>>;
  boss.failById = boss.fail.bind(boss) as typeof boss.failById;
  boss.completeById = boss.complete.bind(boss) as typeof boss.completeById;
  boss.fail = (_name, id, data) => boss.failById(id, data);
  boss.complete = (_name, id) => boss.completeById(id);
  const fetch = boss.fetch.bind(boss);
  boss.fetch = (name) => fetch(name, 1 as unknown as object);
  return boss;
}

/** The library's own housekeeping, once, however lately it ran. */
export async function maintain({ pool, version }: PgBossDatabase, boss: Boss, queue: string): Promise<void> {
  if (version === '10') return void (await boss.maintain?.());
  await pool.query('UPDATE queue SET maintain_on = NULL, monitor_on = NULL');
  await boss.supervise?.(queue);
}

export const stopBoss = (boss: Boss): Promise<void> => boss.stop({ graceful: false, wait: true, timeout: 2000 });

/** The queue as the library makes it, whatever its name is. */
export async function createQueue(
  { pool, version }: PgBossDatabase,
  name: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const type = version === '10' ? 'json' : 'jsonb';
  await pool.query(`SELECT create_queue($1, $2::${type})`, [name, JSON.stringify({ policy: 'standard', ...options })]);
}
