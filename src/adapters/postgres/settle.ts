import type { OpenIntent } from '../../domain/adapter.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Db } from './connection.ts';
import type { Dialect } from './dialect.ts';
import { toJobctlError } from './errors.ts';
import { begin } from './transaction.ts';

/** The server notices a dead client when it next reads from or writes to it; give it this long to roll back. */
const PATIENCE_MS = 30_000;
const POLL_MS = 100;

/**
 * Asks the server what became of a transaction whose answer we never saw. `txid_status` knows for certain as long as the
 * transaction is recent; past that the rows themselves must tell.
 */
export async function settle(dialect: Dialect, writer: () => Promise<Db>, intent: OpenIntent): Promise<Outcome[]> {
  try {
    const db = await writer();
    const fate = await fateOf(db, intent.mark);
    if (fate === 'aborted') return intent.jobs.map((item) => outcome(item.job, 'not-applied'));
    const transaction = await begin(db, dialect.schema);
    const now = await dialect.compare(transaction, intent.jobs).finally(transaction.rollback);
    return intent.jobs.map(({ job }) => {
      const there = now.get(job.id) ?? 'missing';
      if (fate === 'in progress') return { ref: ref(job), result: 'unknown', why: 'the old transaction is still open on the server' };
      const untouched = intent.action === 'restore' ? there === 'missing' : there === 'same';
      if (untouched) return outcome(job, 'not-applied');
      if (fate === 'committed' || there !== 'different') return outcome(job, 'done');
      return { ref: ref(job), result: 'unknown', why: 'too long ago for the server to know; compare the job with the backup' };
    });
  } catch (error) {
    throw toJobctlError(error, dialect.info.where);
  }
}

async function fateOf(db: Db, mark: string): Promise<string | undefined> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const [row] = await db.query<{ fate: string | null }>('SELECT txid_status($1::bigint) AS fate', [mark]);
    if (row?.fate !== 'in progress') return row?.fate ?? undefined;
    if (Date.now() > deadline) return 'in progress';
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const ref = (job: { queue: string; id: string }) => ({ queue: job.queue, id: job.id });
const outcome = (job: { queue: string; id: string }, what: 'done' | 'not-applied'): Outcome =>
  what === 'done' ? { ref: ref(job), result: 'done' } : { ref: ref(job), result: 'skipped', why: 'not-applied' };
