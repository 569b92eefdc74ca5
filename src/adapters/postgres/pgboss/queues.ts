import type { QueueRef } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';

/** The library's own queues, and in 9 the completion jobs: not for operators unless they ask by name. */
const internal = (name: string): string => `(${name} LIKE '\\_\\_pgboss\\_\\_%' OR ${name} LIKE '\\_\\_state\\_\\_%')`;

interface QueueRow extends QueueRef {
  readonly internal: boolean;
  /** Its dead-letter queue: what fails for good in the one lies in the other too, as a copy. */
  readonly shelf: string | null;
}

/** Since 10 there is a table of queues; before, the names are found by one step through the index each. */
export async function queueRows(db: Db, layout: Layout): Promise<QueueRow[]> {
  if (layout.queue !== undefined) {
    return await db.query<QueueRow>(
      `SELECT name AS queue, ${internal('name')} AS internal, dead_letter AS shelf FROM ${layout.queue} ORDER BY 1`,
    );
  }
  return await db.query<QueueRow>(
    `WITH RECURSIVE step AS (
       (SELECT name FROM ${layout.job} ORDER BY name USING ~<~ LIMIT 1)
       UNION ALL
       SELECT (SELECT j.name FROM ${layout.job} j WHERE j.name ~>~ step.name ORDER BY j.name USING ~<~ LIMIT 1)
         FROM step WHERE step.name IS NOT NULL)
     SELECT name AS queue, ${internal('name')} AS internal, NULL::text AS shelf FROM step WHERE name IS NOT NULL ORDER BY 1`,
  );
}

export const queues = async (db: Db, layout: Layout): Promise<QueueRef[]> =>
  (await queueRows(db, layout)).filter(({ internal }) => !internal).map(({ queue }) => ({ queue }));

/** Every queue's name as an array, for look-ups by id alone: the primary key begins with the name. */
export const everyName = (layout: Layout): string =>
  layout.queue === undefined
    ? `ARRAY(SELECT DISTINCT name FROM ${layout.job})`
    : `ARRAY(SELECT name FROM ${layout.queue})`;
