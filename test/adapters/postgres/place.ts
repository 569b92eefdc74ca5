import { onTestFinished } from 'vitest';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { openOn } from '../../conformance/postgres-bench.ts';
import { createProcrastinate, type ProcrastinateVersion, type SchemaDatabase } from '../../setup/databases.ts';

export interface Place {
  readonly database: SchemaDatabase;
  readonly pool: SchemaDatabase['pool'];
  readonly adapter: QueueAdapter;
  /** Another adapter on the same tables, as another process would open it. */
  peer(more?: { timeoutMs?: number; url?: string; staleAfter?: number }): Promise<QueueAdapter>;
  /** Status by id, in id order. */
  statuses(queue?: string): Promise<Record<string, string>>;
}

/** A database of its own that goes with the test. */
export async function placeForTest(version: ProcrastinateVersion = '3.9', schema?: string): Promise<Place> {
  const database = await createProcrastinate(version, schema === undefined ? {} : { schema });
  onTestFinished(() => database.drop());
  const peer: Place['peer'] = async (more) => {
    const adapter = await openOn(database, more);
    onTestFinished(() => adapter.close());
    return adapter;
  };
  return {
    database,
    pool: database.pool,
    adapter: await peer(),
    peer,
    statuses: async (queue) => {
      const { rows } = await database.pool.query<{ id: string; status: string }>(
        'SELECT id::text, status::text FROM procrastinate_jobs WHERE queue_name = $1 OR $1 IS NULL ORDER BY id',
        [queue ?? null],
      );
      return Object.fromEntries(rows.map((row) => [row.id, row.status]));
    },
  };
}
