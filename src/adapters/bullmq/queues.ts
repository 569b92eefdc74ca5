import { JobctlError } from '../../domain/errors.ts';
import { grouped } from '../../domain/grouped.ts';
import type { Command, Connection, Redis } from './connection.ts';
import { keysOf, literal } from './keys.ts';

const STEP = 5000;
/** A look at a large database for queues it may not hold ends here. */
const BOUND_MS = 20_000;
/** So often it is said how far a look has come. */
const WORD_MS = 2_000;
/** Where no queue has a meta hash: keys of which every queue has some. */
const others = /:(?:wait|paused|active|failed|completed|delayed|prioritized|id)$/;

/**
 * The queues under a prefix. Redis keeps no list of them, so all names of keys are looked through: about a second for a
 * million. Remembered for a little longer than it took, so that a watch does not spend all its time on it.
 */
export class Queues {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #tell: (text: string) => void;
  readonly #wordMs: number;
  #known: { readonly names: string[]; readonly until: number } | undefined;

  constructor(connection: Connection, prefix: string, tell: (text: string) => void = () => {}, wordMs = WORD_MS) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#tell = tell;
    this.#wordMs = wordMs;
  }

  /** As they were a moment ago. */
  async recent(): Promise<string[]> {
    const known = this.#known;
    const fresh = known !== undefined && performance.now() < known.until && !this.#connection.closed;
    return fresh ? known.names : await this.names();
  }

  async names(): Promise<string[]> {
    const begun = performance.now();
    const found = await this.#scan(`${literal(this.#prefix)}:*:meta`, 'hash', /:meta$/);
    const names =
      found.length > 0 ? found : await this.#scan(`${literal(this.#prefix)}:*:[pwacfdi]*[tedi]`, '', others);
    const now = performance.now();
    this.#known = { names, until: now + 20 * (now - begun) };
    return names;
  }

  /** Asked for by name, a queue is found without looking through the whole database. */
  async has(queue: string): Promise<boolean> {
    const keys = keysOf(this.#prefix, queue);
    const { meta, id, wait, paused, active, prioritized, delayed, completed, failed, waitingChildren, repeat } = keys;
    const [count] = await this.#connection.many([
      ['EXISTS', meta, id, wait, paused, active, prioritized, delayed, completed, failed, waitingChildren, repeat],
    ]);
    return Number(count) > 0;
  }

  async #scan(match: string, type: string, suffix: RegExp): Promise<string[]> {
    const begun = performance.now();
    const names = new Set<string>();
    let word = begun + this.#wordMs;
    let steps = 0;
    for (const node of this.#connection.masters()) {
      let cursor = '0';
      do {
        const now = performance.now();
        if (now > begun + BOUND_MS) throw tooMany(this.#connection.where);
        if (steps > 0 && now > word) {
          word = now + this.#wordMs;
          this.#tell(`Looking for queues: about ${grouped(steps * STEP)} keys so far.`);
        }
        steps += 1;
        const [next, keys] = await this.#step(node, cursor, match, type);
        cursor = next;
        for (const key of keys) {
          const name = key.slice(this.#prefix.length + 1).replace(suffix, '');
          if (key.startsWith(`${this.#prefix}:`) && suffix.test(key) && !name.startsWith('.jobctl:')) names.add(name);
        }
      } while (cursor !== '0');
    }
    return [...names].filter((name) => !isPart(name, names)).sort();
  }

  async #step(node: Redis, cursor: string, match: string, type: string): Promise<[string, string[]]> {
    const [, ...scan]: Command = ['SCAN', cursor, 'MATCH', match, 'COUNT', STEP];
    const typed = type === '' || !this.#canType ? scan : [...scan, 'TYPE', type];
    try {
      return await this.#connection.ask(() => node.call('SCAN', ...typed.map(String)) as Promise<[string, string[]]>);
    } catch (error) {
      if (!this.#canType || !(error instanceof Error) || !/syntax error/i.test(error.message)) throw error;
      this.#canType = false; // before 6.0
      return await this.#step(node, cursor, match, type);
    }
  }

  #canType = true;
}

/** A scheduler or a job may have an id that ends like a queue's own key: `mail:repeat:meta` is no queue beside `mail`. */
const isPart = (name: string, names: ReadonlySet<string>): boolean =>
  [...name.matchAll(/:/g)].some(({ index }) => names.has(name.slice(0, index)));

const tooMany = (where: string): JobctlError =>
  new JobctlError('timeout', `${where} holds too many keys to look for queues among them within ${BOUND_MS / 1000} s`, {
    next: ['Name the queue: jobctl stats QUEUE.'],
  });
