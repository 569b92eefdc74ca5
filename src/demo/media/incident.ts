import { once } from 'node:events';
import { type JobsOptions, Queue, Worker } from 'bullmq';
import { type Dice, dice } from '../dice.ts';
import { draw, type Picture } from './pictures.ts';

export const QUEUE = 'thumbnail';
const TYPE = 'thumbnail.render';

/** Three attempts as the application wants them, but without the wait between them. */
const attempts: JobsOptions = { attempts: 3 };

/** Sixty thumbnails died while the picture store was down, which is mended; 31 are of a format that nobody can read yet. */
const storeDown = 60;
const unreadable = 31;

export const connectionTo = (url: string) => ({ host: '127.0.0.1', port: Number(new URL(url).port) });

/** The past is not written by hand: a worker of the library runs these jobs, and lets them die. */
export async function seedMedia(url: string): Promise<number> {
  const connection = connectionTo(url);
  const d = dice(20_260_302);
  await using queue = closing(new Queue<Picture>(QUEUE, { connection }));
  const past = shuffled<Picture>(d, [
    ...times(180, () => draw(d, 'jpeg')),
    ...times(storeDown, () => ({ ...draw(d, 'png'), storeDown: true as const })),
    ...times(unreadable, () => draw(d, 'heic')),
  ]);
  await queue.addBulk(past.map((data) => ({ name: TYPE, data, opts: attempts })));
  await runAll(url, past.length);
  const ahead = [...times(46, () => draw(d, 'jpeg')), ...times(9, () => draw(d, 'heic'))];
  await queue.addBulk([
    ...ahead.map((data) => ({ name: TYPE, data, opts: attempts })),
    ...times(6, (i) => ({ name: TYPE, data: draw(d, 'png'), opts: { ...attempts, delay: (i + 1) * 3_600_000 } })),
  ]);
  return past.length + ahead.length + 6;
}

async function runAll(url: string, count: number): Promise<void> {
  await using worker = closing(
    new Worker<Picture>(QUEUE, async ({ data }) => fail(data), { connection: connectionTo(url), concurrency: 20 }),
  );
  let open = count;
  const over = new Promise<void>((resolve) => {
    const ended = (): void => {
      open -= 1;
      if (open === 0) resolve();
    };
    worker.on('completed', ended);
    worker.on('failed', (job) => {
      if (job?.finishedOn !== undefined) ended();
    });
  });
  await Promise.race([over, once(worker, 'error').then(([error]) => Promise.reject(error))]);
}

/** What a worker did with it, then. */
function fail(picture: Picture): void {
  if (picture.format === 'heic') throw new Error(`UnsupportedFormat: cannot decode image/heic of ${picture.upload}`);
  if (picture.storeDown) throw new Error(`StoreUnavailable: the picture store answered 503 for ${picture.upload}`);
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const shuffled = <T>(d: Dice, items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: d.roll() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);

const closing = <T extends { close(): Promise<void> }>(it: T): T & AsyncDisposable =>
  Object.assign(it, { [Symbol.asyncDispose]: () => it.close() });
