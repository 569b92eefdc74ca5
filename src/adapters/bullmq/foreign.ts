import { JobctlError } from '../../domain/errors.ts';
import type { Command, Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';
import { stateSets } from './sets.ts';

/** Where several queues are read at once, the server does not say which key it refused: the keys of another kind are named. */
export async function naming<T>(
  connection: Connection,
  queues: readonly QueueKeys[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (!(cause instanceof Error) || !cause.message.startsWith('WRONGTYPE')) throw error;
    const wanted = queues.flatMap((keys) => [
      { queue: keys.queue, key: keys.meta, kind: 'hash' },
      ...stateSets.map((set) => ({ queue: keys.queue, key: set.key(keys), kind: set.kind as string })),
    ]);
    const kinds = await connection.many(wanted.map(({ key }): Command => ['TYPE', key]));
    const foreign = wanted.filter(({ kind }, index) => !['none', kind].includes(String(kinds[index])));
    const [first] = foreign;
    if (first === undefined) throw error;
    const sound = queues.map(({ queue }) => queue).filter((queue) => foreign.every((one) => one.queue !== queue));
    throw new JobctlError(
      'unsupported',
      `${first.key} at ${connection.where} is a key of another kind: it is not BullMQ's, and ${first.queue} cannot be read.`,
      {
        next: [
          ...(sound.length > 0 ? [`jobctl stats ${sound.slice(0, SHOWN).join(' ')}   # the others`] : []),
          `Another program uses the same prefix and name: redis-cli TYPE ${first.key}`,
        ],
        cause: error,
      },
    );
  }
}

const SHOWN = 20;
