import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';
import { factsOf, idsOf, namesOf, type Parent, snapshotOf } from './places.ts';

/** The first schema whose parents let their children go some time after they completed, and say until then that they will. */
const LETS_GO_LATER = 33;

/**
 * Whether the library counts `p` among what a child waits for: anything but a parent that completed, and that is yet to be
 * taken off the child's count where it still says `blocking`. One that failed or was cancelled holds its children.
 */
const holds = ({ number }: Layout): string =>
  number < LETS_GO_LATER ? `p.state <> 'completed'` : `(p.blocking OR p.state <> 'completed')`;

const parents = (layout: Layout, child: string): string =>
  `${layout.dependency} d JOIN ${layout.job} p ON p.name = d.parent_name AND p.id = d.parent_id
    WHERE d.child_name = ${child}.name AND d.child_id = ${child}.id AND ${holds(layout)}`;

/** SQL of the parents that hold `j`: the library forgets them soon after the child is gone. */
export const savedParents = (layout: Layout): string =>
  layout.dependency === undefined
    ? 'NULL'
    : `CASE WHEN j.blocked THEN (SELECT json_agg(json_build_object('name', p.name, 'id', p.id)) FROM ${parents(layout, 'j')}) END`;

/** SQL of the columns that say what a child waits for, as things stand now. A parent that is not there holds nothing. */
export function waitsAnew(layout: Layout, child: string): Readonly<Record<string, string>> {
  if (layout.dependency === undefined) return {};
  const count = `(SELECT count(*)::int FROM ${parents(layout, child)})`;
  return {
    blocked: `CASE WHEN ${child}.blocked THEN ${count} > 0 ELSE false END`,
    pending_dependencies: `CASE WHEN ${child}.blocked THEN ${count} ELSE coalesce(${child}.pending_dependencies, 0) END`,
  };
}

/**
 * Keeps the parents of children that are to come back from being let go meanwhile: the library passes over what others hold,
 * and would not see the child. Answers the children of whose parents one is gone, so that nothing tells whether it completed.
 */
export async function holdParents(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, string>> {
  const known = await parentsOf(db, layout, saved);
  const all = [...known.values()].flat();
  if (known.size === 0) return new Map();
  const rows = await db.query<Parent>(
    `SELECT p.name, p.id::text AS id FROM ${layout.job} p WHERE p.name = ANY ($1::text[]) AND p.id = ANY ($2::uuid[])
      ORDER BY p.name, p.id FOR KEY SHARE OF p`,
    [[...new Set(all.map(({ name }) => name))], all.map(({ id }) => id)],
  );
  const there = new Set(rows.map(({ name, id }) => `${name} ${id}`));
  return new Map(
    [...known].flatMap(([child, its]): [string, string][] => {
      const gone = its.find(({ name, id }) => !there.has(`${name} ${id}`));
      const count = factsOf(child).pending_dependencies ?? 0;
      if (gone === undefined && count <= its.length) return [];
      return [[child.job.id, lost(gone)]];
    }),
  );
}

const lost = (parent: Parent | undefined): string =>
  `it waits for ${parent === undefined ? 'a job' : `job ${parent.id} in ${parent.name}`} that is gone, and nothing tells whether that completed: restore it without --as-was, then replay it`;

/** What each child waited for: as it was saved, or else as the library still knows it. */
async function parentsOf(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<SavedJob, Parent[]>> {
  const children = layout.dependency === undefined ? [] : saved.filter((one) => factsOf(one).blocked === true);
  const found = new Map(children.map((child) => [child, [...(snapshotOf(child).parents ?? [])]]));
  const silent = children.filter((child) => snapshotOf(child).parents === undefined);
  if (silent.length === 0) return found;
  const rows = await db.query<Parent & { readonly child: string }>(
    `SELECT d.child_id::text AS child, d.parent_name AS name, d.parent_id::text AS id FROM ${layout.dependency} d
      WHERE d.child_name = ANY ($1::text[]) AND d.child_id = ANY ($2::uuid[])`,
    [namesOf(silent), idsOf(silent)],
  );
  const byChild = Map.groupBy(rows, ({ child }) => child);
  for (const child of silent) found.set(child, byChild.get(child.job.id) ?? []);
  return found;
}

/** Tells the library again what these children wait for. */
export async function bindToParents(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<void> {
  const links = saved.flatMap((child) =>
    (snapshotOf(child).parents ?? []).map(({ name, id }) => [child.job.queue, child.job.id, name, id]),
  );
  if (layout.dependency === undefined || links.length === 0) return;
  await db.query(
    `INSERT INTO ${layout.dependency} (child_name, child_id, parent_name, parent_id)
     SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[]) ON CONFLICT DO NOTHING`,
    [0, 1, 2, 3].map((column) => links.map((link) => link[column])),
  );
}
