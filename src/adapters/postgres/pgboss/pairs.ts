import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';

const lies = `j.name = q.dead_letter AND j.state IN ('created', 'retry', 'failed')`;

/**
 * Of each of these queues, how many copies of its dead jobs lie in its dead-letter queue, beside them: there both rows count
 * as dead, for one job that died.
 */
export async function pairsOf(db: Db, layout: Layout, queues: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  if (layout.queue === undefined || queues.length === 0) return found;
  const linked = layout.has('source_id') ? 'count(j.source_id)' : '0';
  const letters = await db.query<{ queue: string; linked: boolean; silent: boolean }>(
    `SELECT q.name AS queue, l.linked > 0 AS linked, l.every > l.linked AS silent
       FROM ${layout.queue} q, LATERAL (SELECT count(*) AS every, ${linked} AS linked FROM ${layout.job} j WHERE ${lies}) l
      WHERE q.name = ANY ($1::text[])`,
    [queues],
  );
  for (const kind of ['linked', 'silent'] as const) {
    const some = letters.filter((row) => row[kind]).map(({ queue }) => queue);
    for (const { queue, pairs } of await matched(db, layout, kind, some))
      found.set(queue, (found.get(queue) ?? 0) + pairs);
  }
  return found;
}

/** Grouped by what an original and its copy share, and not joined: where statistics are old, a join would compare each with each. */
async function matched(db: Db, layout: Layout, kind: 'linked' | 'silent', queues: readonly string[]) {
  if (queues.length === 0) return [];
  // what does not say where it came from is told by what `sameDeath` goes by
  const told = layout.has('source_id') ? `AND j.source_id IS ${kind === 'linked' ? 'NOT ' : ''}NULL` : '';
  const [original, copy, groups, pairs] =
    kind === 'linked'
      ? ['j.id AS source', 'j.source_id', 'x.source', 'CASE WHEN g.originals > 0 THEN g.copies ELSE 0 END']
      : ['j.completed_on AS died, j.data', 'j.created_on, j.data', 'x.died, x.data', 'least(g.originals, g.copies)'];
  return await db.query<{ queue: string; pairs: number }>(
    `SELECT q.name AS queue, coalesce(p.pairs, 0)::float8 AS pairs FROM ${layout.queue} q, LATERAL (
       SELECT sum(${pairs}) AS pairs FROM (
         SELECT count(*) FILTER (WHERE x.copy) AS copies, count(*) FILTER (WHERE NOT x.copy) AS originals FROM (
           SELECT false AS copy, ${original} FROM ${layout.job} j WHERE j.name = q.name AND j.state = 'failed'
           UNION ALL
           SELECT true, ${copy} FROM ${layout.job} j WHERE ${lies} ${told}) x GROUP BY ${groups}) g) p
      WHERE q.name = ANY ($1::text[])`,
    [queues],
  );
}

/** Of the dead in these queues, how many are there twice. The other criteria may leave some of them out. */
export async function copiesAmong(db: Db, layout: Layout, { queues, states }: Selection): Promise<number> {
  if (layout.queue === undefined || queues.length < 2 || !states.includes('dead')) return 0;
  const sources = await db.query<{ name: string }>(
    `SELECT name FROM ${layout.queue} WHERE name = ANY ($1::text[]) AND dead_letter = ANY ($1::text[])`,
    [queues],
  );
  const found = await pairsOf(
    db,
    layout,
    sources.map(({ name }) => name),
  );
  return [...found.values()].reduce((all, some) => all + some, 0);
}
