import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../src/demo/postgres-server.ts';
import { startTestRedis } from './redis-start.ts';
import { startTestSqs } from './sqs-start.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** One server for the whole run; take a database of your own from test/setup/databases.ts. */
    postgresUrl: string;
    /** Likewise; take a prefix of your own from test/setup/redis.ts. */
    redisUrl: string;
    /** Likewise; take an SQS of your own from test/setup/sqs.ts. */
    sqsEndpoint: string;
  }
}

export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
  const [postgres, redis, sqs] = await Promise.all([startPostgres({ settings }), startTestRedis(), startTestSqs()]);
  project.provide('postgresUrl', postgres.url);
  project.provide('redisUrl', redis.url);
  project.provide('sqsEndpoint', sqs.endpoint);
  return async () => void (await Promise.all([postgres.stop(), redis.stop(), sqs.stop()]));
}
