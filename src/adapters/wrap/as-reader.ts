import type { QueueReader } from '../../domain/adapter.ts';

/** The reading half alone, as a plain object that a wrapper can build on. */
export function asReader(reader: QueueReader): QueueReader {
  const { queueNamed, heldByOthers, workers, schedules, statements } = reader;
  return {
    backend: reader.backend,
    reads: reader.reads,
    pushes: reader.pushes,
    now: () => reader.now(),
    queues: () => reader.queues(),
    stats: (request) => reader.stats(request),
    count: (selection) => reader.count(selection),
    browse: (selection, options) => reader.browse(selection, options),
    find: (id, queue) => reader.find(id, queue),
    ...(queueNamed === undefined ? {} : { queueNamed: (asked) => queueNamed.call(reader, asked) }),
    ...(heldByOthers === undefined ? {} : { heldByOthers: (selection) => heldByOthers.call(reader, selection) }),
    ...(workers === undefined ? {} : { workers: () => workers.call(reader) }),
    ...(schedules === undefined ? {} : { schedules: (queues) => schedules.call(reader, queues) }),
    ...(statements === undefined ? {} : { statements: () => statements.call(reader) }),
    close: () => reader.close(),
  };
}
