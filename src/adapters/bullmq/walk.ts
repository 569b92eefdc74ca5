import type { Command, Connection, Reply } from './connection.ts';
import { isMarker, type StateSet } from './sets.ts';

export interface Entry {
  readonly id: string;
  /** Only in sorted sets. */
  readonly score?: number | undefined;
}

export interface Walk {
  readonly set: StateSet;
  readonly key: string;
  readonly order: 'newest' | 'oldest';
  /** Entries a step, at most. */
  readonly size: number;
  /** Bounds of the score, both inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** How far a step looks back in a list, or in jobs of one millisecond, for what moved meanwhile. */
const OVERLAP = 500;
const LIST_STEP = 1000;

/** The ids of one list or set, step by step and each once, also while workers change it. One round trip a step. */
export const walk = (connection: Connection, how: Walk): AsyncGenerator<Entry[]> =>
  how.set.kind === 'zset' ? walkScores(connection, how) : walkList(connection, how);

/**
 * By score and not by rank, so that nothing is missed where jobs come and go. What comes after the last one that was there
 * at the beginning is left out: a queue that is worked on has no end.
 */
async function* walkScores(connection: Connection, how: Walk): AsyncGenerator<Entry[]> {
  const { key, order, size, from = Number.NEGATIVE_INFINITY } = how;
  let { to = Number.POSITIVE_INFINITY } = how;
  const newest = order === 'newest';
  let edge: number | undefined;
  let tied = new Set<string>();
  for (;;) {
    const low = newest ? from : (edge ?? from);
    const high = newest ? (edge ?? to) : to;
    const skip = Math.max(0, tied.size - OVERLAP);
    const asked = size + tied.size - skip;
    const [reply, end] = await connection.many([
      newest
        ? ['ZREVRANGEBYSCORE', key, scoreText(high), scoreText(low), 'WITHSCORES', 'LIMIT', skip, asked]
        : ['ZRANGEBYSCORE', key, scoreText(low), scoreText(high), 'WITHSCORES', 'LIMIT', skip, asked],
      ...(edge === undefined ? [['ZRANGE', key, -1, -1, 'WITHSCORES'] satisfies Command] : []),
    ]);
    const all = scored(reply);
    const fresh = all.filter(({ id }) => !tied.has(id));
    if (edge === undefined) to = Math.min(to, scored(end)[0]?.score ?? to);
    const last = all.at(-1)?.score;
    if (last !== undefined && last !== edge) [edge, tied] = [last, new Set()];
    for (const { id, score } of all) if (score === edge) tied.add(id);
    if (fresh.length > 0) yield fresh;
    if (all.length < asked) return;
  }
}

const scoreText = (score: number): string =>
  score === Number.POSITIVE_INFINITY ? '+inf' : score === Number.NEGATIVE_INFINITY ? '-inf' : String(score);

/** What WITHSCORES answers: ids and scores in turn. */
export function scored(reply: Reply | undefined): { readonly id: string; readonly score: number }[] {
  const flat = (reply ?? []) as readonly Reply[];
  return Array.from({ length: flat.length / 2 }, (_, index) => ({
    id: String(flat[2 * index]),
    score: Number(String(flat[2 * index + 1])),
  }));
}

/** New jobs are pushed to the left and taken from the right; each step goes on from the job where the last one ended. */
async function* walkList(connection: Connection, { key, order, size }: Walk): AsyncGenerator<Entry[]> {
  const newest = order === 'newest';
  const seen = new Set<string>();
  let last: string | undefined;
  // as many as there were at the beginning, and some that came in between: a queue that is worked on has no end
  let most = Number.POSITIVE_INFINITY;
  for (let step = size; ; step = Math.max(size, LIST_STEP)) {
    const at = last === undefined ? undefined : await placeOf(connection, key, last, newest);
    const [from, to] = window(at, step, newest, last !== undefined ? seen.size : 0);
    if (at === 0 && !newest) return; // the left end
    const [reply, length] = await connection.many([
      ['LRANGE', key, from, to],
      ['LLEN', key],
    ]);
    if (last === undefined) most = Number(length) + LIST_STEP;
    const ids = (reply as readonly Buffer[]).map(String);
    if (!newest) ids.reverse();
    const end = ids.at(-1);
    const fresh = ids.filter((id) => !seen.has(id) && !isMarker(id));
    for (const id of ids) seen.add(id);
    if (fresh.length > 0) yield fresh.map((id) => ({ id }));
    else if (at === undefined) return;
    if (end === undefined || end === last || seen.size >= most) return;
    last = end;
  }
}

function window(at: number | undefined, step: number, newest: boolean, seen: number): [number, number] {
  // between the look for it and this one, others may have moved it a little
  if (at !== undefined) return newest ? [Math.max(0, at - OVERLAP), at + step] : [Math.max(0, at - step), at + OVERLAP];
  // the beginning, or the job is gone: then so are those before it, and what was seen already is left out
  const back = Math.max(0, seen - OVERLAP);
  return newest ? [back, back + step - 1] : [-step, -1];
}

/** Where it is now, counted from the left. Undefined when it is gone, or the server (before 6.0.6) cannot tell. */
async function placeOf(connection: Connection, key: string, id: string, newest: boolean): Promise<number | undefined> {
  try {
    const [place] = await connection.many([['LPOS', key, id, 'RANK', newest ? 1 : -1]]);
    return typeof place === 'number' ? place : undefined;
  } catch (error) {
    if (error instanceof Error && /unknown command/i.test(error.message)) return undefined;
    throw error;
  }
}
