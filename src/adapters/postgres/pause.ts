import type { PauseState, Pauses } from '../../domain/pause.ts';
import { atOnce } from './at-once.ts';
import type { Connections } from './connection.ts';
import type { Dialect, DialectPause } from './dialect.ts';
import { toJobctlError } from './errors.ts';

/** Written in a transaction of its own, then read again. */
export function pausing(dialect: Dialect, ops: DialectPause, connections: Connections): Pauses {
  const look = async (queue: string): Promise<PauseState> => {
    try {
      return await ops.look(connections.reader, queue);
    } catch (error) {
      throw toJobctlError(error, dialect.info.where);
    }
  };
  const set = async (queue: string, paused: boolean, found?: PauseState['found']): Promise<PauseState> => {
    await atOnce(
      dialect,
      () => connections.writer(),
      (db) => ops.set(db, queue, paused, found),
    );
    return await look(queue);
  };
  return {
    look,
    pause: (queue) => set(queue, true),
    resume: (queue, found) => set(queue, false, found),
  };
}
