import type { QueueReader, Statement, Worker } from '../../domain/adapter.ts';

/** The reading half alone, as a plain object that a wrapper can build on. */
export const asReader = (reader: QueueReader): QueueReader => ({
  backend: reader.backend,
  reads: reader.reads,
  pushes: reader.pushes,
  now: () => reader.now(),
  queues: () => reader.queues(),
  stats: (request) => reader.stats(request),
  count: (selection) => reader.count(selection),
  browse: (selection, options) => reader.browse(selection, options),
  find: (id, queue) => reader.find(id, queue),
  ...(reader.workers === undefined ? {} : { workers: () => (reader.workers as () => Promise<Worker[]>)() }),
  ...(reader.statements === undefined ? {} : { statements: () => (reader.statements as () => Promise<Statement[]>)() }),
  close: () => reader.close(),
});
