import pg from 'pg';

/** A job as the database has it, read past our adapters: what the commands say is held against this. */
export interface Row {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly status: string;
  readonly queueingLock: string | null;
  readonly attempts: number;
  /** What it died of, where that is stored. */
  readonly error?: string | undefined;
  /** Digest of every column, and of every event with its id. */
  readonly all: string;
}

export type Rows = ReadonlyMap<string, Row>;

export async function readRows(url: string): Promise<Rows> {
  const db = new pg.Client(url);
  await db.connect();
  try {
    const { rows } = await db.query<Row>(
      `SELECT j.id::text AS id, queue_name AS queue, task_name AS type, status::text AS status, attempts,
              queueing_lock AS "queueingLock", md5(concat(to_jsonb(j), e.events)) AS all
         FROM procrastinate_jobs j
         LEFT JOIN (SELECT job_id, jsonb_agg(to_jsonb(o) ORDER BY o.id) AS events FROM procrastinate_events o GROUP BY job_id) e
           ON e.job_id = j.id
        ORDER BY j.id`,
    );
    return new Map(rows.map((row) => [row.id, row]));
  } finally {
    await db.end();
  }
}

export const select = (rows: Rows, where: (row: Row) => boolean): Row[] => [...rows.values()].filter(where);
