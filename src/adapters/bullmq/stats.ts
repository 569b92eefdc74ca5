import { type JobState, jobStates } from '../../domain/job.ts';
import type { QueueStats, StateCounts, StatsRequest } from '../../domain/stats.ts';
import { breakdown } from './breakdown.ts';
import type { Command, Connection, Reply } from './connection.ts';
import { naming } from './foreign.ts';
import { sinceOf, someFields, timeFields } from './job.ts';
import { keysOf, type QueueKeys } from './keys.ts';
import { RATE_COMMANDS, rateCommands, ratesOf } from './rates.ts';
import { isMarker, laneOf, laneScore, type Native, stateSets } from './sets.ts';
import { scored } from './walk.ts';

/** Lanes looked into for the job that has waited longest. A queue with more has its oldest told by these. */
const LANES = 16;

/** Counts of one queue, and who stands first in each line. All queues together take one round trip. */
interface Looked {
  readonly keys: QueueKeys;
  readonly sizes: ReadonlyMap<Native, number>;
  /** Jobs that may be the oldest of their state. */
  readonly heads: readonly { readonly native: Native; readonly id: string }[];
  readonly lastLane: { readonly first: number; readonly last: number } | undefined;
  readonly exists: boolean;
  readonly paused: boolean;
  readonly rates: readonly Reply[];
}

const HEADS: readonly Native[] = ['wait', 'paused', 'active'];
const STEP = stateSets.length + HEADS.length + 5 + RATE_COMMANDS;

const looks = (keys: QueueKeys, nowMs: number): Command[] => [
  ...stateSets.map((set): Command => [set.kind === 'list' ? 'LLEN' : 'ZCARD', set.key(keys)]),
  // the last one may be a mark of v4's
  ...[keys.wait, keys.paused, keys.active].map((key): Command => ['LRANGE', key, -2, -1]),
  ['ZRANGE', keys.prioritized, 0, 0, 'WITHSCORES'],
  ['ZRANGE', keys.prioritized, -1, -1, 'WITHSCORES'],
  ['EXISTS', keys.meta, keys.id, keys.repeat],
  ['HEXISTS', keys.meta, 'paused'],
  ['EXISTS', keys.metaPaused],
  ...rateCommands(keys, nowMs),
];

function read(keys: QueueKeys, replies: readonly Reply[]): Looked {
  const sizes = new Map(stateSets.map(({ native }, index) => [native, Number(replies[index])]));
  const at = stateSets.length;
  const heads: { native: Native; id: string }[] = [];
  for (const [index, native] of HEADS.entries()) {
    const tail = (replies[at + index] as readonly Buffer[]).map(String);
    sizes.set(native, (sizes.get(native) ?? 0) - tail.filter(isMarker).length);
    const id = tail.findLast((one) => !isMarker(one));
    if (id !== undefined) heads.push({ native, id });
  }
  const rest = replies.slice(at + HEADS.length);
  const [first] = scored(rest[0]);
  const [last] = scored(rest[1]);
  if (first !== undefined) heads.push({ native: 'prioritized', id: first.id });
  return {
    keys,
    sizes,
    heads,
    lastLane:
      first === undefined || last === undefined ? undefined : { first: laneOf(first.score), last: laneOf(last.score) },
    exists: Number(rest[2]) > 0 || [...sizes.values()].some((size) => size > 0),
    paused: Number(rest[3]) + Number(rest[4]) > 0,
    rates: rest.slice(5),
  };
}

/** Right on a paused queue of any version: jobs in `paused` wait as much as those in `wait`. */
export async function stats(
  connection: Connection,
  prefix: string,
  queues: readonly string[],
  nowMs: number,
  by: StatsRequest['by'],
): Promise<QueueStats[]> {
  const all = queues.map((queue) => keysOf(prefix, queue));
  const replies = await naming(connection, all, () => connection.many(all.flatMap((keys) => looks(keys, nowMs))));
  const looked = all
    .map((keys, index) => read(keys, replies.slice(index * STEP, (index + 1) * STEP)))
    .filter(({ exists }) => exists);
  const ages = await oldest(connection, looked, nowMs);
  const rows: QueueStats[] = [];
  for (const [index, { keys, sizes, paused, rates }] of looked.entries()) {
    const counts = countsOf(sizes);
    const parts = by === undefined ? undefined : await breakdown(connection, keys, sizes, by, nowMs);
    rows.push({
      queue: keys.queue,
      counts,
      other: {},
      exact: true,
      ...ages[index],
      rates: ratesOf(rates, counts, nowMs),
      paused,
      ...(parts !== undefined && { by: parts }),
    });
  }
  return rows;
}

export function countsOf(sizes: ReadonlyMap<Native, number>): StateCounts {
  const counts = Object.fromEntries(jobStates.map((state) => [state, 0])) as Record<JobState, number>;
  for (const { native, state } of stateSets) counts[state] += Math.max(0, sizes.get(native) ?? 0);
  return counts;
}

interface Ages {
  readonly oldestWaitingSeconds?: number | undefined;
  readonly oldestActiveSeconds?: number | undefined;
}

/** One more round trip, and one for each further lane where jobs have priorities. */
async function oldest(connection: Connection, looked: readonly Looked[], nowMs: number): Promise<Ages[]> {
  const sooner = looked.map(() => new Map<'waiting' | 'active', number>());
  let heads = looked.flatMap((one, queue) => one.heads.map((head) => ({ ...head, queue })));
  let lanes = looked.map(({ lastLane }) => lastLane?.first ?? Number.POSITIVE_INFINITY);
  for (let round = 0; round < LANES && heads.length > 0; round += 1) {
    const further = looked.flatMap(({ lastLane }, queue) =>
      lastLane !== undefined && (lanes[queue] ?? Number.POSITIVE_INFINITY) < lastLane.last ? [queue] : [],
    );
    const replies = await connection.many([
      ...heads.map(({ id, queue }): Command => ['HMGET', looked[queue]?.keys.job(id) ?? '', ...timeFields]),
      ...further.map((queue): Command => {
        const next = laneScore((lanes[queue] ?? 0) + 1);
        return ['ZRANGEBYSCORE', looked[queue]?.keys.prioritized ?? '', next, '+inf', 'WITHSCORES', 'LIMIT', 0, 1];
      }),
    ]);
    for (const [index, { native, queue, id }] of heads.entries()) {
      const since = sinceOf({ queue: '', id, native, fields: someFields(timeFields, replies[index]) });
      const ages = sooner[queue];
      const state = native === 'active' ? 'active' : 'waiting';
      if (since !== undefined) ages?.set(state, Math.min(since, ages.get(state) ?? since));
    }
    const found = further.flatMap((queue, index) => {
      const [first] = scored(replies[heads.length + index]);
      return first === undefined ? [] : [{ queue, ...first }];
    });
    heads = found.map(({ queue, id }) => ({ native: 'prioritized', id, queue }));
    lanes = lanes.map((lane, queue) => {
      const one = found.find((other) => other.queue === queue);
      return one === undefined ? (further.includes(queue) ? Number.POSITIVE_INFINITY : lane) : laneOf(one.score);
    });
  }
  const seconds = (since: number | undefined): number | undefined =>
    since === undefined ? undefined : Math.max(0, (nowMs - since) / 1000);
  return sooner.map((ages) => ({
    oldestWaitingSeconds: seconds(ages.get('waiting')),
    oldestActiveSeconds: seconds(ages.get('active')),
  }));
}
