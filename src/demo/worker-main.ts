/**
 * The process of `jobctl demo up` that works off the queues and keeps filling them. Arguments: the demo's folder, so that
 * everybody can see whose process this is, and the database's URL.
 */
import pg from 'pg';
import { tellReady } from './demo-process.ts';
import { dice } from './dice.ts';
import { handlers } from './handlers.ts';
import { keepShopOpen } from './shop.ts';
import { runWorker } from './worker.ts';

const [, , , url = ''] = process.argv;
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);
const db = new pg.Pool({ connectionString: url, max: 1, application_name: 'jobctl demo shop' });
db.on('error', () => {}); // an idle connection that the server ended: the next query tells

const crew = { email: 4, webhook: 2, export: 1 };

/** The worker that crashed stays in the table of workers as evidence, though it has been silent for longer than they allow. */
const stalledAfterMs = 86_400_000;

try {
  await db.query('SELECT 1');
  await tellReady();
  log(`working on ${Object.keys(crew).join(', ')}`);
  const work = Object.entries(crew).map(([queue, concurrency]) =>
    runWorker({
      url,
      queues: [queue],
      concurrency,
      handlers: handlers(stop.signal),
      pollMs: 1000,
      stalledAfterMs,
      log: (line) => log(`${queue}: ${line}`),
      signal: stop.signal,
    }),
  );
  await Promise.all([...work, keepShopOpen(db, dice(Date.now()), stop.signal)]);
  log('stopped');
} catch (error) {
  log(`ended by an error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
  stop.abort();
} finally {
  await db.end();
}
