import type { Enqueued, Enqueues, NewJob } from '../../domain/enqueue.ts';
import type { Writer } from './connection.ts';
import type { Dialect, DialectEnqueue } from './dialect.ts';
import { codeOf, constraintOf, isRetryable, isServerAnswer, toJobctlError, UNIQUE_VIOLATION } from './errors.ts';
import { begin } from './transaction.ts';

/** How often jobs that clash with what others add at the same moment are looked at anew. */
const MAX_TRIES = 4;

/** All jobs of a call in one transaction: they are there together, or none is. */
export function enqueueing(dialect: Dialect, ops: DialectEnqueue, writer: () => Promise<Writer>): Enqueues {
  const { ignores, refuses, batch } = ops;
  return {
    ignores,
    batch,
    ...(refuses === undefined ? {} : { refuses }),
    permit: async (queue) => {
      try {
        await dialect.permit(await writer(), 'enqueue', queue);
      } catch (error) {
        throw toJobctlError(error, dialect.info.where);
      }
    },
    enqueue: async (queue, jobs) => {
      for (let tries = 1; ; tries++) {
        const answers = await once(dialect, ops, writer, queue, jobs, tries < MAX_TRIES);
        if (answers !== undefined) return answers;
      }
    },
  };
}

/** Undefined: the server took it back, and it may be tried again. */
async function once(
  { info, schema }: Dialect,
  ops: DialectEnqueue,
  writer: () => Promise<Writer>,
  queue: string,
  jobs: readonly NewJob[],
  again: boolean,
): Promise<Enqueued[] | undefined> {
  let sent = false;
  try {
    const db = await writer();
    const transaction = await begin(db, schema);
    try {
      const answers = await ops.add(transaction, queue, jobs);
      sent = true;
      await transaction.commit();
      return answers;
    } finally {
      await transaction.rollback();
    }
  } catch (error) {
    if (again && isRetryable(error)) return undefined;
    const { message } = toJobctlError(error, info.where);
    // an answer to the last word that never came leaves it open whether they are there; before it, none is
    if (sent && !isServerAnswer(error)) return jobs.map(() => ({ result: 'unknown', why: message }));
    if (codeOf(error) === UNIQUE_VIOLATION && jobs.length === 1)
      return [{ result: 'duplicate', why: `another job has its place in the unique index ${constraintOf(error)}` }];
    return jobs.map(() => ({
      result: 'failed',
      why: codeOf(error) === undefined ? message : `${message} (${codeOf(error)})`,
    }));
  }
}
