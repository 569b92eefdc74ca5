import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenIntent, SavedJob } from '../../domain/claim.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Db, Writer } from './connection.ts';
import type { Dialect, Standing } from './dialect.ts';
import { codeOf, toJobctlError } from './errors.ts';
import { begin } from './transaction.ts';

/** The server notices a dead client when it next reads from or writes to it; give it this long to roll back. */
const PATIENCE_MS = 30_000;
const POLL_MS = 100;

/**
 * Asks the server what became of a transaction whose answer we never saw. `txid_status` knows for certain as long as the
 * transaction is recent; past that the rows themselves must tell.
 */
export async function settle(dialect: Dialect, writer: () => Promise<Writer>, intent: OpenIntent): Promise<Outcome[]> {
  try {
    const db = await writer();
    const fate = await fateOf(db, intent.mark);
    if (fate === 'aborted') return intent.jobs.map((item) => outcome(item.job, 'not-applied'));
    const transaction = await begin(db, dialect.schema);
    const now = await compared(dialect, transaction, intent.jobs).finally(transaction.rollback);
    return intent.jobs.map((item) => verdict(intent.action, item.job, fate, now.get(item) ?? 'missing'));
  } catch (error) {
    throw toJobctlError(error, dialect.info.where);
  }
}

/** Queue by queue: an id may be unique only within its own. */
async function compared(dialect: Dialect, db: Db, saved: readonly SavedJob[]): Promise<Map<SavedJob, Standing>> {
  const found = new Map<SavedJob, Standing>();
  for (const jobs of Map.groupBy(saved, ({ job }) => job.queue).values()) {
    const now = await dialect.compare(db, jobs);
    for (const item of jobs) found.set(item, now.get(item.job.id) ?? 'missing');
  }
  return found;
}

function verdict(action: OpenIntent['action'], job: JobRef, fate: string | undefined, there: Standing): Outcome {
  if (fate === 'in progress') return unknown(job, 'The old transaction is still open on the server.');
  const untouched = action === 'restore' ? there === 'missing' : there === 'same';
  // a job that is there was not removed, whatever happened to it since: no id is ever given twice
  if (untouched || (action === 'remove' && there !== 'missing')) return outcome(job, 'not-applied');
  if (fate === 'committed' || proves(action, there)) return outcome(job, 'done');
  return unknown(job, 'It is too long ago for the server to know: compare the job with the backup.');
}

/** Whether what stands there says by itself that the write took place; a replayed job may have gone on to anything. */
const proves = (action: OpenIntent['action'], there: Standing): boolean =>
  (action === 'remove' && there === 'missing') || (action === 'restore' && there !== 'different');

async function fateOf(db: Db, mark: string): Promise<string | undefined> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const fate = await statusOf(db, mark);
    if (fate !== 'in progress' || performance.now() > deadline) return fate;
    await sleep(POLL_MS);
  }
}

/** Undefined for a transaction that the server has forgotten, or that is none of this server's. */
async function statusOf(db: Db, mark: string): Promise<string | undefined> {
  try {
    const [row] = await db.query<{ fate: string | null }>('SELECT txid_status($1::bigint) AS fate', [mark]);
    return row?.fate ?? undefined;
  } catch (error) {
    if (codeOf(error) === '22023') return undefined; // "in the future": the database was replaced meanwhile
    throw error;
  }
}

const refOf = ({ queue, id }: JobRef): JobRef => ({ queue, id });
const unknown = (job: JobRef, why: string): Outcome => ({ ref: refOf(job), result: 'unknown', why });
const outcome = (job: JobRef, what: 'done' | 'not-applied'): Outcome =>
  what === 'done' ? { ref: refOf(job), result: 'done' } : { ref: refOf(job), result: 'skipped', why: 'not-applied' };
