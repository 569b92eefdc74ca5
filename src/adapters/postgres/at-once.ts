import { JobctlError } from '../../domain/errors.ts';
import type { Db, Writer } from './connection.ts';
import type { Dialect } from './dialect.ts';
import { isRetryable, isServerAnswer, toJobctlError } from './errors.ts';
import { begin } from './transaction.ts';

/** One deed in one transaction. Rejects with `refused` or `stale` where nothing was changed; after anything else nobody knows. */
export async function atOnce<T>(
  dialect: Dialect,
  writer: () => Promise<Writer>,
  work: (db: Db) => Promise<T>,
): Promise<T> {
  let sent = false;
  try {
    const transaction = await begin(await writer(), dialect.schema);
    try {
      const answer = await work(transaction).catch((error: unknown) => {
        throw forbidden(error);
      });
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
}

/** A right that the dialect itself found missing: as little was changed as where the server says so. */
const forbidden = (error: unknown): unknown =>
  error instanceof JobctlError && error.kind === 'unreachable'
    ? new JobctlError('refused', error.message, { next: error.next, cause: error })
    : error;

/** The server took the transaction back: whoever reads this knows that nothing was changed. */
function undone(error: unknown, { info }: Dialect): Error {
  const told = toJobctlError(error, info.where);
  if (error instanceof JobctlError || !isServerAnswer(error)) return told;
  const next = told instanceof JobctlError ? told.next : [];
  return new JobctlError(isRetryable(error) ? 'stale' : 'refused', told.message, { next, cause: error });
}
