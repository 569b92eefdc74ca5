import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';
import { type Edge, type Page, readPage, type Where } from './read-page.ts';
import { isMarker, type StateSet, stateSets } from './sets.ts';
import type { Candidate } from './snapshot.ts';

/** How many of the ids seen are remembered, and how many of them are told to find the place again. */
const REMEMBERED = 2000;
const SIGNPOSTS = 8;
/** After a page of so many the next one is read while this one is worked on. A job that moves on meanwhile is noticed later. */
const AHEAD = 100;

/** Walks one list or sorted set from its oldest job on while we and the workers change it. A job is passed over never. */
export class Walker {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #set: StateSet;
  /** No score above this one is of interest. */
  readonly #highest: number;
  readonly #remembered = new Set<string>();
  #seen = 0;
  #last: Edge | undefined;
  #ahead: Promise<Page> | undefined;
  #ended = false;

  constructor(connection: Connection, keys: QueueKeys, set: StateSet, highest: number) {
    this.#connection = connection;
    this.#keys = keys;
    this.#set = set;
    this.#highest = highest;
  }

  /** Tells the walker that the job has left this list by our own doing. */
  left(id: string): void {
    if (this.#remembered.delete(id)) this.#seen = Math.max(0, this.#seen - 1);
  }

  /** The next jobs; none at the end. */
  async next(limit: number): Promise<readonly Candidate[]> {
    if (this.#ended) return [];
    const page = await (this.#ahead ?? this.#read(limit));
    this.#ahead = undefined;
    this.#ended = page.count === 0;
    if (!this.#ended) this.#last = page.last;
    this.#seen = page.before + page.count;
    if (this.#set.kind === 'zset' && page.count >= AHEAD) {
      this.#ahead = this.#read(limit);
      this.#ahead.catch(() => {}); // told to whoever asks for it
    }
    const jobs = page.jobs();
    if (this.#set.kind === 'list') this.#remember(jobs);
    return jobs.filter(({ found }) => found.fields.size > 0 && !isMarker(found.id));
  }

  #read(limit: number): Promise<Page> {
    const state = stateSets.indexOf(this.#set) + 1;
    const where: Where =
      this.#set.kind === 'list'
        ? { kind: 'list', state, seen: this.#seen, last: [...this.#remembered].slice(-SIGNPOSTS).reverse() }
        : { kind: 'zset', state, after: this.#last, highest: this.#highest };
    return readPage(this.#connection, this.#keys, where, limit);
  }

  #remember(jobs: readonly Candidate[]): void {
    for (const { found } of jobs) {
      this.#remembered.delete(found.id);
      this.#remembered.add(found.id);
    }
    for (const id of this.#remembered) {
      if (this.#remembered.size <= REMEMBERED) break;
      this.#remembered.delete(id);
    }
  }

  get ended(): boolean {
    return this.#ended;
  }
}
