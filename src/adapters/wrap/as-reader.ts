import type { QueueReader } from '../../domain/adapter.ts';

/** The reading half alone, as a plain object that a wrapper can build on. */
export function asReader(reader: QueueReader): QueueReader {
  const {
    queueNamed,
    pain,
    heldByOthers,
    unmet,
    destination,
    cautions,
    workers,
    schedules,
    statements,
    lacksRight,
    identity,
    scales,
    findings,
    logs,
    measures,
  } = reader;
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
    ...(unmet === undefined ? {} : { unmet: (selection) => unmet.call(reader, selection) }),
    ...(destination === undefined ? {} : { destination: (queues, to) => destination.call(reader, queues, to) }),
    ...(cautions === undefined ? {} : { cautions: (selection, verb) => cautions.call(reader, selection, verb) }),
    ...(workers === undefined ? {} : { workers: () => workers.call(reader) }),
    ...(schedules === undefined ? {} : { schedules: (queues) => schedules.call(reader, queues) }),
    ...(measures === undefined ? {} : { measures }),
    ...(scales === undefined ? {} : { scales: (queue) => scales.call(reader, queue) }),
    ...(findings === undefined ? {} : { findings: (queues) => findings.call(reader, queues) }),
    ...(logs === undefined ? {} : { logs: (request) => logs.call(reader, request) }),
    ...(pain === undefined ? {} : { pain: () => pain.call(reader) }),
    ...(statements === undefined ? {} : { statements: () => statements.call(reader) }),
    ...(lacksRight === undefined ? {} : { lacksRight: (deed) => lacksRight.call(reader, deed) }),
    ...(identity === undefined ? {} : { identity: () => identity.call(reader) }),
    close: () => reader.close(),
  };
}
