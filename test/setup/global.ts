import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../src/demo/postgres-server.ts';
import type { RedisServer } from '../../src/demo/redis-server.ts';
import { JobctlError } from '../../src/domain/errors.ts';
import { startTestRedis } from './redis-start.ts';
import { startTestSqs } from './sqs-start.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** One server for the whole run; take a database of your own from test/setup/databases.ts. */
    postgresUrl: string;
    /** Likewise; take a prefix of your own from test/setup/redis.ts. Empty where there is none: then every test of it fails. */
    redisUrl: string;
    /** Likewise; take an SQS of your own from test/setup/sqs.ts. */
    sqsEndpoint: string;
  }
}

export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
  const [postgres, redis, sqs] = await Promise.all([startPostgres({ settings }), redisOrNone(), startTestSqs()]);
  project.provide('postgresUrl', postgres.url);
  project.provide('redisUrl', redis?.url ?? '');
  project.provide('sqsEndpoint', sqs.endpoint);
  return async () => void (await Promise.all([postgres.stop(), redis?.stop(), sqs.stop()]));
}

/** Without a Redis the tests of the other backends still tell something; the run is red all the same. */
const redisOrNone = (): Promise<RedisServer | undefined> =>
  startTestRedis().catch((error: unknown) => {
    if (!(error instanceof JobctlError)) throw error;
    console.error([error.message, ...error.next].join('\n'));
    return undefined;
  });
