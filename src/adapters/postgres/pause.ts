import type { PauseState, Pauses } from '../../domain/pause.ts';
import type { Connections } from './connection.ts';
import type { Dialect, DialectPause } from './dialect.ts';
import { toJobctlError } from './errors.ts';
import { begin } from './transaction.ts';

/** Written in a transaction of its own, then read again. */
export function pausing(dialect: Dialect, ops: DialectPause, connections: Connections): Pauses {
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toJobctlError(error, dialect.info.where);
    }
  };
  const look = (queue: string): Promise<PauseState> => asked(() => ops.look(connections.reader, queue));
  const set = (queue: string, paused: boolean, found?: PauseState['found']): Promise<PauseState> =>
    asked(async () => {
      const transaction = await begin(await connections.writer(), dialect.schema);
      try {
        await ops.set(transaction, queue, paused, found);
        await transaction.commit();
      } finally {
        await transaction.rollback();
      }
      return await look(queue);
    });
  return {
    look,
    pause: (queue) => set(queue, true),
    resume: (queue, found) => set(queue, false, found),
  };
}
