import type { Cluster, Redis } from 'ioredis';
import { JobctlError } from '../../domain/errors.ts';
import { dial, MASTERS } from './dial.ts';
import { toJobctlError } from './errors.ts';
import { type Server, serverOf } from './server.ts';
import { type Target, targetOf } from './target.ts';

export type { Cluster, Redis } from 'ioredis';
export type { Server } from './server.ts';

/** One command: its name in capitals, so that the driver hands over the reply as it came. */
export type Command = readonly [name: string, ...args: (string | number | Buffer)[]];
/** Bulk strings are Buffers: no byte of a payload is lost. */
export type Reply = Buffer | number | null | readonly Reply[];

export interface Connection {
  readonly redis: Redis | Cluster;
  /** The URL without its secrets, for messages. */
  readonly where: string;
  readonly server: Server;
  readonly closed: boolean;
  /** Runs work that talks to the server: bounded in time, and whatever goes wrong comes out as a JobctlError. */
  ask<T>(work: (redis: Redis | Cluster) => Promise<T>): Promise<T>;
  /** All commands in one round trip, in their order. The first refusal rejects. */
  many(commands: readonly Command[]): Promise<Reply[]>;
  /** Each server that holds a part of the keys. */
  masters(): Redis[];
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** With its secrets. */
  readonly url: string;
  readonly where: string;
  /** Bound of one call, milliseconds. */
  readonly timeoutMs: number;
}

/** Connects, or says within the time given why it cannot. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { where, timeoutMs } = options;
  const target = targetOf(options.url);
  const redis = await dial(target, where, timeoutMs);
  try {
    const server = await bounded(redis, where, timeoutMs, () => serverOf(redis, target));
    return connectionOf(redis, server, options, target);
  } catch (error) {
    redis.disconnect();
    throw toJobctlError(error, where);
  }
}

function connectionOf(
  redis: Redis | Cluster,
  server: Server,
  { where, timeoutMs }: ConnectionOptions,
  { kind }: Target,
): Connection {
  let closed = false;
  const closedError = (): JobctlError => new JobctlError('unreachable', `The connection to ${where} is closed.`);
  const ask = async <T>(work: (redis: Redis | Cluster) => Promise<T>): Promise<T> => {
    if (closed) throw closedError();
    try {
      return await bounded(redis, where, timeoutMs, async () => {
        if (redis.status === 'end') await redis.connect(); // it had given up; whoever asks again wants to know
        return await work(redis);
      });
    } catch (error) {
      throw closed ? closedError() : toJobctlError(error, where);
    }
  };
  return {
    redis,
    where,
    server,
    get closed() {
      return closed;
    },
    ask,
    many: (commands) => (commands.length === 0 ? Promise.resolve([]) : ask((to) => send(to, commands))),
    masters: () => (kind === 'cluster' ? (redis as Cluster).nodes(MASTERS) : [redis as Redis]),
    async close() {
      if (closed) return;
      closed = true;
      redis.disconnect();
    },
  };
}

/** A cluster takes no pipeline across its slots; commands sent together are on their way together all the same. */
async function send(redis: Redis | Cluster, commands: readonly Command[]): Promise<Reply[]> {
  if (redis.isCluster) {
    const answers = await Promise.allSettled(commands.map(([name, ...args]) => redis.callBuffer(name, ...args)));
    return answers.map((answer) => {
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value as Reply;
    });
  }
  const pipeline = redis.pipeline();
  for (const [name, ...args] of commands) pipeline.callBuffer(name, ...args);
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, reply]) => {
    if (error !== null) throw error;
    return reply as Reply;
  });
}

/** A server that says nothing, and a client that tries for ever: both end here. Later calls find the connection cut. */
export async function bounded<T>(
  redis: Redis | Cluster,
  where: string,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs / 1000} s`));
      redis.disconnect();
    }, timeoutMs);
  });
  const doing = work();
  doing.catch(() => {}); // told by the race, or no longer of interest
  try {
    return await Promise.race([doing, late]);
  } catch (error) {
    throw toJobctlError(error, where);
  } finally {
    clearTimeout(timer);
  }
}
