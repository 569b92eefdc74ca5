import type { Command, Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';
import { placeCommand } from './page.ts';
import { type StateSet, stateSets } from './sets.ts';
import { type Entry, walk } from './walk.ts';

export interface Place extends Entry {
  readonly set: StateSet;
}

/** Looking an id up in a list costs the server its whole length: more of them are found by reading the list once. */
const LOOKED_UP = 20;

/** Where these ids stand, in the order given; ids that stand nowhere are left out. */
export async function locate(
  connection: Connection,
  keys: QueueKeys,
  ids: readonly string[],
  sets: readonly StateSet[] = stateSets,
): Promise<Place[]> {
  const wanted = [...new Set(ids)];
  const few = wanted.length <= LOOKED_UP;
  const asked = sets.filter(({ kind }) => kind === 'zset' || few);
  const places = new Map<string, Place>();
  const commands = wanted.flatMap((id) => asked.map((set): Command => placeCommand(set, set.key(keys), id)));
  const replies = await connection.many(commands).catch(async (error: Error) => {
    if (!few || !/unknown command/i.test(error.message)) throw error;
    return undefined; // before 6.0.6 a server cannot look into a list
  });
  if (replies === undefined) return await locateOneByOne(connection, keys, wanted, sets);
  for (const [index, reply] of replies.entries()) {
    const id = wanted[Math.floor(index / asked.length)] as string;
    const set = asked[index % asked.length] as StateSet;
    if (reply === null || places.has(id)) continue;
    places.set(id, { id, set, ...(set.kind === 'zset' && { score: Number(String(reply)) }) });
  }
  if (!few) await searchLists(connection, keys, wanted, sets, places);
  return wanted.flatMap((id) => places.get(id) ?? []);
}

async function locateOneByOne(
  connection: Connection,
  keys: QueueKeys,
  ids: readonly string[],
  sets: readonly StateSet[],
): Promise<Place[]> {
  const sorted = sets.filter(({ kind }) => kind === 'zset');
  const places = new Map((await locate(connection, keys, ids, sorted)).map((place) => [place.id, place]));
  await searchLists(connection, keys, ids, sets, places);
  return ids.flatMap((id) => places.get(id) ?? []);
}

async function searchLists(
  connection: Connection,
  keys: QueueKeys,
  ids: readonly string[],
  sets: readonly StateSet[],
  places: Map<string, Place>,
): Promise<void> {
  const missing = new Set(ids.filter((id) => !places.has(id)));
  for (const set of sets.filter(({ kind }) => kind === 'list')) {
    if (missing.size === 0) return;
    for await (const entries of walk(connection, { set, key: set.key(keys), order: 'oldest', size: 5000 })) {
      for (const { id } of entries) if (missing.delete(id)) places.set(id, { id, set });
    }
  }
}
