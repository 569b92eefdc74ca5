import type { PutBack } from '../../domain/action.ts';
import type { Claim, Returns, SavedJob } from '../../domain/claim.ts';
import { claimOf, failed, notApplied, opened, refused, write } from './claim.ts';
import type { Writer } from './connection.ts';
import type { Dialect, WriteVerb } from './dialect.ts';
import { refusesOneRow, toJobctlError } from './errors.ts';
import { settle } from './settle.ts';
import type { Transaction } from './transaction.ts';

/** `restore`: jobs that are gone. */
export const restoring = (dialect: Dialect, writer: () => Promise<Writer>): Returns => ({
  settle: (intent) => settle(dialect, writer, intent),
  hold: (saved, how) =>
    holding(dialect, writer, 'restore', async (transaction) => {
      const held = await dialect.holdForRestore(transaction, saved, how);
      return claimOf(transaction, held.jobs, held.skipped, (jobs) =>
        applied(dialect, jobs, () => write(transaction, () => dialect.restore(transaction, jobs, how))),
      );
    }),
});

/** `revert`: jobs that are there, and that nobody touched since our own write. */
export const reverting = (dialect: Dialect, writer: () => Promise<Writer>): Returns => ({
  settle: (intent) => settle(dialect, writer, intent),
  hold: (saved, _how: PutBack, mark) =>
    holding(dialect, writer, 'revert', async (transaction) => {
      const held = await dialect.holdForRevert(transaction, saved, mark);
      const before = new Map(saved.map((item) => [item.job.id, item]));
      const back = (jobs: readonly SavedJob[]): SavedJob[] => jobs.map((item) => before.get(item.job.id) ?? item);
      return claimOf(transaction, held.jobs, held.skipped, (jobs) =>
        applied(dialect, jobs, () => write(transaction, () => dialect.revert(transaction, back(jobs)))),
      );
    }),
});

async function holding(
  dialect: Dialect,
  writer: () => Promise<Writer>,
  verb: WriteVerb,
  work: (transaction: Transaction) => Promise<Claim>,
): Promise<Claim> {
  const transaction = await opened(dialect, writer, verb);
  try {
    return await work(transaction);
  } catch (error) {
    await transaction.rollback();
    throw toJobctlError(error, dialect.info.where);
  }
}

async function applied(
  dialect: Dialect,
  jobs: readonly SavedJob[],
  work: () => ReturnType<Claim['apply']>,
): ReturnType<Claim['apply']> {
  try {
    return await work();
  } catch (error) {
    if (!refusesOneRow(error)) return failed(jobs, error, dialect.info.where);
    return jobs.length === 1 ? refused(jobs, error) : notApplied(jobs);
  }
}
