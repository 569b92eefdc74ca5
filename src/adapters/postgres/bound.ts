import type { BrowseOptions, Count } from '../../domain/adapter.ts';
import type { SavedJob } from '../../domain/claim.ts';
import type { Job } from '../../domain/job.ts';
import type { Selection } from '../../domain/selection.ts';
import type { Db } from './connection.ts';
import type { Dialect, Page } from './dialect.ts';
import type { Parameters } from './sql.ts';

type Bound = Pick<
  Dialect,
  'stats' | 'find' | 'explain' | 'apply' | 'holdForRevert' | 'revert' | 'holdForRestore' | 'restore' | 'compare'
>;

type OnLayout<Layout, Ask> = Ask extends (db: Db, ...rest: infer Rest) => infer Answer
  ? (db: Db, layout: Layout, ...rest: Rest) => Answer
  : never;

/** The parts of a dialect that a file each carries out, told once on which layout they work. */
export const boundTo = <Layout>(
  layout: Layout,
  parts: { readonly [Name in keyof Bound]: OnLayout<Layout, Bound[Name]> },
): Bound => ({
  stats: (db, request) => parts.stats(db, layout, request),
  find: (db, id, queue) => parts.find(db, layout, id, queue),
  explain: (db, selection, ids) => parts.explain(db, layout, selection, ids),
  apply: (db, action, jobs) => parts.apply(db, layout, action, jobs),
  holdForRevert: (db, saved, mark) => parts.holdForRevert(db, layout, saved, mark),
  revert: (db, saved) => parts.revert(db, layout, saved),
  holdForRestore: (db, saved, how) => parts.holdForRestore(db, layout, saved, how),
  restore: (db, saved, how) => parts.restore(db, layout, saved, how),
  compare: (db, saved) => parts.compare(db, layout, saved),
});

/** Privileges are asked for once a verb and queue, not once a batch. */
export function onceEach(permit: Dialect['permit']): Dialect['permit'] {
  const permitted = new Set<string>();
  return async (db, verb, queue) => {
    const asked = JSON.stringify([verb, queue]);
    if (permitted.has(asked)) return;
    await permit(db, verb, queue);
    permitted.add(asked);
  };
}

export async function countOf(db: Db, from: string, condition: string, { values }: Parameters): Promise<Count> {
  const [row] = await db.query<{ count: number }>(
    `SELECT count(*)::float8 AS count FROM ${from} WHERE ${condition}`,
    values,
  );
  return { value: row?.count ?? 0, exact: true };
}

interface Paging<Layout> {
  ids(
    db: Db,
    layout: Layout,
    selection: Selection,
    page: BrowseOptions & { readonly cursor: string | undefined; readonly lock: boolean },
  ): Promise<Page<string>>;
  jobs(db: Db, layout: Layout, ids: readonly string[], order: BrowseOptions['order']): Promise<Job[]>;
  saved(db: Db, layout: Layout, ids: readonly string[]): Promise<SavedJob[]>;
}

/** Two steps: the ids of a page, locked or not, then what stands in their rows. */
export const byIds = <Layout>(
  layout: Layout,
  { ids, jobs, saved }: Paging<Layout>,
): Pick<Dialect, 'page' | 'pick'> => ({
  page: async (db, selection, { size, order }, cursor) => {
    const page = await ids(db, layout, selection, { size, order, cursor, lock: false });
    return { items: await jobs(db, layout, page.items, order), cursor: page.cursor };
  },
  pick: async (db, selection, size, cursor) => {
    const page = await ids(db, layout, selection, { size, order: 'oldest', cursor, lock: true });
    return { items: await saved(db, layout, page.items), cursor: page.cursor };
  },
});
