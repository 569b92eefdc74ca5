import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { toJobctlError } from './errors.ts';
import { accessOf, type Target } from './target.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** How often a connection that was lost is tried again before every call is refused. */
const RETRIES = 5;
/** A cluster sends a request on when a slot has moved; more often than this it is a storm. */
const REDIRECTIONS = 6;
export const MASTERS = 'master';

/** A client that is ready, or the reason why there is none. It never waits for ever and never sends anything twice. */
export async function dial(target: Target, where: string, timeoutMs: number): Promise<Redis | Cluster> {
  let ready = false;
  const again = (times: number): number | null => (ready && times <= RETRIES ? Math.min(200 * times, 1000) : null);
  const redis = await clientOf(target, again, timeoutMs);
  // what the last event said is better than "Connection is closed", and without a listener it would end the process
  let said: unknown;
  redis.on('error', (error) => (said = error));
  redis.on('node error', (error) => (said ??= error));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const ms = Math.min(timeoutMs, CONNECT_TIMEOUT_MS + 500);
    timer = setTimeout(
      () => reject(new Error(`no answer within ${ms / 1000} s${target.tls ? ' to a TLS handshake' : ''}`)),
      ms,
    );
  });
  try {
    const connecting = redis.connect();
    connecting.catch(() => {});
    await Promise.race([connecting, late]);
    if (said !== undefined && !redis.isCluster) throw said; // a database that is not there is told only by an event
    ready = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    throw toJobctlError(said ?? error, where);
  } finally {
    clearTimeout(timer);
  }
}

async function clientOf(target: Target, again: (times: number) => number | null, timeoutMs: number) {
  const { default: ioredis } = await import('ioredis'); // the one name that it has in a bundle as well
  const { nodes, kind, group, role, sentinelPassword, db } = target;
  const access = await accessOf(target);
  const manners = {
    ...access,
    connectTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
    socketTimeout: timeoutMs,
    connectionName: 'jobctl',
    protocol: 2,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    lazyConnect: true,
  } satisfies RedisOptions;
  if (kind === 'cluster') {
    return new ioredis.Cluster([...nodes], {
      redisOptions: manners,
      clusterRetryStrategy: again,
      lazyConnect: true,
      scaleReads: MASTERS,
      maxRedirections: REDIRECTIONS,
      slotsRefreshTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
      enableReadyCheck: true,
    });
  }
  if (kind === 'sentinel') {
    return new ioredis.Redis({
      ...manners,
      db,
      sentinels: [...nodes],
      name: group ?? '',
      role,
      sentinelRetryStrategy: () => null,
      ...(sentinelPassword !== undefined && { sentinelPassword }),
      retryStrategy: again,
    });
  }
  const [node] = nodes;
  return new ioredis.Redis({ ...manners, ...node, db, retryStrategy: again });
}
