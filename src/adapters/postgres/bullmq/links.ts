import type { JobDetail } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';
import type { Place } from './rows.ts';

/** Children of each kind that are named; the rest is counted. */
const NAMED = 20;

type Links = JobDetail['links'];

const words: Readonly<Record<string, string>> = {
  pending: 'waits for',
  failed: 'failed child',
  ignored: 'failed child, ignored',
  processed: 'completed child',
};

/** Who holds its lock and its deduplication id, its parent, and its children of each kind. */
export const linksOf = async (db: Db, layout: Layout, place: Place): Promise<Links> => [
  ...(await heldBy(db, layout, place)),
  ...(await children(db, layout, place)),
];

async function heldBy(db: Db, { job, dedup }: Layout, { queue, id }: Place): Promise<Links> {
  const [row] = await db.query<{
    token: string | null;
    holder: string | null;
    parentQueue: string | null;
    parentId: string | null;
  }>(
    `SELECT j.lock_token AS token, (SELECT h.job_id FROM ${dedup} h WHERE h.queue = j.queue AND h.dedup_id = j.dedup_id AND h.job_id <> j.id) AS holder,
            j.parent_queue AS "parentQueue", j.parent_id AS "parentId"
       FROM ${job} j WHERE j.queue = $1 AND j.id = $2`,
    [queue, id],
  );
  if (row === undefined) return [];
  const { token, holder, parentQueue, parentId } = row;
  return [
    ...(token === null ? [] : [{ relation: 'lock held by', to: token }]),
    ...(holder === null ? [] : [{ relation: 'its deduplication id now belongs to', to: `job ${holder}` }]),
    ...(parentId === null ? [] : [{ relation: 'child of', to: `${parentQueue} ${parentId}` }]),
  ];
}

async function children(db: Db, { dependency }: Layout, { queue, id }: Place): Promise<Links> {
  const rows = await db.query<{ status: string; count: number; names: readonly string[] }>(
    `SELECT d.status::text AS status, count(*)::int AS count,
            (array_agg(d.child_queue || ' ' || d.child_id ORDER BY d.child_key))[1:${NAMED}] AS names
       FROM ${dependency} d WHERE d.parent_queue = $1 AND d.parent_id = $2 GROUP BY d.status ORDER BY d.status`,
    [queue, id],
  );
  return rows.flatMap(({ status, count, names }) => {
    const relation = words[status] ?? status;
    const more = count - names.length;
    return [...names.map((to) => ({ relation, to })), ...(more > 0 ? [{ relation, to: `${more} more` }] : [])];
  });
}
