import type { BrowseOptions, Count } from '../../domain/adapter.ts';
import { type Instant, toMicros } from '../../domain/instant.ts';
import type { Job } from '../../domain/job.ts';
import { matcher, type Selection } from '../../domain/selection.ts';
import type { Command, Connection } from './connection.ts';
import { type Found, jobOf } from './job.ts';
import { keysOf, type QueueKeys } from './keys.ts';
import { locate } from './locate.ts';
import { readJobs } from './page.ts';
import { pushedPart } from './pushes.ts';
import { dueScore, isMarker, type StateSet, stateSets } from './sets.ts';
import { walk } from './walk.ts';

/** A count that needs the jobs themselves looks at so many, then gives what there can be at most. */
const COUNTED = 20_000;
const COUNT_PAGE = 1000;

interface Bounds {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Pages of what fits the pushed criteria, each job once. */
export async function* browse(
  connection: Connection,
  prefix: string,
  selection: Selection,
  options: BrowseOptions,
): AsyncGenerator<Job[]> {
  const fits = matcher(pushedPart(selection));
  let page: Job[] = [];
  for await (const found of discover(connection, prefix, selection, options)) {
    page.push(...found.map(jobOf).filter(fits));
    for (; page.length >= options.size; page = page.slice(options.size)) yield page.slice(0, options.size);
  }
  if (page.length > 0) yield page;
}

/** The jobs in the selection's queues and states, or of its ids; a superset of what fits. */
export async function* discover(
  connection: Connection,
  prefix: string,
  selection: Selection,
  { size, order }: BrowseOptions,
  depth: 'listed' | 'whole' = 'listed',
): AsyncGenerator<Found[]> {
  const sets = setsOf(selection);
  if (order === 'newest') sets.reverse();
  for (const queue of new Set(selection.queues)) {
    const keys = keysOf(prefix, queue);
    if (selection.ids !== undefined) {
      yield* named(connection, keys, selection.ids, sets, { size, order }, depth);
      continue;
    }
    const seen = new Set<string>();
    for (const set of sets) {
      for await (const entries of walk(connection, {
        set,
        key: set.key(keys),
        order,
        size,
        ...boundsOf(set, selection),
      })) {
        const fresh = sets.length === 1 ? entries : entries.filter(({ id }) => !seen.has(id));
        if (sets.length > 1) for (const { id } of fresh) seen.add(id);
        for (let at = 0; at < fresh.length; at += size)
          yield await readJobs(connection, keys, set, fresh.slice(at, at + size), depth);
      }
    }
  }
}

async function* named(
  connection: Connection,
  keys: QueueKeys,
  ids: readonly string[],
  sets: readonly StateSet[],
  { size, order }: BrowseOptions,
  depth: 'listed' | 'whole',
): AsyncGenerator<Found[]> {
  const wanted = order === 'newest' ? ids.toReversed() : ids;
  for (let at = 0; at < wanted.length; at += size) {
    const places = await locate(connection, keys, wanted.slice(at, at + size), sets);
    for (const [set, some] of Map.groupBy(places, (place) => place.set))
      yield await readJobs(connection, keys, set, some, depth);
  }
}

const setsOf = ({ states }: Selection): StateSet[] => stateSets.filter(({ state }) => states.includes(state));

/** Milliseconds: rounded so that an instant between two of them keeps its side. */
const floorMs = (instant: Instant): number => Number(toMicros(instant) / 1000n);
const ceilMs = (instant: Instant): number => Number((toMicros(instant) + 999n) / 1000n);

/** What of a selection's times the order of the set decides by itself. */
function boundsOf({ native }: StateSet, { before, after, cutoff }: Selection): Bounds {
  const latest = (...times: (Instant | undefined)[]): number | undefined => {
    const known = times.filter((time) => time !== undefined).map(floorMs);
    return known.length === 0 ? undefined : Math.min(...known);
  };
  if (native === 'failed' || native === 'completed')
    return { from: after === undefined ? undefined : ceilMs(after), to: latest(before, cutoff) };
  if (native !== 'delayed') return {};
  const due = latest(before);
  return {
    from: after === undefined ? undefined : dueScore(ceilMs(after)),
    to: due === undefined ? undefined : dueScore(due + 1) - 1,
  };
}

const isDecided = ({ native }: StateSet, { ids, before, after, cutoff }: Selection): boolean => {
  if (ids !== undefined) return false;
  if (native === 'failed' || native === 'completed') return true;
  if (native === 'delayed') return cutoff === undefined;
  return before === undefined && after === undefined && cutoff === undefined;
};

/** Sizes are asked for, all in one round trip; only where the jobs themselves decide are they read, up to a bound. */
export async function count(connection: Connection, prefix: string, selection: Selection): Promise<Count> {
  const queues = [...new Set(selection.queues)].map((queue) => keysOf(prefix, queue));
  const sets = setsOf(selection);
  const decided = sets.filter((set) => isDecided(set, selection));
  const commands = queues.flatMap((keys) => decided.flatMap((set) => sizeCommands(set, keys, selection)));
  const replies = await connection.many(commands);
  let value = 0;
  for (const [index, [name]] of commands.entries()) {
    const reply = replies[index];
    if (name === 'LINDEX') value -= reply !== null && isMarker(String(reply)) ? 1 : 0;
    else value += Number(reply);
  }
  const open = sets.filter((set) => !decided.includes(set));
  if (open.length === 0 || queues.length === 0) return { value, exact: true };
  const states = [...new Set(open.map(({ state }) => state))];
  const looked = await countByLooking(connection, prefix, { ...selection, states });
  return { value: value + looked.value, exact: looked.exact };
}

function sizeCommands(set: StateSet, keys: QueueKeys, selection: Selection): Command[] {
  const key = set.key(keys);
  if (set.kind === 'list')
    return [
      ['LLEN', key],
      ['LINDEX', key, -1],
    ];
  const { from, to } = boundsOf(set, selection);
  return [from === undefined && to === undefined ? ['ZCARD', key] : ['ZCOUNT', key, from ?? '-inf', to ?? '+inf']];
}

async function countByLooking(connection: Connection, prefix: string, selection: Selection): Promise<Count> {
  let value = 0;
  const fits = matcher(pushedPart(selection));
  let looked = 0;
  for await (const found of discover(connection, prefix, selection, { size: COUNT_PAGE, order: 'oldest' })) {
    value += found.map(jobOf).filter(fits).length;
    looked += found.length;
    if (looked < COUNTED) continue;
    const { ids: _, before: _before, after: _after, cutoff: _cutoff, ...whole } = selection;
    return { value: (await count(connection, prefix, whole)).value, exact: false };
  }
  return { value, exact: true };
}
