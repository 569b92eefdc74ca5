import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Selection } from '../domain/selection.ts';
import { noOtherQueue } from '../operations/engine.ts';
import { knownQueues } from './session.ts';

/** More ids than this without their queue would be a look-up each. */
const LOOK_UP = 200;

export interface Target {
  readonly queue?: string | undefined;
  readonly allQueues?: boolean | undefined;
  readonly id?: readonly string[] | undefined;
}

/** The queues a write is about: the one named, all of them only when that is said, or those of the ids. */
export async function targetQueues(reader: QueueReader, { queue, allQueues, id }: Target): Promise<string[]> {
  if (queue !== undefined && allQueues) {
    throw new JobctlError('usage', 'A queue and --all-queues exclude each other.', { next: ['Give one of them.'] });
  }
  if (queue !== undefined) return await knownQueues(reader, [queue]);
  if (allQueues) return await knownQueues(reader, []);
  const ids = id?.filter((one) => one !== '-') ?? [];
  if (ids.length === 0 || ids.length > LOOK_UP || ids.length < (id?.length ?? 0)) {
    throw new JobctlError('usage', 'Which queue? A write is about one queue unless you say otherwise.', {
      next: ['Name it after the command, or give --all-queues.', 'jobctl stats   # lists the queues'],
    });
  }
  const found = await Promise.all(ids.map((one) => reader.find(one)));
  const queues = [...new Set(found.flatMap((detail) => (detail === undefined ? [] : [detail.job.queue])))];
  if (queues.length > 0) return queues;
  throw new JobctlError('usage', `There is no job ${ids.join(', ')} in ${reader.backend.where}.`, {
    next: ['jobctl job list'],
  });
}

/** Where a replay is to send to; nothing without --to. */
export async function destinationOf(
  reader: QueueReader,
  of: Pick<Selection, 'queues' | 'takenForDead'>,
  to: string | undefined,
): Promise<{ readonly to?: string }> {
  if (to === undefined) return {};
  if (reader.destination === undefined) throw noOtherQueue(reader.backend.name);
  return { to: await reader.destination(of, to) };
}

/** The queues named after a command, each once; at least one. */
export async function namedQueues(reader: QueueReader, names: readonly string[]): Promise<string[]> {
  if (names.length > 0) return await knownQueues(reader, [...new Set(names)]);
  throw new JobctlError('usage', 'Which queue?', {
    next: ['Name it after the command.', 'jobctl stats   # lists the queues'],
  });
}
