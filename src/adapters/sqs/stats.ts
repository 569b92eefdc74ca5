import type { QueueStats, StateCounts, StatsRequest } from '../../domain/stats.ts';
import type { Queue } from './directory.ts';
import type { Ground } from './ground.ts';
import { inParallel } from './in-parallel.ts';

const AT_ONCE = 10;
const nothing: StateCounts = {
  waiting: 0,
  delayed: 0,
  active: 0,
  completed: 0,
  dead: 0,
  cancelled: 0,
  blocked: 0,
};

/** From the attributes alone, which are approximate: nothing is received. */
export async function stats({ directory }: Ground, { queues }: StatsRequest): Promise<QueueStats[]> {
  const found = await directory.all([...new Set(queues ?? (await directory.names()))]);
  const shelves = new Map<string, Queue>();
  for (const arn of new Set(found.flatMap(({ redrive }) => redrive?.arn ?? []))) {
    const shelf = found.find((queue) => queue.arn === arn) ?? (await directory.byArn(arn));
    if (shelf !== undefined) shelves.set(arn, shelf);
  }
  return await inParallel(found, AT_ONCE, async (queue) => {
    const isShelf = shelves.has(queue.arn) || (await directory.sourcesOf(queue)).length > 0;
    if (isShelf) return row(queue.name, { delayed: queue.delayed, dead: size(queue) });
    const { name, visible: waiting, inFlight: active, delayed } = queue;
    const shelf = queue.redrive && shelves.get(queue.redrive.arn);
    const dead = shelf === undefined ? 0 : size(shelf);
    return row(name, { waiting, active, delayed, dead }, shelf?.name);
  });
}

/** An earlier look may still hold some. */
const size = ({ visible, inFlight }: Queue): number => visible + inFlight;

const row = (queue: string, counts: Partial<StateCounts>, deadLetter?: string): QueueStats => ({
  queue,
  counts: { ...nothing, ...counts },
  other: {},
  exact: false,
  ...(deadLetter === undefined ? {} : { deadLetter }),
});
