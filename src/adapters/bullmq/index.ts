import type { BackendInfo, QueueAdapter } from '../../domain/adapter.ts';
import { fromMicros } from '../../domain/instant.ts';
import { browse, count } from './browse.ts';
import { type Connection, openConnection } from './connection.ts';
import { withDeadLetters } from './dead-letters.ts';
import { find } from './find.ts';
import { keysOf } from './keys.ts';
import { layoutOf } from './layout.ts';
import { type DeadLetter, type Shelf, shelvesOf } from './letters.ts';
import { painOf } from './pain.ts';
import { pushes } from './pushes.ts';
import { Queues } from './queues.ts';
import { schedules } from './schedules.ts';
import { stats } from './stats.ts';
import { prefixOf, targetOf } from './target.ts';
import { workers } from './workers.ts';
import { writes } from './writes.ts';

export interface BullmqOptions {
  readonly url: string;
  /** The URL without its secrets, for messages. */
  readonly where: string;
  /** What all keys begin with; a prefix in the URL goes before it. */
  readonly prefix?: string | undefined;
  /** Queues whose dead jobs the application keeps in a queue of their own, by name. */
  readonly deadLetters?: Readonly<Record<string, DeadLetter>> | undefined;
  /** Bound of one call, milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Hears how far a long look for queues has come. */
  readonly tell?: ((text: string) => void) | undefined;
}

const DEFAULT_TIMEOUT_MS = 15_000;

/** Connects, or says at once why it cannot. Reading uses plain commands that change nothing, on a replica as well. */
export async function openBullmq(options: BullmqOptions): Promise<QueueAdapter> {
  const { url, where, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const prefix = prefixOf(targetOf(url), options.prefix);
  const shelves = shelvesOf(options.deadLetters ?? {}); // before anything is opened: it may be wrong
  const connection = await openConnection({ url, where, timeoutMs });
  return adapterOf(connection, prefix, shelves, options.tell);
}

function adapterOf(
  connection: Connection,
  prefix: string,
  shelves: ReadonlyMap<string, Shelf>,
  tell?: (text: string) => void,
): QueueAdapter {
  const queues = new Queues(connection, prefix, tell);
  const writing = writes(connection, prefix, (queue) => layoutOf(connection, keysOf(prefix, queue)));
  const nowMs = (): number => connection.server.clock + performance.now();
  const adapter: QueueAdapter = {
    backend: infoOf(connection, prefix),
    reads: 'peek',
    pushes,
    can: writing.can,
    now: async () => fromMicros(await micros(connection)),
    queues: async () => (await queues.names()).map((queue) => ({ queue })),
    queueNamed: async (queue) => ((await queues.has(queue)) ? { queue } : undefined),
    stats: async ({ queues: asked, by }) => stats(connection, prefix, asked ?? (await queues.recent()), nowMs(), by),
    count: (selection) => count(connection, prefix, selection),
    browse: (selection, options) => browse(connection, prefix, selection, options),
    find: async (id, queue) => find(connection, prefix, id, queue === undefined ? await queues.names() : [queue]),
    workers: async () => workers(connection, prefix, nowMs()),
    schedules: async (asked) => schedules(connection, prefix, asked ?? (await queues.names())),
    pain: painOf(connection),
    async close() {
      await writing.close();
      await connection.close();
    },
  };
  return withDeadLetters(adapter, writing.desk, shelves);
}

async function micros(connection: Connection): Promise<bigint> {
  const [reply] = await connection.many([['TIME']]);
  const [seconds, rest] = reply as readonly Buffer[];
  return BigInt(String(seconds)) * 1_000_000n + BigInt(String(rest));
}

const infoOf = ({ server, where }: Connection, prefix: string): BackendInfo => ({
  name: 'bullmq',
  version: server.version === '' ? 'Redis of an unknown version' : `Redis ${server.version}`,
  where: `${where} (prefix ${prefix})`,
  errors: 'history',
  priority: 'smaller-first',
  untold: { tenant: {}, states: { cancelled: { why: 'BullMQ takes a job that is cancelled out of the queue' } } },
  readOnlyServer: server.readOnly,
  warnings: server.warnings,
});
