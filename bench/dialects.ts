import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runMigrations } from 'graphile-worker18';
import pg from 'pg';
import PgBoss10 from 'pg-boss10';
import PgBoss11 from 'pg-boss11';
import { getConstructionPlans } from 'pg-boss12';
import { bareScript } from './bare.ts';
import { inTurn, type Measured, run } from './process.ts';

export interface Bench {
  readonly createDatabase: (name: string) => Promise<string>;
  readonly jobctl: (url: string, ...args: string[]) => Promise<Measured>;
  readonly line: (name: string, value: string, goal?: string) => void;
  readonly rows: number;
  readonly folder: string;
}

interface Dialect {
  readonly name: string;
  readonly queue: string;
  /** A mapping of a team's own tables has to be written down first. */
  readonly mapped?: true;
  make(url: string): Promise<void>;
  /** So many jobs over five queues, one a second: of a hundred 90 completed where they are kept, 5 dead, 5 waiting. */
  readonly fill: string;
  /** What a user would paste to see about the same: all states counted, and fifty of the dead. */
  readonly pasted: { readonly stats: string; readonly list: string };
}

/** When the run of a job ended, less so many seconds. */
const before = (seconds: number): string => `now() - make_interval(secs => n % 1000000 + ${seconds})`;

const boss = (version: number, plans: string): Dialect => ({
  name: `pg-boss ${version}`,
  queue: 'queue_1',
  make: (url) => execute(url, plans),
  fill: `
    SELECT pgboss.create_queue('queue_' || n, '{"policy":"standard","partition":false}') FROM generate_series(0, 4) AS n;
    INSERT INTO pgboss.job (name, data, state, created_on, started_on, completed_on, retry_count, output)
    SELECT 'queue_' || n % 5, jsonb_build_object('n', n), (CASE WHEN n % 100 < 90 THEN 'completed' WHEN n % 100 < 95 THEN 'failed' ELSE 'created' END)::pgboss.job_state,
           ${before(3)}, CASE WHEN n % 100 < 95 THEN ${before(2)} END, CASE WHEN n % 100 < 95 THEN ${before(0)} END,
           CASE WHEN n % 100 BETWEEN 90 AND 94 THEN 2 ELSE 0 END, CASE WHEN n % 100 BETWEEN 90 AND 94 THEN '{"message":"timeout after 30s"}'::jsonb END
      FROM generate_series(1, ROWS) AS n`,
  pasted: {
    stats: 'SELECT name, state, count(*) FROM pgboss.job GROUP BY 1, 2',
    list: `SELECT * FROM pgboss.job WHERE name = 'queue_1' AND state = 'failed' ORDER BY completed_on DESC LIMIT 50`,
  },
});

/** graphile-worker keeps no completed jobs: all that are there wait, or are dead. */
const graphile: Dialect = {
  name: 'graphile-worker 0.18',
  queue: 'task_1',
  make: (url) => runMigrations({ connectionString: url }),
  fill: `
    INSERT INTO graphile_worker._private_tasks (identifier) SELECT 'task_' || n FROM generate_series(0, 4) AS n;
    INSERT INTO graphile_worker._private_jobs (task_id, payload, attempts, max_attempts, last_error, run_at, created_at)
    SELECT (SELECT min(id) FROM graphile_worker._private_tasks) + n % 5, json_build_object('n', n), CASE WHEN n % 100 < 5 THEN 25 ELSE 0 END, 25,
           CASE WHEN n % 100 < 5 THEN 'timeout after 30s' END, ${before(0)}, ${before(0)} FROM generate_series(1, ROWS) AS n`,
  pasted: {
    stats: `SELECT task_id, locked_at IS NOT NULL, attempts >= max_attempts, run_at > now(), count(*) FROM graphile_worker._private_jobs GROUP BY 1, 2, 3, 4`,
    list: `SELECT * FROM graphile_worker._private_jobs WHERE attempts >= max_attempts AND locked_at IS NULL ORDER BY run_at DESC LIMIT 50`,
  },
};

const own: Dialect = {
  name: 'own tables (prisma)',
  queue: 'queue_1',
  mapped: true,
  make: (url) => execute(url, readFileSync(new URL('../test/schemas/prisma.sql', import.meta.url), 'utf8')),
  fill: `
    INSERT INTO "Job" (id, queue, type, payload, status, "createdAt", "updatedAt", started_at, finished_at)
    SELECT 'j' || n, 'queue_' || n % 5, 'email.send', jsonb_build_object('n', n),
           (CASE WHEN n % 100 < 90 THEN 'completed' WHEN n % 100 < 95 THEN 'failed' ELSE 'pending' END)::"JobStatus",
           ${before(3)}, ${before(0)}, CASE WHEN n % 100 < 95 THEN ${before(2)} END, CASE WHEN n % 100 < 95 THEN ${before(0)} END FROM generate_series(1, ROWS) AS n;
    INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, attempts, "createdAt")
    SELECT 'd' || n, 'j' || n, 'email.send', jsonb_build_object('n', n), 'timeout after 30s', 3, ${before(0)} FROM generate_series(1, ROWS) AS n WHERE n % 100 BETWEEN 90 AND 94`,
  pasted: {
    stats: `SELECT queue, status, count(*) FROM "Job" GROUP BY 1, 2`,
    list: `SELECT d.* FROM "DeadLetterJob" d JOIN "Job" j ON j.id = d."jobId" WHERE j.queue = 'queue_1' ORDER BY d."createdAt" DESC LIMIT 50`,
  },
};

const dialects: readonly Dialect[] = [
  boss(10, PgBoss10.getConstructionPlans('pgboss')),
  boss(11, PgBoss11.getConstructionPlans('pgboss')),
  boss(12, getConstructionPlans('pgboss')),
  graphile,
  own,
];

/**
 * `stats` and `dlq list` on many jobs of every Postgres dialect but Procrastinate: with the library's own indexes (or the
 * team's), and again with those that `schema check` advises.
 */
export async function benchDialects(bench: Bench): Promise<void> {
  console.log(`\n${bench.rows} jobs in each of the other dialects`);
  for (const [index, dialect] of dialects.entries()) {
    const url = await bench.createDatabase(`dialect_${index}`);
    await dialect.make(url);
    await execute(url, dialect.fill.replaceAll('ROWS', String(bench.rows)));
    await execute(url, 'VACUUM ANALYZE');
    const place = dialect.mapped ? ['--config', await writeConfig(bench.folder, url), '--context', 'bench'] : [];
    await measure(bench, dialect, url, place);
    await takeAdvice(bench, url, place);
    await execute(url, 'VACUUM ANALYZE');
    console.log(`${dialect.name} with the indexes that schema check advises`);
    await measure(bench, dialect, url, place);
  }
}

async function measure(bench: Bench, { name, queue, pasted }: Dialect, url: string, place: string[]): Promise<void> {
  for (const [args, sql, goal] of [
    [['stats'], pasted.stats, 'goal < 500 ms'],
    [['dlq', 'list', queue], pasted.list, 'goal < 300 ms'],
  ] as const) {
    const script = (): Promise<Measured> => run(process.execPath, bareScript(url, sql), process.env);
    const { a, b, ratio } = await inTurn(7, () => bench.jobctl(url, ...args, ...place), script);
    const times = `${Math.round(a * 1000)} ms; a bare script ${Math.round(b * 1000)} ms, ratio ${(1 / ratio).toFixed(2)}`;
    bench.line(`${name}: ${args.join(' ')}`, times, goal);
  }
}

async function writeConfig(folder: string, url: string): Promise<string> {
  const file = join(folder, 'own-tables.yaml');
  await writeFile(file, `version: 1\ncontexts: {bench: {url: '${url}', tables: {preset: prisma, write: true}}}\n`);
  return file;
}

/** Carries out what `schema check` says would make it faster. */
async function takeAdvice({ jobctl }: Bench, url: string, place: readonly string[]): Promise<void> {
  const { stdout } = await jobctl(url, 'schema', 'check', '--json', ...place);
  const { findings } = JSON.parse(stdout) as { findings: { next?: string }[] };
  for (const { next } of findings) if (next?.startsWith('CREATE INDEX')) await execute(url, next);
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
