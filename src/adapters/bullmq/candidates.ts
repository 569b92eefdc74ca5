import { toMicros } from '../../domain/instant.ts';
import { matcher, type Selection } from '../../domain/selection.ts';
import type { Desk, Place } from './desk.ts';
import { readPage } from './read-page.ts';
import { type StateSet, stateSets } from './sets.ts';
import { type Candidate, jobFrom, sizeOf } from './snapshot.ts';
import { Walker } from './walker.ts';

/** A page keeps Redis from others for about two milliseconds. */
const PAGE = 120;
/** A claim is ready when its jobs have so many bytes, however few they are. */
const CLAIM_BYTES = 4 * 1024 * 1024;

/** What the backend decides: all but the tests that were compiled elsewhere. */
const decided = ({ error: _, group: __, where: ___, ...selection }: Selection): Selection => selection;

export const fitsOf = (selection: Selection): ((candidate: Candidate) => boolean) => {
  const fits = matcher(decided(selection));
  return (candidate) => fits(jobFrom(candidate));
};

/** What a page of candidates is told about, so that the walk goes on at the right place. */
export interface Walked {
  readonly jobs: readonly Candidate[];
  /** To be called for each job that has left its state by our own doing. */
  readonly left: (id: string) => void;
  /** It does not matter to the parts behind it when this one is written. */
  readonly ahead?: boolean;
}

/**
 * The jobs of the selection in one queue, in parts of at most `size`. While one part is saved and written, the next one is
 * read: whether each job still is what was read is asked again by whatever writes. A small part is not read ahead, because
 * whoever asks for one wants to look in between; nor is a list, in which our own writes move the place to go on at.
 */
export async function* candidates(
  desk: Desk,
  place: Place,
  selection: Selection,
  size: number,
): AsyncGenerator<Walked> {
  for (const set of stateSets.filter(({ state }) => selection.states.includes(state))) {
    const parts = inSet(desk, place, selection, size, set);
    if (set.kind !== 'zset' || size < PAGE) yield* parts;
    else for await (const part of ahead(parts)) yield { ...part, ahead: true };
  }
}

/** So many parts are read ahead: one while the part before is saved, and one while it is written. */
const AHEAD = 2;

async function* ahead<T>(parts: AsyncGenerator<T>): AsyncGenerator<T> {
  const begun = (): Promise<IteratorResult<T>> => {
    const next = parts.next();
    next.catch(() => {}); // told to whoever asks for it
    return next;
  };
  const going = Array.from({ length: AHEAD }, begun);
  for (;;) {
    const { done, value } = await (going.shift() as Promise<IteratorResult<T>>);
    if (done === true) return;
    going.push(begun());
    yield value;
  }
}

async function* inSet(
  { connection }: Desk,
  { keys }: Place,
  selection: Selection,
  size: number,
  set: StateSet,
): AsyncGenerator<Walked> {
  const fits = fitsOf(selection);
  const walker = new Walker(connection, keys, set, highestOf(set, selection));
  let part: Candidate[] = [];
  let bytes = 0;
  let looked = 0;
  let matched = 0;
  while (!walker.ended) {
    const need = size < PAGE ? size - part.length : PAGE; // what is over is the beginning of the next part
    // where few fit, small pages would be all round trips
    const page = await walker.next(Math.min(PAGE, looked > PAGE && matched * 2 < looked ? PAGE : need));
    looked += page.length;
    for (const candidate of page.filter(fits)) {
      matched += 1;
      bytes += sizeOf(candidate);
      part.push(candidate);
    }
    while (part.length >= size || (bytes >= CLAIM_BYTES && part.length > 0)) {
      yield { jobs: part.slice(0, size), left: (id) => walker.left(id) };
      part = part.slice(size);
      bytes = part.reduce((sum, one) => sum + sizeOf(one), 0);
    }
  }
  if (part.length > 0) yield { jobs: part, left: (id) => walker.left(id) };
}

/** A job that ends later has a higher score: a worker that fails jobs all the time does not keep the walk from its end. */
function highestOf({ native }: StateSet, { before, cutoff }: Selection): number {
  if (native !== 'failed' && native !== 'completed') return Number.POSITIVE_INFINITY;
  const times = [before, cutoff].filter((time) => time !== undefined).map((time) => Number(toMicros(time) / 1000n));
  return Math.min(...times, Number.POSITIVE_INFINITY);
}

/** The same by name. `missed`: those that are not there, and those that are there in another state. */
export async function* namedCandidates(
  { connection }: Desk,
  { keys }: Place,
  selection: Selection,
  size: number,
  missed: { readonly found: Set<string>; moved(id: string): void },
): AsyncGenerator<Walked> {
  const fits = fitsOf(selection);
  const [state = 'dead'] = selection.states;
  const fitsOtherwise = matcher(decided({ ...selection, states: [state] }));
  const ids = [...new Set(selection.ids)];
  let part: Candidate[] = [];
  for (let at = 0; at < ids.length; ) {
    const wanted = ids.slice(at, at + Math.min(PAGE, size));
    const page = await readPage(connection, keys, { kind: 'ids', ids: wanted }, wanted.length);
    at += Math.max(1, page.count);
    for (const candidate of page.jobs()) {
      const { id, fields } = candidate.found;
      if (fields.size === 0) continue;
      missed.found.add(id);
      if (fits(candidate)) part.push(candidate);
      else if (fitsOtherwise({ ...jobFrom(candidate), state })) missed.moved(id);
    }
    while (part.length >= size) {
      yield { jobs: part.slice(0, size), left: () => {} };
      part = part.slice(size);
    }
  }
  if (part.length > 0) yield { jobs: part, left: () => {} };
}
