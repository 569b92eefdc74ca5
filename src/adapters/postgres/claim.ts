import type { Action, Resolution } from '../../domain/action.ts';
import type { Claim, ClaimRequest, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Writer } from './connection.ts';
import type { Dialect, Page, WriteVerb } from './dialect.ts';
import {
  codeOf,
  constraintOf,
  isRetryable,
  isServerAnswer,
  refusesOneRow,
  toJobctlError,
  UNIQUE_VIOLATION,
} from './errors.ts';
import { skipped } from './outcomes.ts';
import { begin, type Transaction } from './transaction.ts';

/** How often a batch that the server rolled back is claimed again before its jobs are reported as failed. */
const MAX_TRIES = 4;

/**
 * Walks the selection once. Each claim is one open transaction: `apply` commits it, `release` rolls it back.
 * A batch that a constraint refuses is halved down to the job that it refuses, so that the others go on; where it is a unique
 * index the batch is first tried again whole, because the dialect may see the clash by then. (Savepoints would spoil `mark`,
 * see transaction.ts.)
 */
export async function* claims(
  dialect: Dialect,
  writer: () => Promise<Writer>,
  request: ClaimRequest<Action | Resolution>,
): AsyncGenerator<Claim> {
  const { selection, action, size } = request;
  const missing = new Set(selection.ids);
  let cursor: string | undefined;
  let tries = 0;
  let limit = size;
  for (;;) {
    const transaction = await opened(dialect, writer, verbOf(action));
    let page: Page<SavedJob>;
    let rolledBack = false;
    let refusal = false;
    try {
      page = await dialect.pick(transaction, selection, limit, cursor);
      for (const { job } of page.items) missing.delete(job.id);
      if (page.items.length > 0) {
        yield claimOf(transaction, page.items, [], async (jobs) => {
          try {
            return await write(transaction, () => carryOut(dialect, transaction, action, jobs));
          } catch (error) {
            if (refusesOneRow(error) && !(isClash(error) && tries === 0)) {
              refusal = page.items.length === 1;
              if (refusal) return refused(jobs, error);
              limit = Math.ceil(page.items.length / 2);
            } else {
              tries += 1;
              if (!isRetryable(error) || tries >= MAX_TRIES) return failed(jobs, error, dialect.info.where);
            }
            rolledBack = true;
            return notApplied(jobs);
          }
        });
      }
    } catch (error) {
      throw toJobctlError(error, dialect.info.where);
    } finally {
      await transaction.rollback();
    }
    if (rolledBack) continue; // the same page once more: the clash is visible now
    tries = 0;
    if (!refusal) limit = Math.min(size, limit * 2); // where one is refused others often are: on with one at a time
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  if (missing.size > 0) yield* unheld(dialect, writer, request, [...missing]);
}

/** To mark a job takes the same rights as to edit it. */
const verbOf = ({ verb }: Action | Resolution): WriteVerb => (verb === 'resolve' ? 'edit' : verb);

async function carryOut(
  dialect: Dialect,
  transaction: Transaction,
  action: Action | Resolution,
  jobs: readonly SavedJob[],
): Promise<Outcome[]> {
  if (action.verb !== 'resolve') return await dialect.apply(transaction, action, jobs);
  if (dialect.resolve === undefined) throw new Error(`${dialect.info.name} cannot resolve`);
  return await dialect.resolve(transaction, action.note, jobs);
}

/** One last claim without jobs, for those asked for by name that no claim could hold. */
async function* unheld(
  dialect: Dialect,
  writer: () => Promise<Writer>,
  { selection, action }: ClaimRequest<Action | Resolution>,
  ids: readonly string[],
): AsyncGenerator<Claim> {
  const transaction = await opened(dialect, writer, verbOf(action));
  try {
    const skipped = await dialect.explain(transaction, selection, ids);
    if (skipped.length > 0) yield claimOf(transaction, [], skipped, async () => []);
  } catch (error) {
    throw toJobctlError(error, dialect.info.where);
  } finally {
    await transaction.rollback();
  }
}

/** A transaction for a write that this role may make at all. */
export async function opened(dialect: Dialect, writer: () => Promise<Writer>, verb: WriteVerb): Promise<Transaction> {
  try {
    const db = await writer();
    await dialect.permit(db, verb);
    return await begin(db, dialect.schema);
  } catch (error) {
    throw toJobctlError(error, dialect.info.where);
  }
}

export function claimOf(
  transaction: Transaction,
  jobs: readonly SavedJob[],
  skipped: readonly Outcome[],
  apply: (jobs: readonly SavedJob[]) => Promise<Outcome[]>,
): Claim {
  return { jobs, skipped, mark: transaction.mark, apply, release: () => transaction.rollback() };
}

/** Runs the write and commits. A refused write is rolled back here; a lost answer is thrown on, and stays in doubt. */
export async function write(transaction: Transaction, work: () => Promise<Outcome[]>): Promise<Outcome[]> {
  try {
    const outcomes = await work();
    await transaction.commit();
    return outcomes;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

/** An answered refusal is final for these jobs. Without an answer nobody knows: the error goes up and the run stops. */
export function failed(jobs: readonly SavedJob[], error: unknown, where: string): Outcome[] {
  if (!isServerAnswer(error)) throw toJobctlError(error, where);
  const { message } = toJobctlError(error, where);
  return jobs.map(({ job }) => ({
    ref: { queue: job.queue, id: job.id },
    result: 'failed',
    why: `${message} (${codeOf(error)})`,
  }));
}

const isClash = (error: unknown): boolean => codeOf(error) === UNIQUE_VIOLATION;

export const refused = (jobs: readonly SavedJob[], error: unknown): Outcome[] =>
  jobs.map((saved) =>
    isClash(error)
      ? skipped(
          saved,
          'duplicate',
          `another job has its place in the unique index ${constraintOf(error) ?? '(unnamed)'}`,
        )
      : skipped(saved, 'conflict', `the server refuses it: ${toJobctlError(error, '').message}`),
  );

export const notApplied = (jobs: readonly SavedJob[]): Outcome[] =>
  jobs.map(({ job }) => ({ ref: { queue: job.queue, id: job.id }, result: 'skipped', why: 'not-applied' }));
