import { join } from 'node:path';
import { identityOf } from '../../safety/process-identity.ts';
import { logOf, startProcess } from '../demo-process.ts';
import { type Guest, isInstalled } from '../guest.ts';
import { findRedis, startRedis } from '../redis-server.ts';

/** BullMQ: thumbnails of uploaded pictures, on a Redis of its own. */
export const media: Guest = {
  name: 'bullmq',
  title: 'BullMQ',
  queue: 'thumbnail',
  async missing() {
    if ((await findRedis()) === undefined)
      return 'there is no redis-server on this machine (apt-get install redis-server)';
    return isInstalled('bullmq') ? undefined : 'the package bullmq is not installed';
  },
  async serve(folder) {
    const { pid, url } = await startRedis({
      dataDir: join(folder, 'redis'),
      logFile: logOf(folder, 'redis'),
      detached: true,
    });
    return { server: await identityOf(pid), url };
  },
  fill: async (url) => (await import('./incident.ts')).seedMedia(url),
  work: async (folder, url) =>
    (await startProcess(folder, 'bullmq-worker', new URL('./worker-main.ts', import.meta.url), [url])).process,
  variables: (url) => ({ JOBCTL_URL: url }),
};
