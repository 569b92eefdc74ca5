import { afterAll } from 'vitest';
import { createProcrastinate, type ProcrastinateVersion, type SchemaDatabase } from '../setup/databases.ts';
import { defer, dumpAll, makeActive, makeCompleted, makeDead } from '../setup/procrastinate.ts';

/** A small shop after a bad night: every state, two queues, a crashed worker, a duplicate, hostile and secret payloads. */
export interface Shop {
  readonly database: SchemaDatabase;
  readonly url: string;
  /** Ids by what they are. */
  readonly dead: readonly string[];
  readonly reports: readonly string[];
  readonly waiting: readonly string[];
  readonly completed: readonly string[];
  readonly active: readonly string[];
  readonly stuck: readonly string[];
  dump(): Promise<Record<string, string[]>>;
  states(): Promise<Record<string, string>>;
}

export async function openShop(version: ProcrastinateVersion = '3.9'): Promise<Shop> {
  const database = await createProcrastinate(version);
  const { pool, url, schema } = database;
  const email = { queue: 'email', type: 'email.send' };
  const dead = await makeDead(pool, 6, { ...email, args: (n) => ({ to: `u${n}@example.org`, n }), secondsAgo: 7200 });
  const reports = await makeDead(pool, 2, { queue: 'reports', type: 'report.build', secondsAgo: 600 });
  const completed = await makeCompleted(pool, 5, { ...email, secondsAgo: 3600 });
  const { ids: active } = await makeActive(pool, 1, { ...email, secondsAgo: 30 });
  const { ids: stuck } = await makeActive(pool, 2, { ...email, worker: 'crashed', secondsAgo: 900 });
  const waiting = [
    await defer(pool, { ...email, args: { to: 'w1@example.org' } }),
    await defer(pool, { ...email, args: { to: 'w2@example.org' } }),
    await defer(pool, { ...email, scheduledAt: new Date(Date.now() + 3_600_000) }),
  ];
  return {
    database,
    url,
    dead,
    reports,
    completed,
    active,
    stuck,
    waiting,
    dump: () => dumpAll(pool, schema),
    states: async () => {
      const { rows } = await pool.query<{ id: string; status: string }>(
        'SELECT id::text, status::text FROM procrastinate_jobs ORDER BY id',
      );
      return Object.fromEntries(rows.map((row) => [row.id, row.status]));
    },
  };
}

/** A shop that goes with the file it was opened in. */
export async function shopForFile(version?: ProcrastinateVersion): Promise<Shop> {
  const shop = await openShop(version);
  afterAll(() => shop.database.drop());
  return shop;
}
