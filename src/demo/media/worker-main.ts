/** The process of `jobctl demo up` that renders thumbnails, and keeps adding some. Arguments: the demo's folder, and where Redis is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { tellReady } from '../demo-process.ts';
import { dice } from '../dice.ts';
import { connectionTo, QUEUE } from './incident.ts';
import { draw, type Picture } from './pictures.ts';

const [, , , url = ''] = process.argv;
/** A demo that was forgotten must not fill the memory. */
const MOST_WAITING = 2000;
const KEPT = { removeOnComplete: { count: 1000 } };

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

const connection = connectionTo(url);
const queue = new Queue<Picture>(QUEUE, { connection });
const worker = new Worker<Picture>(
  QUEUE,
  async ({ data }) => {
    await sleep(400);
    if (data.format === 'heic') throw new Error(`UnsupportedFormat: cannot decode image/heic of ${data.upload}`);
  },
  { connection, concurrency: 2 },
);
// without its server there is nothing to do, and the library would try for ever
queue.on('error', () => process.exit(1));
worker.on('error', () => process.exit(1));

await worker.waitUntilReady();
await tellReady();
const d = dice(Date.now());
while (!stop.signal.aborted) {
  await sleep(700, undefined, { signal: stop.signal }).catch(() => {}); // woken up to stop
  if (stop.signal.aborted || (await queue.getWaitingCount()) >= MOST_WAITING) continue;
  await queue.add('thumbnail.render', draw(d, d.roll() < 0.1 ? 'heic' : 'jpeg'), { attempts: 3, ...KEPT });
}
await worker.close(true);
await queue.close();
process.exit();
