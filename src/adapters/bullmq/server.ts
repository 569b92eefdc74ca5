import type { Cluster, Redis } from 'ioredis';
import { JobctlError } from '../../domain/errors.ts';
import type { Target } from './target.ts';

/** What a server says of itself. */
export interface Server {
  /** `7.0.15`; empty where the server does not tell. */
  readonly version: string;
  readonly cluster: boolean;
  /** A replica refuses writes. */
  readonly readOnly: boolean;
  /** How far its clock is ahead of `performance.now()`, milliseconds. */
  readonly clock: number;
  /** What the operator should know, one line each. */
  readonly warnings: readonly string[];
}

/** One round trip: is it Redis, does it let us in, may it be written to, does it keep what it is given? */
export async function serverOf(redis: Redis | Cluster, { kind, ignored }: Target): Promise<Server> {
  const asked = performance.now(); // before the clock is read: an age is never told too small
  const [, info, [seconds, micros]] = await Promise.all([redis.ping(), redis.info().catch(notTold), redis.time()]);
  const facts = factsOf(info);
  if (kind !== 'cluster' && facts['redis_mode'] === 'cluster') {
    throw new JobctlError('usage', 'This server is a node of a Redis Cluster, and the URL does not say so.', {
      next: ['Add the parameter cluster=true to the URL: redis://HOST:PORT/?cluster=true.'],
    });
  }
  const policy = facts['maxmemory_policy'];
  const evicts = policy !== undefined && policy !== 'noeviction';
  return {
    version: facts['redis_version'] ?? '',
    cluster: kind === 'cluster',
    clock: Number(seconds) * 1000 + Number(micros) / 1000 - asked,
    readOnly: facts['role'] === 'slave',
    warnings: [
      ...(facts['master_link_status'] === 'down'
        ? ['This replica is not connected to its primary, or still copies from it: what it shows is old, or not all.']
        : []),
      ...(evicts
        ? [
            `The server's eviction policy is ${policy}: when memory is short, Redis drops keys of the queue. BullMQ needs noeviction.`,
          ]
        : []),
      ...ignored.map((name) => `The parameter ${name} of the URL means nothing to a Redis server, and is ignored.`),
    ],
  };
}

/** Managed services and ACLs may forbid INFO: everything works without it. */
const notTold = (error: Error): string => {
  if (/^NOPERM|unknown command/i.test(error.message)) return '';
  throw error;
};

const factsOf = (info: string): Record<string, string | undefined> =>
  Object.fromEntries(
    info
      .split(/\r?\n/)
      .filter((line) => line.includes(':') && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
