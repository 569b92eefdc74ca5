import type { Count, QueueReader } from '../domain/adapter.ts';
import { type Criterion, matcher, residue, type Selection, type Tests } from '../domain/selection.ts';
import { type GroupKey, type Groups, grouper } from '../health/groups.ts';
import { isCountable } from './engine.ts';

const PAGE = 1000;

export interface GroupOptions {
  readonly by: GroupKey;
  /** Look at no more than this many. */
  readonly scan?: number | undefined;
}

export interface Grouped extends Groups {
  /** All of them were looked at. */
  readonly complete: boolean;
  /** Of a part: how many there are in all, where that can be counted. */
  readonly outOf?: Count | undefined;
  /** How many of them are copies of others among them. Not exact: at most so many. */
  readonly copies?: Count | undefined;
  /** What the look could not meet although it went on to the end, in a sentence. */
  readonly unmet?: string | undefined;
}

/** Groups the jobs of the selection, page by page. */
export async function groupDead(
  reader: QueueReader,
  selection: Selection,
  tests: Tests,
  { by, scan }: GroupOptions,
): Promise<Grouped> {
  const fits = matcher(selection, tests);
  const groups = grouper(by);
  const part = async (unmet?: string): Promise<Grouped> => ({
    ...groups.result(),
    complete: false,
    ...(await copiesIn(reader, selection, false)),
    ...(isCountable(selection, reader) && { outOf: await reader.count(selection) }),
    ...(unmet !== undefined && { unmet }),
  });
  let left = scan ?? Number.POSITIVE_INFINITY;
  for await (const page of reader.browse(selection, { size: PAGE, order: 'newest' })) {
    for (const job of page) {
      if (!fits(job)) continue;
      if (left-- <= 0) return await part();
      groups.add(job);
    }
  }
  const unmet = await reader.unmet?.(selection);
  return unmet === undefined
    ? { ...groups.result(), complete: true, ...(await copiesIn(reader, selection, true)) }
    : await part(unmet);
}

const all: ReadonlySet<Criterion> = new Set(['queues', 'states', 'cutoff']);

/** A dead-letter queue may hold what died in another of the queues once more. */
async function copiesIn(reader: QueueReader, selection: Selection, complete: boolean): Promise<{ copies?: Count }> {
  const value = (await reader.copiesAmong?.(selection)) ?? 0;
  if (value === 0) return {};
  return { copies: { value, exact: complete && residue(selection, all).length === 0 } };
}
