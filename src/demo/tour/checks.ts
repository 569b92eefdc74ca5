import { type Row, type Rows, select } from './rows.ts';

/** Something that is not as a step says. */
export interface Deviation {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));

/** Keys in any order. */
const inOrder = (value: unknown): unknown =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

export function same(what: string, expected: unknown, found: unknown): Deviation[] {
  const [wanted, got] = [text(inOrder(expected)), text(inOrder(found))];
  return wanted === got ? [] : [{ what, expected: wanted, found: got }];
}

/** Ids in the tens of thousands of characters help nobody. */
const few = (ids: readonly string[]): string =>
  ids.length === 0 ? 'none' : `${ids.length} (${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''})`;

function sameIds(what: string, expected: readonly string[], found: readonly string[]): Deviation[] {
  const [wanted, got] = [new Set(expected), new Set(found)];
  const missing = expected.filter((id) => !got.has(id));
  const extra = found.filter((id) => !wanted.has(id));
  if (missing.length === 0 && extra.length === 0) return [];
  return [{ what, expected: few(expected), found: `${few(found)}; missing ${few(missing)}, too many ${few(extra)}` }];
}

/** Jobs that were changed in any way, or came, or went. */
export function changedIds(before: Rows, after: Rows): string[] {
  const ids = new Set([...before.keys(), ...after.keys()]);
  return [...ids].filter((id) => before.get(id)?.all !== after.get(id)?.all);
}

export const unchanged = (before: Rows, after: Rows): Deviation[] =>
  sameIds('jobs that were changed', [], changedIds(before, after));

/** Exactly these jobs were changed, and each became what it should; every other one is as it was, event by event. */
export function onlyChanged(
  before: Rows,
  after: Rows,
  ids: readonly string[],
  become: (was: Row) => Pick<Row, 'status' | 'attempts'>,
): Deviation[] {
  const wrong = ids.filter((id) => {
    const [was, is] = [before.get(id), after.get(id)];
    if (was === undefined || is === undefined) return true;
    const { status, attempts } = become(was);
    return is.status !== status || is.attempts !== attempts;
  });
  return [
    ...sameIds('jobs that were changed', ids, changedIds(before, after)),
    ...sameIds('jobs that did not become what they should', [], wrong),
  ];
}

/** After an undo: the jobs that the run had changed are as before the run, the others as they were just now. */
export function undone(beforeRun: Rows, beforeUndo: Rows, after: Rows, ids: readonly string[]): Deviation[] {
  const expected = new Map(beforeUndo);
  for (const id of ids) expected.set(id, beforeRun.get(id) as Row);
  return sameIds('jobs that are not as they were', [], changedIds(expected, after));
}

/** Dead jobs of this type, and among them those whose queueing lock a waiting job holds. */
export function deadOf(rows: Rows, type: string): { readonly free: string[]; readonly twins: string[] } {
  const locks = new Set(select(rows, ({ status }) => status === 'todo').map((row) => row.queueingLock));
  const dead = select(rows, (row) => row.type === type && row.status === 'failed');
  const isTwin = ({ queueingLock }: Row): boolean => queueingLock !== null && locks.has(queueingLock);
  return {
    free: dead.filter((row) => !isTwin(row)).map(({ id }) => id),
    twins: dead.filter(isTwin).map(({ id }) => id),
  };
}
