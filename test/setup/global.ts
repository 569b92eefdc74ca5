import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../src/demo/postgres-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** One server for the whole run; take a database of your own from test/setup/databases.ts. */
    postgresUrl: string;
  }
}

export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
  const server = await startPostgres({ settings });
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
