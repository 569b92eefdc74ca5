import type { Command, Connection } from './connection.ts';
import { type Fields, type Found, fieldsOf, isGhost, jobFields, numberOf, someFields } from './job.ts';
import type { QueueKeys } from './keys.ts';
import type { StateSet } from './sets.ts';
import type { Entry } from './walk.ts';

/** `listed`: what a `Job` is made of. `whole`: every field, as a backup needs it. */
type Depth = 'listed' | 'whole';

/**
 * The jobs of these entries, in their order; those that moved on while they were read are left out. One round trip,
 * and a second one where something moved.
 */
export async function readJobs(
  connection: Connection,
  keys: QueueKeys,
  set: StateSet,
  entries: readonly Entry[],
  depth: Depth = 'listed',
): Promise<Found[]> {
  const found = await load(connection, keys, set, entries, depth);
  const doubtful = found.filter((one) => isDoubtful(one));
  if (doubtful.length === 0) return found;
  const places = await connection.many(doubtful.map(({ id }) => placeCommand(set, set.key(keys), id)));
  const still = doubtful
    .map(({ id }, index) => ({ id, score: places[index] === null ? undefined : Number(String(places[index])) }))
    .filter(({ score }) => score !== undefined)
    .map(({ id, score }) => ({ id, ...(set.kind === 'zset' && { score }) }));
  const again = new Map((await load(connection, keys, set, still, depth)).map((one) => [one.id, one]));
  return found.flatMap((one) => (isDoubtful(one) ? (again.get(one.id) ?? []) : [one]));
}

export const placeCommand = ({ kind }: StateSet, key: string, id: string): Command =>
  kind === 'zset' ? ['ZSCORE', key, id] : ['LPOS', key, id];

async function load(
  connection: Connection,
  keys: QueueKeys,
  { native }: StateSet,
  entries: readonly Entry[],
  depth: Depth,
): Promise<Found[]> {
  const active = native === 'active';
  const commands = entries.flatMap(({ id }): Command[] => [
    depth === 'whole' ? ['HGETALL', keys.job(id)] : ['HMGET', keys.job(id), ...jobFields],
    ...(active ? [['EXISTS', keys.lock(id)] satisfies Command] : []),
  ]);
  const replies = await connection.many(commands);
  const step = active ? 2 : 1;
  return entries.map(({ id, score }, index): Found => {
    const reply = replies[index * step];
    const fields: Fields = depth === 'whole' ? fieldsOf(reply) : someFields(jobFields, reply);
    return { queue: keys.queue, id, native, score, fields, ...(active && { locked: replies[index * step + 1] === 1 }) };
  });
}

/** Its hash is gone, or tells of another end than the set does: it may have moved between the two looks. */
function isDoubtful(found: Found): boolean {
  const { native, score, fields } = found;
  if (isGhost(found)) return true;
  return (native === 'failed' || native === 'completed') && numberOf(fields, 'finishedOn') !== score;
}
