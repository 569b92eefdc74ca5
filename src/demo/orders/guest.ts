import { startProcess } from '../demo-process.ts';
import { type Guest, isInstalled } from '../guest.ts';
import { REGION } from './server.ts';

/** Amazon SQS, as an emulator on this machine plays it: orders, and their dead-letter queue. */
export const orders: Guest = {
  name: 'sqs',
  title: 'Amazon SQS (an emulator)',
  queue: 'orders',
  missing: async () => (isInstalled('fauxqs') ? undefined : 'the package fauxqs is not installed (npm install fauxqs)'),
  async serve(folder) {
    const started = await startProcess(folder, 'sqs', new URL('./server-main.ts', import.meta.url), []);
    return { server: started.process, url: started.url ?? '' };
  },
  fill: async (url) => (await import('./incident.ts')).seedOrders(url),
  work: async (folder, url) =>
    (await startProcess(folder, 'sqs-worker', new URL('./worker-main.ts', import.meta.url), [url])).process,
  variables: (url) => ({
    JOBCTL_URL: `sqs://${REGION}`,
    AWS_ENDPOINT_URL_SQS: url,
    AWS_ACCESS_KEY_ID: 'demo',
    AWS_SECRET_ACCESS_KEY: 'demo',
  }),
};
