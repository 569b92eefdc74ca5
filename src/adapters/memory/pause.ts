import type { PauseState, Pauses } from '../../domain/pause.ts';
import type { Connection } from './connection.ts';

const means = ['queue flag'];

export const pauses = (connection: Connection): Pauses => {
  const look = async (queue: string): Promise<PauseState> => {
    const paused = connection.use().paused.has(queue);
    return { paused, found: { paused }, means };
  };
  return {
    look,
    pause: async (queue) => {
      connection.useToWrite([queue]).paused.add(queue);
      return await look(queue);
    },
    resume: async (queue, found) => {
      const { paused } = connection.useToWrite([queue]);
      if (found?.['paused'] !== true) paused.delete(queue);
      return await look(queue);
    },
  };
};
