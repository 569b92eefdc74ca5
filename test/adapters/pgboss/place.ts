import { onTestFinished, vi } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import {
  type Boss,
  createPgBoss,
  type PgBossDatabase,
  type PgBossVersion,
  startBoss,
  stopBoss,
} from '../../setup/pgboss.ts';

export interface Place {
  readonly database: PgBossDatabase;
  readonly adapter: QueueAdapter;
  readonly boss: Boss;
}

/** A database of this version with the package itself and an adapter on it; all of it goes when the test ends. */
export async function place(version: PgBossVersion, options: Readonly<Record<string, unknown>> = {}): Promise<Place> {
  const database = await createPgBoss(version);
  onTestFinished(() => database.drop());
  const boss = await startBoss(database, options);
  onTestFinished(() => stopBoss(boss));
  const adapter = await openPostgres({ url: database.url, where: 'postgres://test' });
  onTestFinished(() => adapter.close());
  return { database, adapter, boss };
}

/** Polls until the check no longer throws. */
export const soon = <T>(check: () => Promise<T> | T): Promise<T> =>
  vi.waitFor(check, { timeout: 20_000, interval: 50 });

/** The state of one row, as the library writes it; undefined when the row is gone. */
export async function stateOf({ database }: Place, id: string): Promise<string | undefined> {
  const { rows } = await database.pool.query<{ state: string }>('SELECT state::text FROM job WHERE id = $1', [id]);
  return rows[0]?.state;
}

/** Sends jobs that the library itself lets fail for good, one run each. */
export async function sendDead(
  { boss }: Place,
  queue: string,
  payloads: readonly object[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (const data of payloads) {
    const id = await boss.send(queue, data, { retryLimit: 0, ...options });
    if (id === null) throw new Error('the library refused the job');
    const [taken] = (await boss.fetch(queue)) ?? [];
    if (taken?.id !== id) throw new Error(`another job was taken: ${taken?.id}`);
    await boss.fail(queue, id, { message: 'no such user' });
    ids.push(id);
  }
  return ids;
}
