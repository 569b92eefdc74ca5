import { JobctlError } from '../../domain/errors.ts';
import type { Schedules } from '../../domain/schedule.ts';
import type { Db, Writer } from './connection.ts';
import type { Dialect, DialectSchedules } from './dialect.ts';
import { isRetryable, isServerAnswer, toJobctlError } from './errors.ts';
import { begin } from './transaction.ts';

/** Each deed in one transaction: a schedule and what it has added are changed together, or nothing is. */
export function scheduling(dialect: Dialect, ops: DialectSchedules, writer: () => Promise<Writer>): Schedules {
  const within = async <T>(work: (db: Db) => Promise<T>): Promise<T> => {
    let sent = false;
    try {
      const transaction = await begin(await writer(), dialect.schema);
      try {
        const answer = await work(transaction);
        sent = true;
        await transaction.commit();
        return answer;
      } finally {
        await transaction.rollback();
      }
    } catch (error) {
      // only an answer to the last word that never came leaves anything open
      throw sent && !isServerAnswer(error) ? toJobctlError(error, dialect.info.where) : undone(error, dialect);
    }
  };
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

/** The server took the transaction back: whoever reads this knows that nothing was changed. */
function undone(error: unknown, { info }: Dialect): Error {
  const told = toJobctlError(error, info.where);
  if (error instanceof JobctlError || !isServerAnswer(error)) return told;
  const next = told instanceof JobctlError ? told.next : [];
  return new JobctlError(isRetryable(error) ? 'stale' : 'refused', told.message, { next, cause: error });
}
