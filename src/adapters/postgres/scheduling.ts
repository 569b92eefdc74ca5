import type { Schedules } from '../../domain/schedule.ts';
import { atOnce } from './at-once.ts';
import type { Db, Writer } from './connection.ts';
import type { Dialect, DialectSchedules } from './dialect.ts';

/** A schedule and what it has added are changed together, or nothing is. */
export function scheduling(dialect: Dialect, ops: DialectSchedules, writer: () => Promise<Writer>): Schedules {
  const within = <T>(work: (db: Db) => Promise<T>): Promise<T> => atOnce(dialect, writer, work);
  return {
    ...(ops.pausable === undefined ? {} : { pausable: ops.pausable }),
    pause: (...given) => within((db) => ops.pause(db, ...given)),
    resume: (...given) => within((db) => ops.resume(db, ...given)),
    run: (...given) => within((db) => ops.run(db, ...given)),
    save: (...given) => within((db) => ops.save(db, ...given)),
    remove: (...given) => within((db) => ops.remove(db, ...given)),
    put: (...given) => within((db) => ops.put(db, ...given)),
  };
}
