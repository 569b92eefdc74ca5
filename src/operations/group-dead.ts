import type { QueueReader } from '../domain/adapter.ts';
import { matcher, type Selection, type Tests } from '../domain/selection.ts';
import { type GroupKey, type Groups, grouper } from '../health/groups.ts';

const PAGE = 1000;

export interface GroupOptions {
  readonly by: GroupKey;
  /** Look at no more than this many. */
  readonly scan?: number | undefined;
}

/** Groups the jobs of the selection, page by page; `complete` tells whether all of them were looked at. */
export async function groupDead(
  reader: QueueReader,
  selection: Selection,
  tests: Tests,
  { by, scan }: GroupOptions,
): Promise<Groups & { complete: boolean }> {
  const fits = matcher(selection, tests);
  const groups = grouper(by);
  let left = scan ?? Number.POSITIVE_INFINITY;
  for await (const page of reader.browse(selection, { size: PAGE, order: 'newest' })) {
    for (const job of page) {
      if (!fits(job)) continue;
      if (left-- <= 0) return { ...groups.result(), complete: false };
      groups.add(job);
    }
  }
  return { ...groups.result(), complete: true };
}
