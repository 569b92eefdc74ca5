import { type JobState, jobStates } from '../../domain/job.ts';
import type { Breakdown, QueueStats } from '../../domain/stats.ts';
import type { Command, Connection, Reply } from './connection.ts';
import { type Fields, priorityOf, sinceOf, someFields, textOf, timeFields } from './job.ts';
import type { QueueKeys } from './keys.ts';
import { isMarker, type Native, type StateSet, stateSets } from './sets.ts';

/** Jobs of one state that are looked at. Of more, windows spread evenly over all of them stand for the rest. */
const LOOKED = 10_000;
const WINDOW = 500;

const fields = ['name', 'priority', ...timeFields] as const;

interface Row {
  readonly counts: Record<JobState, number>;
  exact: boolean;
  waiting?: number;
  active?: number;
}

/** By the name of the job, or by its priority. Redis can count neither, so the jobs themselves are looked at. */
export async function breakdown(
  connection: Connection,
  keys: QueueKeys,
  sizes: ReadonlyMap<Native, number>,
  by: Breakdown,
  nowMs: number,
): Promise<QueueStats['by']> {
  if (by === 'tenant') return undefined;
  const rows = new Map<string, Row>();
  const rowOf = (key: string): Row => {
    const row = rows.get(key) ?? { counts: zero(), exact: true };
    rows.set(key, row);
    return row;
  };
  for (const set of stateSets) {
    const size = sizes.get(set.native) ?? 0;
    if (size <= 0) continue;
    const seen = new Map<string, number>();
    for await (const job of sample(connection, keys, set, size)) {
      const key = by === 'type' ? (textOf(job, 'name') ?? '') : String(priorityOf(job));
      seen.set(key, (seen.get(key) ?? 0) + 1);
      const age = set.state === 'waiting' || set.state === 'active' ? set.state : undefined;
      const since = age && sinceOf({ queue: '', id: '', native: set.native, fields: job });
      if (age !== undefined && since !== undefined) rowOf(key)[age] = Math.min(since, rowOf(key)[age] ?? since);
    }
    for (const [key, count] of shares(seen, size)) {
      const row = rowOf(key);
      row.counts[set.state] += count;
      row.exact &&= size <= LOOKED;
    }
  }
  const seconds = (since: number | undefined) =>
    since === undefined ? undefined : Math.max(0, (nowMs - since) / 1000);
  return [...rows]
    .sort(([a], [b]) => (by === 'lane' ? Number(a) - Number(b) : a < b ? -1 : 1))
    .map(([key, { counts, exact, waiting, active }]) => ({
      key,
      counts,
      other: {},
      exact,
      oldestWaitingSeconds: seconds(waiting),
      oldestActiveSeconds: seconds(active),
    }));
}

const zero = (): Record<JobState, number> =>
  Object.fromEntries(jobStates.map((state) => [state, 0])) as Record<JobState, number>;

async function* sample(connection: Connection, keys: QueueKeys, set: StateSet, size: number): AsyncGenerator<Fields> {
  const windows = Math.ceil(Math.min(size, LOOKED) / WINDOW);
  const stride = size <= LOOKED ? WINDOW : size / windows;
  const starts = Array.from({ length: windows }, (_, nth) => Math.floor(nth * stride));
  const range = set.kind === 'list' ? 'LRANGE' : 'ZRANGE';
  const replies = await connection.many(starts.map((from): Command => [range, set.key(keys), from, from + WINDOW - 1]));
  const ids = [...new Set(replies.flatMap((reply) => (reply as readonly Buffer[]).map(String)))];
  for (let at = 0; at < ids.length; at += WINDOW) {
    const some = ids.slice(at, at + WINDOW).filter((id) => !isMarker(id));
    const hashes = await connection.many(some.map((id): Command => ['HMGET', keys.job(id), ...fields]));
    yield* hashes.map((one: Reply) => someFields(fields, one));
  }
}

/** The parts of a whole, in whole numbers that add up to it. */
function shares(seen: ReadonlyMap<string, number>, size: number): [string, number][] {
  const total = [...seen.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return [['', size]];
  let left = size;
  let weight = total;
  return [...seen].map(([key, count]) => {
    const share = Math.round((left * count) / weight);
    left -= share;
    weight -= count;
    return [key, share];
  });
}
