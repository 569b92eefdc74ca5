import { readFileSync } from 'node:fs';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../src/demo/postgres-server.ts';
import { loadMany } from '../test/setup/procrastinate.ts';

/** A throw-away server as an operator would have it: it syncs its log. */
export async function startServer(): Promise<PostgresServer> {
  return await startPostgres({
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', checkpoint_timeout: '30min' },
  });
}

const schema = readFileSync(new URL('../assets/demo/procrastinate.sql', import.meta.url), 'utf8');

export const urlOf = (server: PostgresServer, name: string): string =>
  Object.assign(new URL(server.url), { pathname: `/${name}` }).href;

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function createDatabase(server: PostgresServer, name: string, template?: string): Promise<string> {
  await withClient(server.url, (client) =>
    client.query(
      `CREATE DATABASE "${name}" ${template === undefined ? '' : `TEMPLATE "${template}" STRATEGY file_copy`}`,
    ),
  );
  const url = urlOf(server, name);
  if (template === undefined) await withClient(url, (client) => client.query(schema));
  return url;
}

export const dropDatabase = (server: PostgresServer, name: string): Promise<unknown> =>
  withClient(server.url, (client) => client.query(`DROP DATABASE "${name}" WITH (FORCE)`));

/** Many jobs over five queues, nine of ten completed, spread over two weeks. */
export async function loadHistory(url: string, rows: number): Promise<void> {
  const pool = new pg.Pool({ connectionString: url });
  try {
    await loadMany(pool, rows);
  } finally {
    await pool.end();
  }
}

/** `count` jobs of about half a kilobyte in the queue `flood`, in one state, with the events of one run. */
export async function loadFlood(url: string, count: number, status: 'failed' | 'succeeded'): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('BEGIN; SET LOCAL session_replication_role = replica');
    await client.query(
      `WITH added AS (
         INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)
         SELECT 'flood', 'email.send', jsonb_build_object('n', n, 'to', 'user' || n || '@example.org', 'body', repeat(md5(n::text), 12)),
                $2::procrastinate_job_status, 3
           FROM generate_series(1, $1::int) AS n RETURNING id)
       INSERT INTO procrastinate_events (job_id, type, at)
       SELECT id, step.type::procrastinate_job_event_type, now() - interval '40 days' + step.wait
         FROM added CROSS JOIN LATERAL (VALUES ('deferred', interval '0'), ('started', interval '1 second'), ($2::text, interval '2 seconds')) AS step (type, wait)`,
      [count, status],
    );
    await client.query('COMMIT');
    await client.query('VACUUM ANALYZE');
  });
}
