import type { QueueAdapter } from '../../domain/adapter.ts';
import type { Job } from '../../domain/job.ts';
import { matcher, type Selection } from '../../domain/selection.ts';
import type { QueueStats, StatsRow } from '../../domain/stats.ts';
import type { Desk } from './desk.ts';
import { canWithLetters, returnsOf, type Trail } from './letter-claims.ts';
import { innerId, type Shelf, shown, split } from './letters.ts';
import { pushedPart } from './pushes.ts';

/** Some queues keep their dead in another queue: those are shown, counted and replayed as the dead jobs of theirs. */
export function withDeadLetters(adapter: QueueAdapter, desk: Desk, shelves: ReadonlyMap<string, Shelf>): QueueAdapter {
  if (shelves.size === 0) return { ...adapter, can: { ...adapter.can, ...returnsOf(desk, adapter.can, shelves) } };
  const trail: Trail = new Map();
  return {
    ...adapter,
    can: canWithLetters(desk, adapter.can, shelves, trail),
    stats: (request) => stats(adapter, shelves, request),
    async count(selection) {
      let value = 0;
      let exact = true;
      for (const { part, shelf } of partsOf(shelves, selection)) {
        const count = await adapter.count(part);
        value += count.value;
        exact &&= count.exact && (shelf?.letter?.source === undefined || count.value === 0);
      }
      return { value, exact };
    },
    async *browse(selection, options) {
      const fits = matcher(pushedPart(selection));
      for (const { part, shelf } of partsOf(shelves, selection)) {
        for await (const page of adapter.browse(part, options)) {
          const jobs =
            shelf === undefined ? page : page.flatMap((job): Job[] => filled(shown(shelf, job)).filter(fits));
          if (jobs.length > 0) yield jobs;
        }
      }
    },
    async find(id, queue) {
      for (const shelf of queue === undefined ? shelves.values() : filled(shelves.get(queue))) {
        const inner = shelf.letter === undefined ? undefined : innerId(shelf, id);
        const detail = inner === undefined ? undefined : await adapter.find(inner, shelf.queue);
        const job = detail && shown(shelf, detail.job);
        if (detail !== undefined && job !== undefined)
          return { ...detail, job, notes: [`It lies in ${shelf.queue} as job ${inner}.`, ...detail.notes] };
      }
      const now = trail.get(`${queue}\n${id}`);
      return await adapter.find(now?.id ?? id, queue);
    },
  };
}

const filled = <T>(one: T | undefined): T[] => (one === undefined ? [] : [one]);

interface Part {
  readonly part: Selection;
  readonly shelf?: Shelf;
}

function partsOf(shelves: ReadonlyMap<string, Shelf>, selection: Selection): Part[] {
  const queues = [...new Set(selection.queues)];
  const plain = queues.filter((queue) => !shelves.has(queue));
  return [
    ...(plain.length > 0 ? [{ part: { ...selection, queues: plain } }] : []),
    ...queues.flatMap((queue): Part[] => {
      const shelf = shelves.get(queue);
      if (shelf === undefined) return [];
      const { plain: own, inside } = split(shelf, selection);
      return [...filled(own).map((part) => ({ part })), ...filled(inside).map((part) => ({ part, shelf }))];
    }),
  ];
}

/** Both rows tell of the same dead jobs. What a queue has failed by itself is told under BullMQ's own word. */
async function stats(
  adapter: QueueAdapter,
  shelves: ReadonlyMap<string, Shelf>,
  request: Parameters<QueueAdapter['stats']>[0],
): Promise<QueueStats[]> {
  const rows = await adapter.stats(request);
  const there = new Map(rows.map((row) => [row.queue, row]));
  const unasked = [...new Set(rows.flatMap(({ queue }) => shelves.get(queue)?.queue ?? []))].filter(
    (queue) => !there.has(queue),
  );
  for (const row of unasked.length === 0 ? [] : await adapter.stats({ queues: unasked })) there.set(row.queue, row);
  return rows.map((row) => {
    const shelf = shelves.get(row.queue);
    if (shelf === undefined) return row;
    if (shelf.letter === undefined)
      return { ...row, ...stored(row), ...(row.by && { by: row.by.map((one) => ({ ...one, ...stored(one) })) }) };
    const store = there.get(shelf.queue);
    const dead = store === undefined ? 0 : stored(store).counts.dead;
    return {
      ...row,
      ...elsewhere(row, dead),
      ...(row.by && { by: row.by.map((one) => ({ ...one, ...elsewhere(one, 0) })) }),
      exact: row.exact && shelf.letter.source === undefined,
      deadLetter: shelf.queue,
    };
  });
}

/** What waits in a dead-letter queue is dead: it has no worker. */
const stored = ({ counts }: StatsRow): Pick<StatsRow, 'counts' | 'oldestWaitingSeconds'> => ({
  counts: { ...counts, waiting: 0, dead: counts.dead + counts.waiting },
  oldestWaitingSeconds: undefined,
});

const elsewhere = ({ counts, other }: StatsRow, dead: number): Pick<StatsRow, 'counts' | 'other'> => ({
  counts: { ...counts, dead },
  other: counts.dead === 0 ? other : { ...other, failed: counts.dead },
});
